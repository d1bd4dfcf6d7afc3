"""How much an account may lose before nobody believes it any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.support.builders import NOON

from novita_operator.runtime.accounts.losses import Losses


def losses(missing: int, shown: int) -> Losses:
    found = Losses(delay=180.0)
    found.polled(shown)
    for number in range(missing):
        found.miss(f"uid-{number}", NOON + timedelta(seconds=number))
    return found


@pytest.mark.parametrize(
    ("missing", "shown", "wait", "in_doubt"),
    [
        pytest.param(1, 49, 180.0, False, id="one of fifty"),
        pytest.param(5, 45, 180.0, False, id="a tenth of fifty"),
        pytest.param(6, 44, None, True, id="more than a tenth"),
        pytest.param(3, 1, 180.0, False, id="three beside another one"),
        pytest.param(4, 4, None, True, id="four of eight"),
        pytest.param(1, 0, 900.0, True, id="the only one"),
        pytest.param(3, 0, 900.0, True, id="all of three"),
        pytest.param(50, 0, None, True, id="all of fifty"),
    ],
)
def test_losses_are_believed_by_their_number_and_by_what_is_still_shown(
    missing: int, shown: int, wait: float | None, in_doubt: bool
) -> None:
    found = losses(missing, shown)

    assert found.wait_for("uid-0") == wait
    assert found.in_doubt is in_doubt


def test_another_key_never_makes_a_loss_until_one_of_ours_is_seen_with_it() -> None:
    found = losses(1, 0)
    found.expect({"uid-0"})

    assert found.wait_for("uid-0") is None
    found.polled(2)
    found.recognise({"of another account of this cluster"})
    assert found.wait_for("uid-0") is None
    found.recognise({"uid-0"})
    assert found.wait_for("uid-0") == 180.0


def test_a_person_confirms_by_repeating_the_number() -> None:
    found = losses(50, 0)

    found.confirm("49")
    assert found.in_doubt
    found.confirm("50")
    assert not found.in_doubt
    assert found.wait_for("uid-7") == 0.0


def test_what_a_person_confirmed_is_over_when_the_instance_is_back() -> None:
    found = losses(50, 0)
    found.confirm("50")

    found.back("uid-7", NOON)
    found.miss("uid-7", NOON)

    assert found.wait_for("uid-7") != 0.0


def test_what_confirmed_one_loss_does_not_confirm_the_next_of_the_same_size() -> None:
    found = losses(4, 0)
    found.confirm("4")
    for number in range(4):
        found.forget(f"uid-{number}")
    found.confirm("4")

    for number in range(4):
        found.miss(f"uid-{number}", NOON)
    found.confirm("4")

    assert found.wait_for("uid-0") is None
    assert "confirm-losses=4/<time of now>" in (found.explain() or "")
    found.confirm("4/2026-11-24T12:00:00Z")
    assert found.wait_for("uid-0") == 0.0


def test_what_confirmed_a_loss_before_a_restart_does_not_confirm_the_next_after_it() -> None:
    before, after = losses(4, 0), losses(4, 0)
    before.confirm("4")
    after.spent = before.confirmed  # by way of the status

    after.confirm("4")

    assert after.in_doubt
    assert "confirm-losses=4/<time of now>" in (after.explain() or "")
    after.confirm("4/2026-11-24T12:00:00Z")
    assert not after.in_doubt
    assert after.confirmed == "4/2026-11-24T12:00:00Z"


def test_a_confirmation_counts_while_the_loss_lasts() -> None:
    found = losses(4, 0)
    for _ in range(3):
        found.confirm("4")

    assert found.wait_for("uid-3") == 0.0


def test_it_heals_by_itself_when_they_are_back() -> None:
    found = losses(2, 0)
    later = NOON + timedelta(seconds=60)

    found.back("uid-0", later)
    found.back("uid-1", later)

    assert (found.count, found.in_doubt, found.healed_at) == (0, False, later)
    assert found.explain() is None


def test_what_is_missing_is_said_with_number_and_time() -> None:
    said = losses(50, 0).explain() or ""

    assert said.startswith("Novita shows none of 50 instances since 2026-11-24 12:00:00 UTC")
    assert "confirm-losses=50" in said
    assert "Nothing is rented or let go" in said
    assert "Nothing is rented" not in (losses(1, 9).explain() or "")


@pytest.mark.parametrize(
    ("missing", "shown", "wait"),
    [
        pytest.param(0, 0, 900.0, id="nothing else is there"),
        pytest.param(1, 49, 180.0, id="few others are missing"),
        pytest.param(50, 0, 900.0, id="all others are missing"),
    ],
)
def test_a_deleted_object_never_waits_for_good_because_of_others(missing: int, shown: int, wait: float) -> None:
    assert losses(missing, shown).wait_to_let_go == wait


def test_with_another_key_a_deleted_object_waits_for_a_person() -> None:
    found = losses(0, 0)
    found.expect({"uid-0"})

    assert found.wait_to_let_go is None


def test_with_another_key_nothing_is_rented_before_anything_is_missed() -> None:
    found = losses(0, 0)
    found.expect({"uid-0", "uid-1"})
    before_a_poll = found.explain()
    found.polled(0)

    assert (before_a_poll, found.in_doubt) == (None, True)
    assert "none of 2 instances" in (found.explain() or "")


def test_a_person_accepts_another_account_by_repeating_the_number() -> None:
    found = losses(0, 0)
    found.expect({"uid-0", "uid-1"})
    found.polled(0)

    found.confirm("2")

    assert (found.in_doubt, found.wait_for("uid-0"), found.explain()) == (False, 0.0, None)


def test_another_key_matters_no_longer_when_the_objects_that_had_instances_are_gone() -> None:
    found = losses(0, 0)
    found.expect({"uid-0"})

    found.forget("uid-0")

    assert not found.in_doubt
