"""What counts as an edit: a change of what the spec means, and not of how it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import digest
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Ended
from novita_operator.controllers.gpu_instance.action import Fail
from novita_operator.controllers.gpu_instance.policies import edits, lifetime, restarts
from novita_operator.controllers.gpu_instance.reporting.status import Pace, report
from novita_operator.controllers.gpu_instance.result import Result

SHORT: dict[str, Any] = {
    "ports": [{"port": 8888}],
    "env": [{"name": "A", "value": "1"}],
    "lifetime": {"maxSeconds": 60},
}
# As the API server stored it while the CRD had defaults inside lists.
LONG: dict[str, Any] = SHORT | {"ports": [{"port": 8888, "protocol": "HTTP"}], "gpuCount": 1, "billing": "OnDemand"}
OTHER = {
    "another port": SHORT | {"ports": [{"port": 8889}]},
    "another protocol": SHORT | {"ports": [{"port": 8888, "protocol": "TCP"}]},
    "another value": SHORT | {"env": [{"name": "A", "value": "2"}]},
    "a higher limit": SHORT | {"maxPricePerHour": "0.50"},
    "another lifetime": SHORT | {"lifetime": {"maxSeconds": 61}},
}


def _failed(spec: dict[str, Any]) -> dict[str, Any]:
    failure = restarts.failure(Fail("StartupTimeout", "It never came."), a.an_object(spec=spec), "i-1", NOON)
    return failure.to_wire()


def _ended(spec: dict[str, Any], *, with_digest: bool = True) -> dict[str, Any]:
    named = {"specDigest": digest.of(a.an_object(spec=spec).spec)} if with_digest else {}
    return {"cause": "MaxSeconds", "action": "Delete", "at": wire(ago(60)), "generation": 1} | named


def _then(spec: dict[str, Any], **status: Any) -> GPUInstance:
    """The object at its next generation."""
    return a.an_object(spec=spec, status=status, generation=2)


@pytest.mark.parametrize(("before", "after"), [(LONG, SHORT), (SHORT, LONG)], ids=["dropped", "written out"])
def test_a_default_that_is_dropped_or_written_out_rents_nothing_again(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert restarts.stands(_then(after, failure=_failed(before)), NOON)
    assert lifetime.stays_ended(_then(after, ended=_ended(before)), NOON)


@pytest.mark.parametrize("after", OTHER.values(), ids=OTHER)
def test_any_edit_asks_for_another_try(after: dict[str, Any]) -> None:
    assert not restarts.stands(_then(after, failure=_failed(LONG)), NOON)
    assert not lifetime.stays_ended(_then(after, ended=_ended(LONG)), NOON)


def test_a_record_of_an_earlier_version_counts_for_its_generation_alone() -> None:
    old = _ended(LONG, with_digest=False)

    assert lifetime.stays_ended(a.an_object(spec=LONG, status={"ended": old}), NOON)
    assert not lifetime.stays_ended(_then(SHORT, ended=old), NOON)


def test_a_record_of_an_earlier_version_gets_its_digest_while_its_generation_tells_the_same() -> None:
    old = Ended.model_validate(_ended(LONG, with_digest=False))

    carried = edits.carried(old, a.an_object(spec=LONG))

    assert carried is not None
    assert carried.spec_digest == digest.of(a.an_object(spec=SHORT).spec)
    assert edits.carried(old, _then(SHORT)) == old
    assert edits.carried(None, a.an_object()) is None


def test_a_record_goes_along_with_the_generations_that_ask_for_the_same() -> None:
    """An earlier version, after a rollback, knows nothing but the generation."""
    carried = edits.carried(Ended.model_validate(_ended(LONG)), _then(SHORT))

    assert carried == Ended.model_validate(_ended(LONG) | {"generation": 2})


def test_an_edit_that_is_taken_back_is_an_edit_too() -> None:
    edited = edits.carried(Ended.model_validate(_ended(LONG)), _then(OTHER["a higher limit"]))
    assert edited is not None

    back = a.an_object(spec=LONG, status={"ended": edited.to_wire()}, generation=3)

    assert not lifetime.stays_ended(back, NOON)


@pytest.mark.parametrize("record", ["ended", "failure"])
def test_each_record_in_the_status_gets_its_digest(record: str) -> None:
    failure, ended = _failed(LONG), _ended(LONG, with_digest=False)
    failure.pop("specDigest")
    kept = {"ended": ended, "failure": failure}[record]
    seen = a.an_observation(a.an_object(spec=LONG, status={record: kept}))

    reported = report(seen, Result(), NOON, Pace(600, timedelta(seconds=30))).status

    assert reported[record] == kept | {"specDigest": digest.of(a.an_object(spec=SHORT).spec)}


def test_a_digest_fits_into_the_schema_and_names_no_value() -> None:
    named = digest.of(a.an_object(spec=SHORT | {"env": [{"name": "A", "value": "canary-7"}]}).spec)

    assert named.isalnum()
    assert len(named) <= 16
