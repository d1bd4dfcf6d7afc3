"""How far the machine of a run is, and what is said of its price, its time and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON

from novita_operator.plugin.run import progress, telling
from novita_operator.plugin.run.progress import Hopeless, Progress, Usable, Waiting

_CONNECTION = {"ssh": "ssh -p 22 root@host", "secretRef": {"name": "gpu-connection"}}
_KEY = {"hostKey": {"fingerprint": "SHA256:abc"}}


def _condition(kind: str, status: str, reason: str, message: str = "as it is", generation: int = 1) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": a.wire(NOON),
        "observedGeneration": generation,
    }


_READY = _condition("Ready", "True", "Ready")
_STARTING = _condition("Ready", "False", "Pulling", "pulls")


def _of(*, without_host_key: bool = False, **status: Any) -> Progress:
    return progress.of(a.an_object(status=status), without_host_key=without_host_key)


def test_nobody_has_looked_at_it() -> None:
    assert isinstance(_of(), Waiting)


def test_it_is_on_its_way() -> None:
    assert _of(conditions=[_STARTING]) == Waiting("pulls")


def test_it_is_usable_once_its_host_key_is_recorded_too() -> None:
    ready = {"conditions": [_READY], "connection": _CONNECTION}

    assert _of(**ready) == Waiting("It runs; its ssh host key is not recorded yet.", ready=True)
    assert _of(**ready, without_host_key=True) == Usable("as it is")
    assert _of(conditions=[_READY], connection=_CONNECTION | _KEY) == Usable("as it is")


@pytest.mark.parametrize("reason", ["Stopped", "Ended"])
def test_ready_for_another_reason_is_not_usable(reason: str) -> None:
    found = _of(conditions=[_condition("Ready", "True", reason)], connection=_CONNECTION | _KEY)

    assert isinstance(found, Waiting)


def test_what_is_stalled_or_ended_or_deleted_is_hopeless_and_says_why() -> None:
    stalled = _condition("Stalled", "True", "PriceAboveLimit", "too dear")
    ended = {"cause": "Idle", "action": "Delete", "at": a.wire(NOON), "generation": 1}

    assert _of(conditions=[_STARTING, stalled]) == Hopeless("too dear")
    assert _of(conditions=[_condition("Ready", "False", "Ended", "over")], ended=ended) == Hopeless("over")


def test_its_price_is_told_once_it_is_rented() -> None:
    product = {"id": "p-1", "name": "RTX 4090 24GB"}
    rented = {"instanceId": "i-1", "product": product, "region": "CN-HK-01", "pricePerHour": "0.70"}

    assert telling.price(a.an_object(status={})) is None
    assert telling.price(a.an_object(status=rented)) == "1x RTX 4090 24GB in CN-HK-01 (OnDemand): 0.70 USD/h."


def test_the_bill_carries_the_cost_on_to_the_end() -> None:
    status = {
        "createdAt": a.wire(NOON),
        "pricePerHour": "0.60",
        "novitaStatus": "running",
        "cost": {"amount": "0.1000", "since": a.wire(NOON), "asOf": a.wire(NOON)},
    }

    said = telling.bill(a.an_object(status=status), NOON + timedelta(minutes=30))

    assert said == "Rented for 30m00s: 0.4000 USD at 0.60 USD/h (GPU time; Novita's bill decides)."


def test_what_was_never_rented_costs_nothing() -> None:
    assert telling.bill(a.an_object(status={}), NOON) == "Nothing was rented, and nothing costs anything."
