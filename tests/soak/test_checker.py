"""The checker is shown planted lies: it must find each kind of them, and nothing in an honest world."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.faults.lives import Life
from tests.faults.sentinel import FINALIZER, Lie
from tests.soak import checker
from tests.soak.estate import Estate
from tests.support.kube import Body

_UIDS = {
    name: str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("gpu", "evening", "pool", "pool-x", "job", "job-1")
}
_NOON = datetime(2026, 1, 1, 12, 15, tzinfo=UTC)
_OPEN_AT_NOON = {"start": "0 * * * *", "stop": "30 * * * *"}
_CLOSED_AT_NOON = {"start": "40 * * * *", "stop": "5 * * * *"}


def _name(uid: str) -> str:
    return f"nvo-abcdefgh-{base64.b32encode(uuid.UUID(uid).bytes).decode().rstrip('=').lower()}"


def _life(owner: str, *, billing: bool = True, deleted: float | None = None) -> Life:
    uid = _UIDS[owner]
    billed = ((0.0, 10.0),)
    return Life(
        f"id-{owner}", _name(uid), 1, False, 0.0, deleted, deleted, billed, Decimal("0.35"), billing, Decimal(1)
    )


def _condition(kind: str, reason: str, status: str = "True") -> Body:
    return {"type": kind, "status": status, "reason": reason, "message": ""}


def _instance(name: str, *, reason: str = "Ready", owner: str | None = None, **spec: Any) -> Body:
    uid = _UIDS[name]
    metadata: Body = {"name": name, "uid": uid, "finalizers": [FINALIZER]}
    if owner is not None:
        metadata["ownerReferences"] = [{"uid": _UIDS[owner]}]
    status: Body = {
        "instanceId": f"id-{name}",
        "instanceName": _name(uid),
        "pricePerHour": "0.35",
        "cost": {"amount": "1.02"},
        "conditions": [_condition("Ready", reason)],
    }
    return {"metadata": metadata, "spec": spec, "status": status}


def _owner(name: str, **status: Any) -> Body:
    return {"metadata": {"name": name, "uid": _UIDS[name]}, "spec": {}, "status": {"conditions": [], **status}}


class _World:
    """An honest one, until somebody plants a lie."""

    def __init__(self) -> None:
        self.gpu = _instance("gpu")
        self.evening = _instance("evening", lifetime={"schedule": _OPEN_AT_NOON})
        self.member = _instance("pool-x", owner="pool")
        self.pool = _owner("pool", readyReplicas=1)
        self.job = _owner("job", conditions=[_condition("Complete", "Succeeded")])
        self.ended: Life | None = _life("job-1", billing=False, deleted=10.0)
        self.lives = {name: _life(name) for name in ("gpu", "evening", "pool-x")}
        self.own: list[Body] = [self.gpu, self.evening, self.member]

    def lies(self) -> list[Lie]:
        book: Sequence[Life] = [*self.lives.values(), *([self.ended] if self.ended is not None else [])]
        names = {uid: name for name, uid in _UIDS.items()}
        estate = Estate(self.own, (), [self.pool], [self.job], names, _NOON)
        return list(checker.lies(book, estate))

    def found(self) -> set[tuple[str, str]]:
        return {(lie.kind, lie.about) for lie in self.lies()}


def _no_finalizer(at: _World) -> None:
    at.gpu["metadata"]["finalizers"] = []


def _no_object(at: _World) -> None:
    at.own.remove(at.gpu)


def _dead(at: _World) -> None:
    at.lives["gpu"] = _life("gpu", billing=False, deleted=10.0)


def _anothers_id(at: _World) -> None:
    at.evening["status"]["instanceId"] = "id-gpu"


def _not_running(at: _World) -> None:
    at.lives["gpu"] = _life("gpu", billing=False)


def _too_many(at: _World) -> None:
    at.pool["status"]["readyReplicas"] = 2


def _member_does_not_run(at: _World) -> None:
    at.lives["pool-x"] = _life("pool-x", billing=False)


def _member_not_counted(at: _World) -> None:
    at.pool["status"]["readyReplicas"] = 0


def _never_ran(at: _World) -> None:
    at.ended = None


def _never_got_to_run(at: _World) -> None:
    assert at.ended is not None
    at.ended = replace(at.ended, billed=())


def _wrong_price(at: _World) -> None:
    at.gpu["status"]["pricePerHour"] = "0.36"


def _no_price(at: _World) -> None:
    del at.gpu["status"]["pricePerHour"]


def _wrong_name(at: _World) -> None:
    at.gpu["status"]["instanceName"] = "nvo-other"


def _wrong_cost(at: _World) -> None:
    at.gpu["status"]["cost"]["amount"] = "2.00"


def _stopped_and_billed(at: _World) -> None:
    at.gpu["status"]["conditions"] = [_condition("Ready", "Stopped")]


def _runs_outside_its_window(at: _World) -> None:
    at.evening["spec"]["lifetime"]["schedule"] = _CLOSED_AT_NOON


def _stopped_inside_its_window(at: _World) -> None:
    at.evening["status"]["conditions"] = [_condition("Ready", "Stopped")]
    at.lives["evening"] = _life("evening", billing=False)


def _never_rented_inside_its_window(at: _World) -> None:
    at.evening["status"] = {"conditions": [_condition("Ready", "Stopped")]}
    del at.lives["evening"]


def _another_of_it_is_billed(at: _World) -> None:
    _stopped_and_billed(at)
    at.gpu["status"]["instanceId"] = "id-gone"


def _stalled(at: _World) -> None:
    at.job["status"]["conditions"].append(_condition("Stalled", "InvalidSpec"))


_LIES = [
    (_no_finalizer, {("unguarded", "id-gpu")}),
    (_no_object, {("unguarded", "id-gpu")}),
    (_dead, {("untrue", _UIDS["gpu"])}),
    (_anothers_id, {("untrue", _UIDS["evening"]), ("misnamed", _UIDS["evening"])}),
    (_not_running, {("unbilled", _UIDS["gpu"])}),
    (_too_many, {("miscounted", _UIDS["pool"])}),
    (_member_does_not_run, {("miscounted", _UIDS["pool"]), ("unbilled", _UIDS["pool-x"])}),
    (_member_not_counted, {("miscounted", _UIDS["pool"])}),
    (_never_ran, {("unrun", _UIDS["job"])}),
    (_never_got_to_run, {("unrun", _UIDS["job"])}),
    (_wrong_price, {("mispriced", _UIDS["gpu"])}),
    (_no_price, {("mispriced", _UIDS["gpu"])}),
    (_wrong_name, {("misnamed", _UIDS["gpu"])}),
    (_wrong_cost, {("overcharged", _UIDS["gpu"])}),
    (_stopped_and_billed, {("billed", _UIDS["gpu"])}),
    (_runs_outside_its_window, {("closed", _UIDS["evening"])}),
    (_stopped_inside_its_window, {("kept-out", _UIDS["evening"])}),
    (_never_rented_inside_its_window, {("kept-out", _UIDS["evening"])}),
    (_another_of_it_is_billed, {("billed", _UIDS["gpu"])}),
    (_stalled, {("person", _UIDS["job"])}),
]


def test_nothing_is_found_in_an_honest_world() -> None:
    assert _World().lies() == []


@pytest.mark.parametrize(("lie", "found"), _LIES, ids=[lie.__name__.strip("_") for lie, _ in _LIES])
def test_a_planted_lie_is_found_and_nothing_else(lie: Any, found: set[tuple[str, str]]) -> None:
    at = _World()

    lie(at)

    assert at.found() == found


def test_each_kind_of_lie_is_planted_once_at_least() -> None:
    assert {kind for _, found in _LIES for kind, _ in found} == set(checker.KINDS)


def test_an_object_that_is_being_deleted_claims_nothing() -> None:
    at = _World()
    _wrong_price(at)
    at.gpu["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:00Z"

    assert at.lies() == []


@pytest.mark.parametrize("minute", [29, 30, 31, 59, 0, 1])
def test_at_the_edges_of_a_window_both_states_are_allowed(minute: int) -> None:
    running = _instance("evening", lifetime={"schedule": _OPEN_AT_NOON})
    stopped = _instance("evening", reason="Stopped", lifetime={"schedule": _OPEN_AT_NOON})
    at = _NOON.replace(minute=minute)

    for body, billing in ((running, True), (stopped, False)):
        assert list(checker.lies([_life("evening", billing=billing)], Estate([body], now=at))) == []
