"""What is decided for an object that is to go: nothing is forgotten, and nothing is deleted that was to stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NAME, NOON

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.action import (
    Abandon,
    Action,
    ConfirmGone,
    Delete,
    Leave,
    Nothing,
    Release,
    RemoveDuplicates,
    Stop,
    Take,
    Wait,
)
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import AccountView, Observation
from novita_operator.controllers.gpu_instance.policies.belief import Belief
from novita_operator.novita.models import Instance

NEXT_POLL = Wait(moving=True, poll=True)
UNUSABLE = ("Absent", "KeyMissing", "KeyRejected", "Unreachable")


def decide(seen: Observation) -> Action:
    return plan.decide(seen, NOON)


def going(
    *found: Instance,
    policy: str = "Delete",
    instance_id: str | None = "i-1",
    age: float = 600,
    view: dict[str, Any] | None = None,
    **parts: Any,
) -> Observation:
    """An object that was deleted; its create call was made so many seconds ago."""
    status = {} if instance_id is None else {"instanceId": instance_id}
    values: dict[str, Any] = {"intent": a.an_intent(age=age), "status": status, "deleting": True}
    resource = a.an_object(spec={"deletionPolicy": policy}, **(values | parts))
    return a.an_observation(resource, *found, **(view or {}))


# --- Nothing was rented ---------------------------------------------------------------------------------------------


def test_an_object_without_our_finalizer_has_nothing_left_to_wait_for() -> None:
    assert decide(going(held=False)) == Nothing()
    assert decide(going(a.an_instance(), held=False, policy="Retain")) == Nothing()
    assert decide(going(a.an_instance(), held=False, annotations={meta.FORCE_FINALIZE: "i-1"})) == Nothing()


def test_an_instance_of_an_object_that_only_somebody_elses_finalizer_keeps_is_deleted() -> None:
    assert decide(going(a.an_instance(), held=False)) == Delete(("i-1",))
    assert decide(going(a.an_instance("removing"), held=False)) == NEXT_POLL


@pytest.mark.parametrize("account", ["Usable", *UNUSABLE])
def test_an_object_that_surely_has_no_instance_goes_whatever_the_account_says(account: Any) -> None:
    intent = a.an_intent(age=1, outcome="Released")
    seen = going(instance_id=None, intent=intent, view={"account": AccountView(account), "fresh": False})

    assert decide(seen) == Release()


@pytest.mark.parametrize(
    ("account", "expected"), [("Usable", Release(check_first=True)), ("KeyMissing", Wait(poll=True))]
)
def test_after_a_refusal_a_look_by_name_comes_before_the_finalizer_goes(account: Any, expected: Action) -> None:
    seen = going(instance_id=None, intent=a.an_intent(age=1, outcome="Refused"), view={"account": AccountView(account)})

    assert decide(seen) == expected


def test_a_finalizer_whose_note_is_gone_is_not_dropped_without_a_look() -> None:
    """Both were written together, so that somebody has removed the note of a call that may have been made."""
    seen = going(instance_id=None, intent=None, held=True)

    assert decide(seen) == Release(check_first=True)


@pytest.mark.parametrize(
    ("age", "searches", "expected"),
    [
        pytest.param(1, 3, NEXT_POLL, id="while the list may lag"),
        pytest.param(61, 2, NEXT_POLL, id="until it was looked for three times"),
        pytest.param(61, 3, Release(check_first=True), id="and by name once more before the finalizer goes"),
    ],
)
def test_a_create_call_without_an_answer_is_looked_for(age: float, searches: int, expected: Action) -> None:
    assert decide(going(instance_id=None, age=age, view={"searches": searches})) == expected


def test_an_instance_that_turns_up_is_deleted() -> None:
    assert decide(going(a.an_instance("creating"), instance_id=None, age=5)) == Delete(("i-1",))


# --- Deleting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["pending", "toCreate", "pulling", "running", "stopping", "exited", "migrating", "freezing", "a word of next year"],
)
def test_an_instance_is_deleted_in_whatever_state(word: str) -> None:
    assert decide(going(a.an_instance(word))) == Delete(("i-1",))


def test_our_instance_is_recorded_before_it_is_deleted_where_the_status_has_somebody_elses_id() -> None:
    """Else the next process would find that id at somebody else's, and nothing that says how ours has ended."""
    seen = going(a.an_instance(instance_id="i-2"), view={"instance_id": None})

    assert decide(seen) == Take("i-2")
    assert decide(replace(seen, instance_id="i-2")) == Delete(("i-2",))


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(going(a.an_instance(), instance_id=None), id="no id is recorded"),
        pytest.param(
            going(a.an_instance(), view={"instance_id": None, "account": AccountView("NotAdmitted")}), id="not admitted"
        ),
        pytest.param(
            going(a.an_instance(), view={"instance_id": None, "account": AccountView("Unreachable")}), id="lists fail"
        ),
    ],
)
def test_what_only_looks_at_novita_holds_no_delete_back(seen: Observation) -> None:
    assert decide(seen) == Delete(("i-1",))


