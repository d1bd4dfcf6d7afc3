"""Which instances belong to nobody, and what stops their deletion."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import CLUSTER, NAMES, NOON, UID, ago

from novita_operator.api.novita_account.reasons import Reason
from novita_operator.controllers.novita_account.garbagecollection import orphans
from novita_operator.controllers.novita_account.garbagecollection.orphans import Objects, OrphanCheck, Rules
from novita_operator.novita.models import Instance
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.retention import Left, Record

_RULES = Rules(NAMES, "Delete", True, timedelta(minutes=10), timedelta(minutes=2))
_OTHERS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(100)]


_TWO_MINUTES_AGO = ago(120)


def _orphan(number: int = 0, word: str = "running", **changes: Any) -> Instance:
    values = {"name": naming.instance_name(CLUSTER, _OTHERS[number]), "created_at": ago(3600)}
    return a.an_instance(word, f"o-{number}", **(values | changes))


def _look(*unclaimed: Instance, seen: datetime | None = _TWO_MINUTES_AGO, **changes: Any) -> OrphanCheck:
    first_seen = {} if seen is None else {instance.id: seen for instance in unclaimed}
    values: dict[str, Any] = {
        "unclaimed": unclaimed,
        "marked": 40,
        "objects": Objects(frozenset({UID}), frozenset({"i-1"}), users=40),
        "objects_before": 40,
        "first_seen": first_seen,
        "confirmed": None,
        "now": NOON,
    }
    return OrphanCheck(**(values | changes))


def _ids(found: tuple[orphans.Orphan, ...]) -> list[str]:
    return [orphan.instance.id for orphan in found]


def test_an_old_instance_seen_twice_that_nobody_claims_is_deleted() -> None:
    verdict = orphans.judge(_look(_orphan()), _RULES)

    assert _ids(verdict.delete) == ["o-0"]
    assert verdict.brake is None


def test_by_default_it_is_only_reported() -> None:
    verdict = orphans.judge(_look(_orphan()), replace(_RULES, policy="Report"))

    assert (_ids(verdict.orphans), verdict.delete) == (["o-0"], ())


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(_orphan(created_at=ago(599)), id="younger than ten minutes"),
        pytest.param(_orphan(name=naming.instance_name(CLUSTER, UID)), id="its UID is an object's"),
        pytest.param(_orphan(id="i-1"), id="its id is an object's"),
        pytest.param(_orphan(word="removing"), id="it is on its way out"),
    ],
)
def test_what_may_be_somebodys_is_not_even_reported(instance: Instance) -> None:
    assert orphans.judge(_look(instance), _RULES).orphans == ()


def _left(instance: Instance) -> Record:
    uid = naming.uid_in(instance.name) or ""
    left = Left(
        uid, "team", "gpu", instance.name, instance.id, adopted=False, reason="Retain", at="2026-01-01T12:00:00Z"
    )
    return Record({uid: left})


def test_what_a_person_chose_to_leave_is_no_orphan_and_is_counted() -> None:
    kept, lost = _orphan(), _orphan(1)

    verdict = orphans.judge(_look(kept, lost, retained=_left(kept)), _RULES)

    assert (_ids(verdict.orphans), _ids(verdict.delete), verdict.retained) == (["o-1"], ["o-1"], 1)


def test_it_is_counted_from_the_start_and_not_from_the_age_of_an_orphan() -> None:
    young = _orphan(created_at=ago(-60))  # Novita's clock may run ahead of ours

    verdict = orphans.judge(_look(young, _orphan(1), retained=_left(young)), _RULES)

    assert (_ids(verdict.delete), verdict.retained) == (["o-1"], 1)


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(_orphan(word="removing"), id="it is on its way out"),
        pytest.param(_orphan(id="i-1"), id="an object has taken it over since"),
    ],
)
def test_what_nobody_leaves_any_more_is_not_counted(instance: Instance) -> None:
    assert orphans.judge(_look(instance, retained=_left(instance)), _RULES).retained == 0


def test_any_number_of_such_instances_holds_up_nobody() -> None:
    kept = [_orphan(number) for number in range(1, 50)]
    record = Record({uid: left for each in kept for uid, left in _left(each).left.items()})

    verdict = orphans.judge(_look(_orphan(), *kept, retained=record), _RULES)

    assert (_ids(verdict.delete), verdict.brake, verdict.retained) == (["o-0"], None, 49)


@pytest.mark.parametrize("confirmed", [None, "1"])
def test_where_it_is_not_known_nothing_is_deleted_whatever_a_person_confirms(confirmed: str | None) -> None:
    look = _look(_orphan(), retained="The record is lost.", confirmed=confirmed)

    verdict = orphans.judge(look, _RULES)

    assert (_ids(verdict.orphans), verdict.delete) == (["o-0"], ())
    assert verdict.brake == orphans.Brake(Reason.RETAINED_UNKNOWN, "The record is lost.")


def test_not_even_what_asked_for_its_end_is_deleted_then() -> None:
    look = _look(_orphan(), retained="The record is lost.", departed=frozenset({_OTHERS[0]}))

    assert orphans.judge(look, _RULES).delete == ()


@pytest.mark.parametrize("seen", [None, ago(119)])
def test_one_sighting_is_not_enough(seen: datetime | None) -> None:
    verdict = orphans.judge(_look(_orphan(), seen=seen), _RULES)

    assert (_ids(verdict.orphans), verdict.delete) == (["o-0"], ())


def test_an_instance_without_a_creation_time_is_dated_by_its_sighting() -> None:
    instance = _orphan(created_at=None)

    assert orphans.judge(_look(instance, seen=ago(599)), _RULES).delete == ()
    assert _ids(orphans.judge(_look(instance, seen=ago(600)), _RULES).delete) == ["o-0"]


@pytest.mark.parametrize(
    ("objects", "before", "count", "reason"),
    [
        pytest.param(0, 40, 1, Reason.NO_OBJECTS, id="no objects at all"),
        pytest.param(20, 40, 1, Reason.OBJECTS_VANISHED, id="half of them gone"),
        pytest.param(40, 40, 5, Reason.TOO_MANY, id="more than a tenth and than three"),
    ],
)
def test_what_looks_like_a_restore_stops_every_deletion(objects: int, before: int, count: int, reason: Reason) -> None:
    held = Objects(frozenset({UID}), frozenset({"i-1"}), users=objects)
    check = _look(*(_orphan(number) for number in range(count)), objects=held, objects_before=before)

    verdict = orphans.judge(check, _RULES)

    assert verdict.delete == ()
    assert verdict.brake is not None
    assert verdict.brake.reason is reason
    assert f"confirm-orphans={count}" in verdict.brake.message


def _five(**changes: Any) -> OrphanCheck:
    return _look(*(_orphan(number) for number in range(5)), **changes)


def test_what_a_person_confirmed_is_deleted_and_the_verdict_says_that_it_took_a_person() -> None:
    verdict = orphans.judge(_five(confirmed="5"), _RULES)

    assert (len(verdict.delete), verdict.brake, verdict.confirmed) == (5, None, True)


def test_what_was_said_of_earlier_orphans_says_nothing_of_as_many_later_ones() -> None:
    verdict = orphans.judge(_five(confirmed="5", spent="5"), _RULES)

    assert (verdict.delete, verdict.confirmed) == ((), False)
    assert verdict.brake is not None
    assert "confirm-orphans=5/<time of now>" in verdict.brake.message
    assert len(orphans.judge(_five(confirmed="5/2026-11-24T12:00:00Z", spent="5"), _RULES).delete) == 5


def test_those_that_are_left_of_the_confirmed_ones_need_no_second_word() -> None:
    left = _look(_orphan(1), objects=Objects(frozenset(), frozenset(), users=0), confirmed="5")

    assert orphans.judge(left, _RULES).delete == ()
    assert len(orphans.judge(replace(left, confirmed_ids=frozenset({"o-0", "o-1"})), _RULES).delete) == 1


@pytest.mark.parametrize(("marked", "count"), [(10, 3), (40, 4), (100, 10)])
def test_a_few_orphans_are_no_catastrophe(marked: int, count: int) -> None:
    check = _look(*(_orphan(number) for number in range(count)), marked=marked)

    assert len(orphans.judge(check, _RULES).delete) == count


@pytest.mark.parametrize(("word", "deleted"), [("5", 5), ("4", 0), ("all", 0)])
def test_a_person_releases_the_brake_by_repeating_the_number(word: str, deleted: int) -> None:
    check = _look(*(_orphan(number) for number in range(5)), confirmed=word)

    assert len(orphans.judge(check, _RULES).delete) == deleted


def test_what_another_operator_may_own_is_beyond_a_persons_word() -> None:
    verdict = orphans.judge(_look(_orphan(), confirmed="1"), replace(_RULES, sees_everything=False))

    assert verdict.delete == ()
    assert verdict.brake is not None
    assert verdict.brake.reason is Reason.IDENTITY_SHARED


@pytest.mark.parametrize(
    ("unclaimed", "users", "before", "baseline"),
    [
        pytest.param((), 5, 40, 5, id="with nothing unclaimed the present number counts"),
        pytest.param((_orphan(),), 5, 40, 40, id="with orphans it never shrinks"),
        pytest.param((_orphan(),), 50, 40, 50, id="and still grows"),
    ],
)
def test_the_baseline_does_not_follow_a_loss(
    unclaimed: tuple[Instance, ...], users: int, before: int, baseline: int
) -> None:
    held = Objects(frozenset({UID}), frozenset(), users=users)

    assert orphans.judge(_look(*unclaimed, objects=held, objects_before=before), _RULES).baseline == baseline


# --- What objects left that were seen to be deleted -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "departed", "deleted"),
    [
        pytest.param(1, 1, 1, id="the only one there was"),
        pytest.param(3, 3, 3, id="three at once"),
        pytest.param(2, 1, 0, id="one of two is unknown"),
        pytest.param(4, 4, 0, id="more than single mishaps leave"),
    ],
)
def test_a_few_whose_objects_were_seen_to_be_deleted_need_no_other_object(
    count: int, departed: int, deleted: int
) -> None:
    nothing = Objects(frozenset(), frozenset(), users=0)
    left = [_orphan(number) for number in range(count)]
    check = _look(*left, objects=nothing, objects_before=count, departed=frozenset(_OTHERS[:departed]))

    verdict = orphans.judge(check, _RULES)

    assert len(verdict.delete) == deleted
    assert (verdict.brake is None) is (deleted > 0)


def test_an_instance_that_may_be_another_operators_is_never_deleted_by_such_a_memory() -> None:
    check = _look(_orphan(), departed=frozenset(_OTHERS))

    verdict = orphans.judge(check, replace(_RULES, sees_everything=False))

    assert verdict.brake is not None
    assert verdict.brake.reason is Reason.IDENTITY_SHARED
