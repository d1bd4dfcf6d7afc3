"""What is decided before an instance of an object is seen at work: rent, wait, take, look again, or leave alone."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.action import (
    Action,
    ConfirmGone,
    Fail,
    Launch,
    Nothing,
    RemoveDuplicates,
    Take,
    Wait,
)
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import AccountView, Observation

NEXT_POLL = Wait(moving=True, poll=True)
STOPPED = {"powerState": "Stopped"}


def decide(seen: Observation) -> Action:
    return plan.decide(seen, NOON)


# --- Nothing is rented yet -----------------------------------------------------------------------------------------


def test_a_new_object_is_launched() -> None:
    assert decide(a.an_observation(a.an_object())) == Launch()


def test_nothing_is_launched_on_a_view_from_before_the_object_was_seen() -> None:
    assert decide(a.an_observation(a.an_object(), fresh=False)) == NEXT_POLL


def test_an_object_that_is_to_be_stopped_rents_nothing() -> None:
    assert decide(a.an_observation(a.an_object(spec=STOPPED))) == Nothing()


@pytest.mark.parametrize("outcome", ["SoldOut", "Released"])
def test_an_attempt_that_was_settled_does_not_hinder_the_next(outcome: Any) -> None:
    resource = a.an_object(intent=a.an_intent(age=1, outcome=outcome), held=outcome == "SoldOut")

    assert decide(a.an_observation(resource)) == Launch()


@pytest.mark.parametrize(
    ("known_for", "expected"),
    [
        pytest.param(0, Wait(seconds=60), id="just refused, or just started"),
        pytest.param(59, Wait(seconds=1), id="the list may still hide it"),
        pytest.param(60, Launch(), id="the list lag has passed"),
    ],
)
def test_after_a_refusal_nothing_is_rented_while_the_list_may_hide_what_came_of_it(
    known_for: float, expected: Action
) -> None:
    resource = a.an_object(intent=a.an_intent(age=6000, outcome="Refused"))

    assert decide(a.an_observation(resource, known_for=known_for)) == expected


@pytest.mark.parametrize(
    ("age", "searches", "expected"),
    [
        pytest.param(1, 0, NEXT_POLL, id="a call of a second ago is looked for"),
        pytest.param(59.9, 3, NEXT_POLL, id="three looks are not enough before the lag has passed"),
        pytest.param(60, 2, NEXT_POLL, id="the lag alone is not enough after two looks"),
        pytest.param(6000, 0, NEXT_POLL, id="a call of long ago is looked for, too, when the process is new"),
        pytest.param(60, 3, Launch(), id="after the lag and three looks it counts as not done"),
    ],
)
def test_a_create_call_without_an_answer_comes_first(age: float, searches: int, expected: Action) -> None:
    resource = a.an_object(intent=a.an_intent(age=age))

    assert decide(a.an_observation(resource, searches=searches)) == expected


def test_a_damaged_note_of_a_call_is_looked_for_like_a_call() -> None:
    resource = a.an_object(intent="{not json")

    assert decide(a.an_observation(resource, searches=2)) == NEXT_POLL
    assert decide(a.an_observation(resource, searches=3)) == Launch()


@pytest.mark.parametrize("age", [-3600, 6000], ids=["of a clock that runs ahead", "of a clock that has jumped"])
def test_the_time_that_a_note_says_proves_nothing(age: float) -> None:
    """Walls' clocks jump: a call is as old as this process knows of it."""
    resource = a.an_object(intent=a.an_intent(age=age))

    assert decide(a.an_observation(resource, known_for=59.9, searches=3)) == NEXT_POLL
    assert decide(a.an_observation(resource, known_for=60, searches=3)) == Launch()


def test_a_stop_does_not_end_the_search_for_what_may_have_been_rented() -> None:
    resource = a.an_object(spec=STOPPED, intent=a.an_intent(age=10))

    assert decide(a.an_observation(resource, searches=1)) == NEXT_POLL


def test_a_stopped_object_is_at_rest_when_the_search_has_found_nothing() -> None:
    resource = a.an_object(spec=STOPPED, intent=a.an_intent(age=61))

    assert decide(a.an_observation(resource, searches=3)) == Nothing()


# --- An instance of our name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [True, False], ids=["in a fresh view", "in an old view"])
@pytest.mark.parametrize("spec", [{}, STOPPED], ids=["to run", "to be stopped"])
def test_an_instance_of_our_name_is_taken_before_anything_else(fresh: bool, spec: dict[str, Any]) -> None:
    resource = a.an_object(spec=spec, intent=a.an_intent(age=5))

    assert decide(a.an_observation(resource, a.an_instance("pulling"), fresh=fresh)) == Take("i-1")


def test_the_oldest_of_several_is_taken_first() -> None:
    older, younger = a.an_instance(instance_id="i-old", age=90), a.an_instance(instance_id="i-new", age=10)
    resource = a.an_object(intent=a.an_intent(age=95))

    assert decide(a.an_observation(resource, older, younger)) == Take("i-old")


@pytest.mark.parametrize("recorded", ["i-old", "i-new"])
def test_of_several_the_oldest_is_kept_whichever_is_recorded(recorded: str) -> None:
    found = [a.an_instance(instance_id=name, age=age) for name, age in (("i-old", 90), ("i-mid", 50), ("i-new", 10))]
    resource = a.an_object(status={"instanceId": recorded}, intent=a.an_intent(age=95))

    assert decide(a.an_observation(resource, *found)) == RemoveDuplicates(keep="i-old", remove=("i-mid", "i-new"))


