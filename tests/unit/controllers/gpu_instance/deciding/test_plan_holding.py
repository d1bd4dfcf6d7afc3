"""An object that has, or may have, an instance is held before anything else: without the finalizer it could just go."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.action import Hold, Intent, Launch, Nothing, Release
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import AccountView

ACCOUNTS = ("Usable", "Starting", "Absent", "NotAdmitted", "KeyMissing", "KeyRejected", "Unreachable")


def replaced(**parts: Any) -> Any:
    """An object over which `kubectl replace -f` went: neither finalizer nor note, and the status as it was."""
    return a.an_object(**({"status": {"instanceId": "i-1", "attempts": 2}, "intent": None, "held": False} | parts))


def decide(resource: Any, *found: Any, **view: Any) -> Any:
    return plan.decide(a.an_observation(resource, *found, **view), NOON)


@pytest.mark.parametrize("state", ACCOUNTS)
@pytest.mark.parametrize("fresh", [True, False])
def test_a_recorded_id_is_enough_whatever_the_account_says(state: Any, fresh: bool) -> None:
    decided = decide(replaced(), account=AccountView(state), fresh=fresh)

    assert isinstance(decided, Hold)
    assert decided.note is not None
    assert (decided.note.attempt, decided.note.outcome) == (2, "Pending")


def test_the_note_is_as_old_as_the_instance() -> None:
    decided = decide(replaced(status={"instanceId": "i-1", "createdAt": wire(ago(300))}))

    assert decided.note == Intent(1, ago(300), "", "", "", "Pending")


def test_the_note_says_what_the_status_says_was_rented() -> None:
    product = {"id": "4090.16c62g", "name": "RTX 4090 24GB", "gpuCount": 1}
    decided = decide(replaced(status={"instanceId": "i-1", "product": product, "region": "CN-HK-01"}))

    assert decided.note == Intent(1, NOON, "", "4090.16c62g", "CN-HK-01", "Pending")


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"annotations": {meta.PAUSED: "true"}}, id="paused"),
        pytest.param({"spec": {"powerState": "Stopped"}}, id="stopped"),
        pytest.param({"spec": {"gpuCount": "many"}}, id="a spec that cannot be read"),
        pytest.param({"status": {"instanceId": "i-1", "failure": a.a_failure("Failed")}}, id="failed"),
        pytest.param({"status": {"instanceId": "i-1", "conditions": "of another version"}}, id="a status of another"),
        pytest.param({"spec": {"deletionPolicy": "Retain"}}, id="an instance that is to stay"),
    ],
)
def test_whatever_else_stands_in_the_way_it_is_held(parts: dict[str, Any]) -> None:
    assert isinstance(decide(replaced(**parts)), Hold)


@pytest.mark.parametrize("word", ["running", "exited", "removing"])
def test_an_instance_of_its_name_is_enough_where_the_status_was_dropped_too(word: str) -> None:
    decided = decide(replaced(status={}), a.an_instance(word, age=120))

    assert isinstance(decided, Hold)
    assert (decided.note.attempt, decided.note.at) == (1, ago(120))


def test_an_adopted_instance_is_held_and_the_note_says_that_nothing_was_rented() -> None:
    decided = decide(replaced(spec={"adopt": {"instanceId": "i-1"}}), a.an_instance(name="by-hand"))

    assert decided.note.outcome == "Released"


def test_where_only_the_finalizer_is_gone_the_note_stays_as_it_is() -> None:
    assert decide(replaced(intent=a.an_intent())) == Hold(None)


def test_a_call_whose_answer_is_not_known_is_held_by_its_note_alone() -> None:
    assert decide(replaced(status={}, intent=a.an_intent())) == Hold(None)


def test_a_damaged_note_is_one_of_a_call_that_may_have_been_made() -> None:
    assert decide(replaced(status={}, intent="{")) == Hold(None)


def test_a_note_that_this_process_has_seen_is_put_back() -> None:
    note = a.an_intent(age=5)

    assert decide(replaced(status={}), remembered=note) == Hold(note)


def test_calls_that_the_status_counts_are_believed_where_their_note_is_gone() -> None:
    decided = decide(replaced(status={"attempts": 3}))

    assert (decided.note.attempt, decided.note.outcome) == (3, "Pending")


def test_what_is_known_to_be_settled_holds_nothing() -> None:
    settled = a.an_intent(outcome="Released")

    assert decide(replaced(status={"attempts": 1}, intent=settled)) == Launch()
    assert decide(replaced(status={"attempts": 1}), remembered=settled) == Launch()


def test_a_refusal_is_held_like_a_call_without_an_answer() -> None:
    """Novita has been seen to refuse, and to have done it."""
    assert decide(replaced(status={}, intent=a.an_intent(outcome="Refused"))) == Hold(None)


@pytest.mark.parametrize("outcome", ["Refused", "Released"])
def test_an_instance_that_turns_up_after_all_opens_the_note_again(outcome: Any) -> None:
    decided = decide(replaced(status={}, intent=a.an_intent(outcome=outcome)), a.an_instance())

    assert decided == Hold(a.an_intent(outcome="Pending"))


def test_an_object_that_never_had_anything_is_not_held() -> None:
    assert decide(replaced(status={})) == Launch()
    assert decide(replaced(status={}, spec={"powerState": "Stopped"})) == Nothing()


def test_what_is_held_is_not_held_again() -> None:
    assert not isinstance(decide(replaced(held=True)), Hold)
    assert not isinstance(decide(replaced(held=True, status={}), a.an_instance()), Hold)


def test_the_api_server_takes_no_finalizer_for_an_object_that_is_going() -> None:
    assert decide(replaced(deleting=True)) == Nothing()
    assert decide(replaced(deleting=True, held=True, status={}, intent=a.an_intent(outcome="Released"))) == Release()