def test_duplicates_are_deleted_together() -> None:
    assert decide(going(a.an_instance(), a.an_instance("exited", "i-2", age=9))) == Delete(("i-1", "i-2"))


def test_an_instance_on_its_way_out_is_watched() -> None:
    assert decide(going(a.an_instance("removing"))) == NEXT_POLL


def test_what_is_listed_no_more_is_asked_for_by_id_and_then_by_name() -> None:
    assert decide(going()) == ConfirmGone("i-1")
    assert decide(going(view={"gone_polls": 1})) == Release(check_first=True)


def test_an_instance_that_only_a_look_by_id_finds_is_deleted_all_the_same() -> None:
    assert decide(going(view={"only_by_id": True})) == Delete(("i-1",))
    assert decide(going(view={"only_by_id": True, "delete_accepted": True})) == ConfirmGone("i-1")


@pytest.mark.parametrize("searches", [0, 1, 5])
def test_an_id_that_was_never_seen_under_our_name_deletes_nothing(searches: int) -> None:
    """It may be that of another cluster's instance: a status can be restored, copied or written by anybody."""
    assert decide(going(age=59, view={"gone_polls": searches})) == ConfirmGone("i-1")
    assert decide(going(age=61, view={"gone_polls": 0})) == ConfirmGone("i-1")


def test_between_two_looks_by_id_the_next_one_is_waited_for() -> None:
    looked = replace(going(), belief=Belief(believed=False, check_due=False, seconds=40))

    assert decide(looked) == Wait(poll=True, seconds=40)


def test_an_instance_that_may_still_be_hidden_is_deleted_when_a_look_by_id_has_found_it() -> None:
    assert decide(going(age=59, view={"only_by_id": True})) == Delete(("i-1",))


def test_an_instance_that_was_hidden_is_watched_once_its_deletion_was_accepted() -> None:
    assert decide(going(age=59, view={"delete_accepted": True})) == ConfirmGone("i-1")
    assert decide(going(age=59, view={"delete_accepted": True, "gone_polls": 1})) == Release(check_first=True)


def test_what_a_look_by_id_does_not_find_is_believed_gone_only_when_nothing_can_be_hidden_any_more() -> None:
    assert decide(going(age=61, view={"gone_polls": 1})) == Release(check_first=True)


def test_nothing_is_decided_on_a_view_from_before_our_last_call() -> None:
    for policy in ("Delete", "Stop"):
        assert decide(going(policy=policy, view={"fresh": False, "gone_polls": 2})) == NEXT_POLL


@pytest.mark.parametrize("state", UNUSABLE)
@pytest.mark.parametrize("policy", ["Delete", "Stop"])
def test_an_account_that_cannot_be_used_keeps_the_finalizer(state: Any, policy: str) -> None:
    seen = going(policy=policy, view={"account": AccountView(state), "gone_polls": 2, "searches": 3})
    asked = policy == "Delete" and state in {"KeyRejected", "Unreachable"}

    # One that no list shows is looked at by its id before it is deleted; the finalizer stays either way.
    assert decide(seen) == (Delete(("i-1",)) if asked else Wait(poll=True))
    if asked:
        assert decide(replace(seen, absence=replace(seen.absence, delete_settles=True))) == Wait(poll=True)