def test_of_several_the_recorded_one_is_kept_once_it_was_ready() -> None:
    found = [a.an_instance(instance_id=name, age=age) for name, age in (("i-old", 90), ("i-used", 50), ("i-new", 10))]
    status = {"instanceId": "i-used", "readyAt": wire(ago(20))}
    resource = a.an_object(status=status, intent=a.an_intent(age=95))

    assert decide(a.an_observation(resource, *found)) == RemoveDuplicates(keep="i-used", remove=("i-old", "i-new"))


def test_duplicates_are_not_removed_again_before_the_next_poll_shows_what_became_of_them() -> None:
    resource = a.an_object(status={"instanceId": "i-old"}, intent=a.an_intent())
    found = (a.an_instance(instance_id="i-old", age=90), a.an_instance(instance_id="i-new", age=10))

    assert decide(a.an_observation(resource, *found, fresh=False)) == NEXT_POLL


def test_one_that_is_on_its_way_out_is_no_duplicate() -> None:
    leaving = a.an_instance("removing", instance_id="i-old", age=900)
    resource = a.an_object(status={"instanceId": "i-1"}, intent=a.an_intent())

    assert decide(a.an_observation(resource, leaving, a.an_instance("creating"))) == Wait(moving=True)


def test_while_the_only_one_is_on_its_way_out_nothing_new_is_rented() -> None:
    resource = a.an_object(intent=a.an_intent(outcome="Released"))

    assert decide(a.an_observation(resource, a.an_instance("toRemove"))) == NEXT_POLL


# --- An id that the list does not show -----------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [{}, STOPPED], ids=["to run", "to be stopped"])
@pytest.mark.parametrize(
    ("age", "gone_polls", "expected"),
    [
        pytest.param(59, 2, NEXT_POLL, id="is waited for while the list may lag"),
        pytest.param(60, 0, ConfirmGone("i-1"), id="is asked for by id after the lag"),
        pytest.param(60, 1, ConfirmGone("i-1"), id="is asked for twice, since one answer may be a flicker"),
        pytest.param(
            60,
            2,
            Fail("InstanceLost", "Instance i-1 no longer exists at Novita; somebody else deleted it, or Novita did."),
            id="is lost after two answers",
        ),
    ],
)
def test_an_instance_that_the_list_lacks(spec: dict[str, Any], age: float, gone_polls: int, expected: Action) -> None:
    resource = a.an_object(spec=spec, status={"instanceId": "i-1"}, intent=a.an_intent(age=age))

    assert decide(a.an_observation(resource, gone_polls=gone_polls)) == expected


@pytest.mark.parametrize(
    "failure", [{}, {"failure": a.a_failure("InstanceLost")}], ids=["at once", "after it was lost"]
)
def test_another_instance_of_our_name_takes_the_place_of_one_that_is_gone(failure: dict[str, Any]) -> None:
    resource = a.an_object(status={"instanceId": "i-1"} | failure, intent=a.an_intent())
    other = a.an_instance(instance_id="i-2")

    assert decide(a.an_observation(resource, other, gone_polls=1)) == ConfirmGone("i-1")
    assert decide(a.an_observation(resource, other, gone_polls=2)) == Take("i-2")


def test_an_id_of_which_only_this_process_knows_counts_as_recorded() -> None:
    resource = a.an_object(intent=a.an_intent(age=1))

    assert decide(a.an_observation(resource, instance_id="i-1")) == NEXT_POLL


# --- What comes before everything ----------------------------------------------------------------------------------

LOST = a.an_object(status={"instanceId": "i-1"}, intent=a.an_intent())


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (AccountView("Starting"), Wait(moving=True, poll=True)),
        (AccountView("Absent"), Wait(poll=True)),
        (AccountView("NotAdmitted"), Wait(poll=True)),
        (AccountView("KeyMissing"), Wait(poll=True)),
        (AccountView("KeyRejected"), Wait(poll=True)),
        (AccountView("Unreachable"), Wait(poll=True)),
    ],
    ids=lambda value: value.state if isinstance(value, AccountView) else "",
)
@pytest.mark.parametrize("resource", [a.an_object(), LOST], ids=["new", "lost"])
def test_an_account_that_cannot_be_used_is_waited_for(account: AccountView, expected: Action, resource: Any) -> None:
    assert decide(a.an_observation(resource, account=account, gone_polls=2)) == expected


@pytest.mark.parametrize("deleting", [False, True], ids=["living", "deleting"])
@pytest.mark.parametrize("word", ["true", "True", "TRUE"])
def test_a_paused_object_is_left_alone(deleting: bool, word: str) -> None:
    notes = {meta.PAUSED: word}
    resource = a.an_object(annotations=notes, intent=a.an_intent(), deleting=deleting, status={"instanceId": "i-1"})

    assert decide(a.an_observation(resource, a.an_instance("exited"), a.an_instance("running", "i-2"))) == Nothing()


@pytest.mark.parametrize("word", ["", "false", "yes"])
def test_only_the_word_true_pauses(word: str) -> None:
    assert decide(a.an_observation(a.an_object(annotations={meta.PAUSED: word}))) == Launch()
