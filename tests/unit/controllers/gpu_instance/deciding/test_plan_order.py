"""The order of the checks: for each two neighbours what is decided, and what would be if they were swapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.oddities import an_odd_observation

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.action import (
    Abandon,
    Action,
    Delete,
    End,
    Fail,
    Hold,
    Leave,
    Nothing,
    ProvePrice,
    Release,
    RemoveDuplicates,
    Stop,
    Take,
    Wait,
)
from novita_operator.controllers.gpu_instance.deciding import deletion, plan
from novita_operator.controllers.gpu_instance.deciding.checks import Check
from novita_operator.controllers.gpu_instance.observing.observation import AccountView, Observation
from novita_operator.controllers.gpu_instance.policies import lifetime
from novita_operator.novita.models import Instance

NEXT_POLL = Wait(moving=True, poll=True)
NO_ACCOUNT = Wait(poll=True)
PAUSED = {meta.PAUSED: "true"}
GIVEN_UP = {meta.FORCE_FINALIZE: "i-1"}
ABSENT = {"account": AccountView("Absent")}
UNREADABLE = {"gpuCount": "many"}
STOPPED = {"powerState": "Stopped"}
SILENT = {"account": AccountView("Unreachable"), "fresh": False}


@dataclass(frozen=True)
class Order:
    """Of these two checks the first one decides; `swapped`: what the second one would have decided."""

    first: str
    then: str
    seen: Observation
    decided: Action
    swapped: Action


@dataclass(frozen=True)
class Either:
    """Of these two checks the order makes no difference, since `why`."""

    first: str
    then: str
    why: str


def with_one(*found: Instance, view: dict[str, Any] | None = None, **parts: Any) -> Observation:
    """An object whose recorded instance is `i-1`; its create call was made ten minutes ago."""
    status = {"instanceId": "i-1"} | parts.pop("status", {})
    return a.an_observation(
        a.an_object(**({"intent": a.an_intent()} | parts | {"status": status})), *found, **view or {}
    )


def nameless(*found: Instance, view: dict[str, Any] | None = None, **parts: Any) -> Observation:
    """An object without a recorded id, whose create call was made ten minutes ago."""
    return a.an_observation(a.an_object(**({"intent": a.an_intent()} | parts)), *found, **view or {})


def taken_over(
    *found: Instance, view: dict[str, Any] | None = None, policy: str = "Delete", **parts: Any
) -> Observation:
    """An object that says it has adopted `i-1`, and of which the account knows nothing."""
    spec = {"adopt": {"instanceId": "i-1"}, "deletionPolicy": policy}
    return with_one(*found, spec=spec, view={"allowance": a.an_allowance()} | (view or {}), **parts)


def at_the_end_of_its_life(seen: Observation) -> Observation:
    return replace(seen, end=lifetime.End("MaxSeconds", "Stop", NOON, "It has run for an hour."))


def unproven(seen: Observation) -> Observation:
    return replace(seen, price_due=True)


RUNS, SECOND = a.an_instance(), a.an_instance(instance_id="i-2", age=9)
LATE = {"failure": a.a_failure("StartupTimeout")}
TAKEN_BACK = {"failure": a.a_failure("SpotReclaimed") | {"instanceId": "i-1", "retryAt": wire(ago(0))}}
SPOT_GOES = a.an_instance("creating", spot_status="reclaiming")
SPOT_WENT = Fail("SpotReclaimed", "Novita takes spot instance i-1 back.", "the spot instance was taken back")

LIVING = (
    Order("not_held", "paused", with_one(RUNS, held=False, annotations=PAUSED), Hold(None), Nothing()),
    Order(
        "paused",
        "_ends_all_the_same",
        with_one(RUNS, spec=STOPPED, annotations=PAUSED, view=SILENT),
        Nothing(),
        Stop("i-1"),
    ),
    Order(
        "_ends_all_the_same",
        "account_is_of_no_use",
        with_one(RUNS, spec=STOPPED, view=SILENT),
        Stop("i-1"),
        NO_ACCOUNT,
    ),
    Order("account_is_of_no_use", "not_ours", taken_over(RUNS, view=ABSENT), NO_ACCOUNT, Nothing()),
    Order("not_ours", "_id_not_recorded", taken_over(RUNS, status={"instanceId": None}), Nothing(), Take("i-1")),
    Either("_id_not_recorded", "_price_is_unproven", "the price is asked of an id that is recorded"),
    Order("_price_is_unproven", "view_is_old", unproven(with_one(view={"fresh": False})), ProvePrice("i-1"), NEXT_POLL),
    Order(
        "view_is_old",
        "more_than_one",
        with_one(RUNS, SECOND, view={"fresh": False}),
        NEXT_POLL,
        RemoveDuplicates("i-1", ("i-2",)),
    ),
    Order(
        "more_than_one",
        "_unreadable",
        with_one(RUNS, SECOND, spec=UNREADABLE),
        RemoveDuplicates("i-1", ("i-2",)),
        Nothing(),
    ),
    Order("_unreadable", "_failed_before", nameless(spec=UNREADABLE, status=LATE), Nothing(), NEXT_POLL),
    Either("_failed_before", "_replaced", "one speaks of a failure that stands, the other of one that does not"),
    Order(
        "_replaced",
        "_lifetime_is_over",
        at_the_end_of_its_life(with_one(RUNS, status=TAKEN_BACK)),
        Delete(("i-1",)),
        End("MaxSeconds", "Stop", "It has run for an hour."),
    ),
    Either("_lifetime_is_over", "_no_instance", "one needs an instance or its id, the other neither"),
    Either("_no_instance", "_gone", "one needs that no id is known, the other an id"),
    Either("_gone", "_reclaimed", "one needs that the instance is not listed, the other what its list says"),
    Order("_reclaimed", "_present", with_one(SPOT_GOES), SPOT_WENT, Wait(moving=True)),
)


def going(*found: Instance, policy: str = "Delete", **parts: Any) -> Observation:
    return with_one(*found, deleting=True, spec={"deletionPolicy": policy} | parts.pop("spec", {}), **parts)


DOWN = {"account": AccountView("Unreachable"), "fresh": False}
NEVER_RENTED = a.an_intent(outcome="Released")

DELETED = (
    Order(
        "_not_held",
        "_given_up",
        going(RUNS, held=False, annotations=GIVEN_UP),
        Nothing(),
        Abandon("i-1"),
    ),
    Order("_given_up", "paused", going(RUNS, annotations=GIVEN_UP | PAUSED), Abandon("i-1"), Nothing()),
    Order(
        "paused",
        "_nothing_to_delete",
        nameless(deleting=True, intent=NEVER_RENTED, held=True, annotations=PAUSED),
        Nothing(),
        Release(),
    ),
    Order(
        "_nothing_to_delete",
        "_unclear_how",
        nameless(deleting=True, intent=NEVER_RENTED, held=True, spec={"deletionPolicy": "Archive"}),
        Release(),
        Nothing(),
    ),
    Either("_unclear_how", "_must_not_be_left", "a policy that cannot be read leaves nothing at Novita"),
    Order(
        "_must_not_be_left",
        "_retain",
        going(RUNS, policy="Retain", view={"allowance": a.an_allowance({})}),
        Nothing(),
        Leave(),
    ),
    Order("_retain", "not_ours", taken_over(RUNS, deleting=True, policy="Retain"), Leave(), Nothing()),
    Order("not_ours", "_account_is_out_of_reach", taken_over(RUNS, deleting=True, view=ABSENT), Nothing(), NO_ACCOUNT),
    Order("_account_is_out_of_reach", "view_is_old", going(RUNS, view=DOWN), Delete(("i-1",)), NEXT_POLL),
    Order("view_is_old", "_stop_and_leave", going(RUNS, policy="Stop", view={"fresh": False}), NEXT_POLL, Stop("i-1")),
    Order(
        "_stop_and_leave",
        "_ours_is_not_recorded",
        going(RUNS, policy="Stop", status={"instanceId": "hers"}, view={"instance_id": None}),
        Stop("i-1"),
        Take("i-1"),
    ),
    Order(
        "_ours_is_not_recorded",
        "delete_all",
        going(RUNS, status={"instanceId": "hers"}, view={"instance_id": None}),
        Take("i-1"),
        Delete(("i-1",)),
    ),
)

CHAINS: tuple[tuple[tuple[Check, ...], tuple[Order | Either, ...]], ...] = (
    (plan._LIVING, LIVING),
    (deletion.CHECKS, DELETED),
)
PAIRS = [
    pytest.param(chain, row, id=f"{'living' if table is LIVING else 'deleted'}: {row.first} before {row.then}")
    for chain, table in CHAINS
    for row in table
]


def first_of(chain: Sequence[Check], seen: Observation) -> Action:
    return next((found for check in chain if (found := check(seen, NOON)) is not None), Nothing())


def swapped(chain: tuple[Check, ...], row: Order | Either) -> list[Check]:
    """The chain with this pair of neighbours the other way round."""
    names = [check.__name__ for check in chain]
    at = names.index(row.first)
    assert names[at + 1] == row.then
    return [*chain[:at], chain[at + 1], chain[at], *chain[at + 2 :]]


@pytest.mark.parametrize(("chain", "table"), CHAINS, ids=["living", "deleted"])
def test_the_table_speaks_of_every_pair_of_neighbours(chain: Sequence[Check], table: Sequence[Order | Either]) -> None:
    assert [(row.first, row.then) for row in table] == list(pairwise(check.__name__ for check in chain))


@pytest.mark.parametrize(("chain", "row"), PAIRS)
def test_the_earlier_check_decides(chain: tuple[Check, ...], row: Order | Either) -> None:
    match row:
        case Order(seen=seen):
            assert plan.decide(seen, NOON) == row.decided
            assert first_of(swapped(chain, row), seen) == row.swapped != row.decided
        case Either():
            assert_no_difference(chain, swapped(chain, row))


def assert_no_difference(chain: Sequence[Check], other: Sequence[Check]) -> None:
    """By thousands of odd observations, enough of which this pair decides on."""
    pair = [check for check, moved in zip(chain, other, strict=True) if check is not moved]
    told = 0
    for seen in map(an_odd_observation, range(3_000)):
        if seen.deleting is (chain is deletion.CHECKS):
            decided = first_of(chain, seen)
            assert first_of(other, seen) == decided
            told += any(check(seen, NOON) is not None for check in pair)
    assert told >= 20