@pytest.mark.parametrize("fresh", [True, False], ids=["a fresh view", "an old view"])
@pytest.mark.parametrize("state", ["Unreachable", "KeyRejected"])
def test_where_lists_fail_deletes_are_tried_all_the_same(state: Any, fresh: bool) -> None:
    down = {"account": AccountView(state), "fresh": fresh}

    assert decide(going(a.an_instance(), view=down)) == Delete(("i-1",))
    assert decide(going(a.an_instance(), view=down | {"delete_settles": True})) == Wait(poll=True)


@pytest.mark.parametrize("state", ["Unreachable", "KeyRejected"])
def test_where_lists_fail_a_delete_that_had_its_time_is_said_again(state: Any) -> None:
    down = {"account": AccountView(state), "fresh": False, "delete_accepted": True}

    assert decide(going(a.an_instance(), view=down)) == Delete(("i-1",))


@pytest.mark.parametrize("state", ["Unreachable", "KeyRejected"])
def test_where_lists_fail_and_nothing_is_known_there_is_nothing_to_try(state: Any) -> None:
    assert decide(going(instance_id=None, view={"account": AccountView(state)})) == Wait(poll=True)


@pytest.mark.parametrize("state", ["KeyMissing", "Absent"])
def test_without_a_key_no_delete_is_tried(state: Any) -> None:
    assert decide(going(a.an_instance(), view={"account": AccountView(state)})) == Wait(poll=True)


def test_an_instance_that_is_to_stay_is_not_touched_where_lists_fail() -> None:
    assert decide(going(a.an_instance(), policy="Stop", view={"account": AccountView("Unreachable")})) == Wait(
        poll=True
    )


def test_the_first_poll_is_waited_for() -> None:
    assert decide(going(view={"account": AccountView("Starting"), "fresh": False})) == NEXT_POLL


@pytest.mark.parametrize("policy", ["Delete", "Stop"])
def test_a_namespace_that_is_no_longer_admitted_can_still_end_what_it_pays_for(policy: str) -> None:
    seen = going(a.an_instance(), policy=policy, view={"account": AccountView("NotAdmitted")})

    assert decide(seen) == (Delete(("i-1",)) if policy == "Delete" else Stop("i-1"))


def test_a_recorded_failure_does_not_hinder_deletion() -> None:
    status = {"instanceId": "i-1", "failure": a.a_failure("Failed")}

    assert decide(going(a.an_instance("exited"), status=status)) == Delete(("i-1",))


# --- Leaving it there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["Usable", "Starting", *UNUSABLE])
def test_a_retained_instance_is_not_touched_whatever_the_account_says(account: Any) -> None:
    seen = going(a.an_instance(), policy="Retain", view={"account": AccountView(account), "fresh": False})

    assert decide(seen) == Leave()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("running", Stop("i-1")),
        ("pulling", Stop("i-1")),
        ("creating", NEXT_POLL),
        ("stopping", NEXT_POLL),
        ("removing", NEXT_POLL),
        ("exited", Leave()),
        ("freezing", Leave()),
    ],
)
def test_an_instance_that_stays_stopped_is_stopped_first(word: str, expected: Action) -> None:
    assert decide(going(a.an_instance(word), policy="Stop")) == expected


def test_of_duplicates_one_stays_stopped_and_none_goes_on_running() -> None:
    seen = going(a.an_instance("exited"), a.an_instance("running", "i-2", age=9), policy="Stop")

    assert decide(seen) == RemoveDuplicates(keep="i-1", remove=("i-2",))


def test_another_instance_of_our_name_is_stopped_in_the_place_of_one_that_is_gone() -> None:
    other = a.an_instance(instance_id="i-2")

    assert decide(going(other, policy="Stop")) == ConfirmGone("i-1")
    assert decide(going(other, policy="Stop", view={"gone_polls": 1})) == Take("i-2")


