"""What a failed call is to the user: which condition, which reason, whose turn it is, and when it is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON
from tests.unit.support.reports import CHOSEN

from novita_operator.api.gpu_instance.status import Ended, Failure
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.observing.memory import Memories
from novita_operator.controllers.gpu_instance.result import Lasting, Result
from novita_operator.novita import errors


@pytest.mark.parametrize(
    ("error", "about", "reason", "stalled"),
    [
        (errors.CredentialsRejected, "Synced", "CredentialsRejected", True),
        (errors.InsufficientBalance, "Provisioned", "InsufficientBalance", True),
        (errors.QuotaExceeded, "Provisioned", "QuotaExceeded", False),
        (errors.OutOfCapacity, "Scheduled", "NoCapacity", False),
        (errors.Invalid, "Provisioned", "CreateRefused", True),
        (errors.Refused, "Provisioned", "CreateRefused", True),
        (errors.RateLimited, "Synced", "RateLimited", False),
        (errors.OutcomeUnknown, "Provisioned", "CreateOutcomeUnknown", False),
        (errors.InvalidResponse, "Synced", "InvalidResponse", False),
        (errors.TimedOut, "Synced", "NovitaUnavailable", False),
        (errors.NotSent, "Synced", "NovitaUnavailable", False),
        (errors.Unavailable, "Synced", "NovitaUnavailable", False),
        (errors.NotFound, "Synced", "NovitaUnavailable", False),
        (errors.InvalidState, "Synced", "NovitaUnavailable", False),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_each_error_has_its_condition_and_its_reason(
    error: type[errors.NovitaError], about: str, reason: str, stalled: bool
) -> None:
    problem = result.from_novita(error("it broke", status=400), "rent a card")

    assert (problem.about, problem.reason, problem.stalled) == (about, reason, stalled)
    assert problem.message.startswith("Could not rent a card: it broke")


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (errors.CredentialsRejected, "Check the account's API key."),
        (errors.InsufficientBalance, "Top up the Novita account"),
        (errors.QuotaExceeded, "Raise the quota at Novita or delete instances"),
        (errors.OutcomeUnknown, "Looking for the instance by its name"),
    ],
)
def test_the_message_says_what_comes_next_or_what_to_do(error: type[errors.NovitaError], way_out: str) -> None:
    assert way_out in result.from_novita(error("it broke"), "rent a card").message


def test_an_error_without_a_message_is_told_by_its_reason_or_its_name() -> None:
    assert "GPU_SPEC_USED" in result.from_novita(errors.OutOfCapacity("", reason="GPU_SPEC_USED"), "rent").message
    assert "TimedOut" in result.from_novita(errors.TimedOut(""), "rent").message


@pytest.mark.parametrize("error", [errors.RateLimited, errors.Unavailable])
def test_the_pause_that_novita_asks_for_is_kept(error: type[errors.NovitaError]) -> None:
    assert result.from_novita(error("wait", retry_after=17), "rent").retry_after == 17


def test_an_unknown_outcome_waits_for_the_next_poll_and_not_for_a_back_off() -> None:
    problem = result.from_novita(errors.OutcomeUnknown("cut off"), "rent")

    assert not problem.paused


# --- Facts of passes whose status could not be written ---------------------------------------------------------------


def test_facts_last_until_a_status_holds_them() -> None:
    earlier = Result(instance_id="i-1", chosen=CHOSEN, attempt=2, created_at=NOON, started_at=NOON, adopted=True)

    kept = Result().after(earlier.lasting)

    assert kept == earlier


def test_newer_facts_win_over_older_ones() -> None:
    later = NOON + timedelta(seconds=9)

    kept = Result(instance_id="i-2", started_at=later).after(Lasting(instance_id="i-1", started_at=NOON, attempt=1))

    assert (kept.instance_id, kept.started_at, kept.attempt) == ("i-2", later, 1)


@pytest.mark.parametrize(
    "fleeting",
    [
        {"problem": result.from_novita(errors.TimedOut("late"), "rent")},
        {"again": True},
        {"queued": True},
        {"abandoned": "i-1"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_one_pass_only_was_does_not_last(fleeting: dict[str, Any]) -> None:
    assert Result().after(Result(**fleeting).lasting) == Result()


def test_nothing_earlier_changes_nothing() -> None:
    new = Result(instance_id="i-1")

    assert new.after(Lasting()) == new


def test_duplicates_that_were_removed_in_two_passes_are_told_together() -> None:
    kept = Result(duplicates_removed=("i-3",)).after(Lasting(duplicates_removed=("i-2",)))

    assert kept.duplicates_removed == ("i-2", "i-3")


def test_a_start_undoes_the_stop_the_end_and_the_failure_before_it() -> None:
    ended = Ended(cause="Idle", action="Stop", at=NOON, generation=1)
    failure = Failure(reason="Failed", message="It ended.", at=NOON, generation=1)

    kept = Result(started_at=NOON).after(Lasting(stopped_at=NOON, ended=ended, failure=failure))

    assert (kept.stopped_at, kept.ended, kept.failure) == (None, None, None)


@pytest.mark.parametrize("newer", [Lasting(instance_id="i-2"), Lasting(attempt=2)], ids=["another", "asked for again"])
def test_a_newer_instance_is_not_released_with_the_one_before_it(newer: Lasting) -> None:
    assert not Result(instance_id=newer.instance_id, attempt=newer.attempt).after(Lasting(released=True)).released


def test_a_failure_lasts() -> None:
    failure = Failure(reason="Failed", message="It ended.", at=NOON, generation=1)

    assert Result().after(Lasting(failure=failure)).failure == failure


# --- Memory ---------------------------------------------------------------------------------------------------------


def test_an_object_is_remembered_from_its_first_sight_on() -> None:
    memories = Memories()

    first = memories.of("uid", 7)

    assert first.unseen_before == 7
    assert memories.of("uid", 9) is first
    assert memories.of("other", 9) is not first


def test_a_forgotten_object_is_a_new_one() -> None:
    memories = Memories()
    memories.of("uid", 7).learned("i-1")

    memories.forget("uid")
    memories.forget("uid")

    assert memories.of("uid", 9).unwritten == Lasting()


def test_what_is_known_of_an_instance_does_not_outlive_it() -> None:
    memory = Memories().of("uid", 7)
    memory.detail, memory.delete_accepted_at, memory.only_by_id = a.an_instance(), 1.0, True
    memory.gone_in_polls.add(3)
    memory.searches = 3

    memory.forget_instance()

    assert (memory.detail, memory.delete_accepted_at, memory.only_by_id) == (None, None, False)
    assert (memory.gone_in_polls, memory.searches, memory.unseen_before) == (set(), 0, 7)
