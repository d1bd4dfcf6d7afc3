"""Whatever the simulator can be turned to, `novita-operator verify` can find out; or it is said here why not."""

from __future__ import annotations

from collections.abc import Mapping

from tests.verification.dials import DIALS

from novita_operator.simulator.settings import Settings

_MONEY = "what the account has, and not how it answers"
_LOSS = "a failure of Novita, and no form of its answers"
_COSTS_MORE = "is seen with a spot instance that is reclaimed, or a volume or network that is made"
# Dials that no assumption turns, and why.
_WITHOUT: Mapping[str, str] = {
    "acceleration": "time of the simulator",
    "balance": _MONEY,
    "creditLimit": _MONEY,
    "quota": _MONEY,
    "budgets": _MONEY,
    "networkVolumes": _MONEY,
    "spot": _COSTS_MORE,
    "storageReply": _COSTS_MORE,
    "networkReply": _COSTS_MORE,
    "listLag": "turned as a fault, for the rented instance alone",
    "blind": _LOSS,
    "ids": "turned by the overlay, whatever digits an id has",
    "listOrder": "nothing relies on an order",
    "defaultPageSize": "the operator always says a size",
    "stopFrom": "the operator looks before it stops",
    "invalidStateReason": "refusals of a state are known by their text, which a fault changes",
    "totalCounts": "one of two ways in which `total` is wrong",
    "stockCounts": "with `any` no filter changes anything: not seen",
    "endpointHost": "any host will do",
    "endpoints": "one of two ways in which an endpoint is odd",
}


def test_each_dial_of_the_simulator_is_turned_by_an_assumption_or_left_for_a_reason() -> None:
    dials = {field.alias or name for name, field in Settings.model_fields.items()}
    turned = {name for dial in DIALS.values() for name in dial.settings} & dials

    assert turned | _WITHOUT.keys() == dials
    assert turned & _WITHOUT.keys() == set()