def test_an_instance_that_is_to_stay_is_not_deleted_because_the_list_hides_it() -> None:
    assert decide(going(policy="Stop", age=5)) == NEXT_POLL
    assert decide(going(policy="Stop", view={"only_by_id": True})) == ConfirmGone("i-1")


def test_an_instance_that_was_to_stay_and_is_gone_is_looked_for_before_the_finalizer_goes() -> None:
    assert decide(going(policy="Stop")) == ConfirmGone("i-1")
    assert decide(going(policy="Stop", view={"gone_polls": 1})) == Release(check_first=True)


# --- A person gives up ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["Usable", *UNUSABLE])
def test_repeating_the_id_gives_the_deletion_up(state: Any) -> None:
    seen = going(annotations={meta.FORCE_FINALIZE: "i-1"}, view={"account": AccountView(state)})

    assert decide(seen) == Abandon("i-1")


def test_without_an_id_the_name_is_repeated() -> None:
    seen = going(instance_id=None, annotations={meta.FORCE_FINALIZE: NAME})

    assert decide(seen) == Abandon(NAME)


@pytest.mark.parametrize("word", ["", "true", "i-2", NAME])
def test_anything_but_the_id_gives_nothing_up(word: str) -> None:
    assert decide(going(a.an_instance(), annotations={meta.FORCE_FINALIZE: word})) == Delete(("i-1",))


@pytest.mark.parametrize("rule", [{}, {"namespaces": {"names": ["another"]}}], ids=["denied", "without a rule"])
def test_nothing_is_given_up_where_the_account_lets_nothing_be_left(rule: dict[str, Any]) -> None:
    denied = {"allowance": a.an_allowance(rule)}
    allowed = {"allowance": a.an_allowance({"retention": "Allow"})}
    given_up = {meta.FORCE_FINALIZE: "i-1"}

    assert decide(going(a.an_instance(), annotations=given_up, view=denied)) == Delete(("i-1",))
    assert decide(going(a.an_instance(), annotations=given_up, view=denied, held=False)) == Delete(("i-1",))
    assert decide(going(a.an_instance(), annotations=given_up, view=allowed)) == Abandon("i-1")


# --- A spec that cannot be read -------------------------------------------------------------------------------------


def test_an_unreadable_spec_does_not_keep_the_instance_billing() -> None:
    spec = {"gpuCount": "many", "deletionPolicy": "Delete"}
    resource = a.an_object(spec=spec, status={"instanceId": "i-1"}, intent=a.an_intent(), deleting=True)

    assert decide(a.an_observation(resource, a.an_instance())) == Delete(("i-1",))


def test_a_policy_that_cannot_be_read_deletes_nothing() -> None:
    spec = {"deletionPolicy": "Archive"}
    resource = a.an_object(spec=spec, status={"instanceId": "i-1"}, intent=a.an_intent(), deleting=True)

    assert decide(a.an_observation(resource, a.an_instance())) == Nothing()


@pytest.mark.parametrize(
    ("spec", "then"),
    [
        pytest.param({"deletionPolicy": "Retain"}, Leave(), id="kept"),
        pytest.param({"deletionPolicy": "Archive"}, Nothing(), id="a policy that cannot be read"),
    ],
)
def test_what_stays_at_novita_is_one_instance_and_not_two(spec: dict[str, Any], then: Action) -> None:
    resource = a.an_object(intent=a.an_intent(), status={"instanceId": "i-1"}, spec=spec, deleting=True)
    both = (a.an_instance(), a.an_instance(instance_id="i-2"))

    assert decide(a.an_observation(resource, *both)) == RemoveDuplicates("i-1", ("i-2",))
    assert decide(a.an_observation(resource, both[0])) == then
    assert decide(a.an_observation(resource, *both, account=AccountView("Unreachable"), fresh=False)) == then


def test_an_unreadable_living_object_is_left_as_it_is() -> None:
    resource = a.an_object(spec={"gpuCount": "many"}, status={"instanceId": "i-1"}, intent=a.an_intent())

    assert decide(a.an_observation(resource, a.an_instance("exited"))) == Nothing()
