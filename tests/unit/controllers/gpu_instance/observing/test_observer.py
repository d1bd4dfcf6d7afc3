"""What a pass sees: how old the view may be, what counts as a look, and whose instance an id is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NAME, UID

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.novita.models import Instance
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts


class World:
    """One account, one object, one process that remembers."""

    def __init__(self, **parts_of_the_object: Any) -> None:
        self.clock = parts.HandClock()
        self.accounts = Accounts()
        self.account = parts.an_account()
        self.accounts.put(self.account)
        self.reconciler = parts.a_reconciler(self.accounts, self.clock)
        self.resource = a.an_object(**parts_of_the_object)

    @property
    def memory(self) -> Memory:
        return self.reconciler.memories.of(UID, self.account.polls_begun)

    def poll(self, *shown: Instance) -> None:
        parts.polled(self.accounts, self.account, *shown)

    def look(self, resource: GPUInstance | None = None) -> Observation:
        return self.reconciler.observer.observe(resource or self.resource, self.account, self.memory)

    def poll_and_look(self, *shown: Instance, after: float = 0) -> Observation:
        self.clock.turned += after
        self.poll(*shown)
        return self.look()


# --- How old the view may be -----------------------------------------------------------------------------------------


def test_only_a_poll_that_began_after_the_object_was_first_seen_is_fresh() -> None:
    world = World()
    world.poll()

    assert not world.look().fresh
    assert world.poll_and_look().fresh


def test_a_poll_that_had_begun_before_our_last_call_is_not_fresh() -> None:
    world = World()
    world.look()
    number = world.accounts.begin_poll(world.account)
    world.memory.unseen_before = world.account.polls_begun  # what each call to Novita does when it ends

    world.account.snapshot_poll = number
    world.account.snapshot = parts.Snapshot.of("default", (), a.NOON)

    assert not world.look().fresh
    assert world.poll_and_look().fresh


def test_an_account_that_is_opened_anew_does_not_hold_its_objects_back() -> None:
    """Another limit or address opens it anew: the next poll must be fresh, however many there were before."""
    world = World()
    for _ in range(50):
        world.poll()
    world.look()

    reopened: Account = parts.an_account()
    world.accounts.put(reopened)
    world.account = reopened

    assert not world.look().fresh
    assert world.poll_and_look().fresh


# --- Looks for a create without an answer -----------------------------------------------------------------------------


def test_three_looks_that_span_the_lag_are_counted_as_three() -> None:
    world = World(intent=a.an_intent(age=0))
    world.look()

    counted = [world.poll_and_look(after=after).absence.searches for after in (2, 30, 30)]

    assert counted == [1, 2, 3]


def test_polls_close_to_each_other_are_one_look() -> None:
    world = World(intent=a.an_intent(age=0))
    world.look()

    counted = [world.poll_and_look(after=2).absence.searches for _ in range(10)]

    assert counted == [1] * 10


def test_one_poll_is_one_look_however_often_the_object_is_woken() -> None:
    world = World(intent=a.an_intent(age=0))
    world.look()
    world.poll()

    counted = [world.look().absence.searches, world.look().absence.searches]
    world.clock.turned += 600

    assert [*counted, world.look().absence.searches] == [1, 1, 1]


def test_a_poll_that_shows_the_instance_is_no_look() -> None:
    world = World(intent=a.an_intent(age=0))
    world.look()

    assert world.poll_and_look(a.an_instance("creating")).absence.searches == 0


def test_looks_from_before_a_call_of_another_process_do_not_count_for_it() -> None:
    """It was looked at for minutes while nothing was asked; then a process that was frozen makes its call."""
    world = World()
    world.look()
    for _ in range(5):
        world.poll_and_look(after=60)
    world.resource = a.an_object(intent=a.an_intent(age=0))

    assert world.look().absence.searches == 0
    assert [world.poll_and_look(after=30).absence.searches for _ in range(3)] == [1, 2, 3]


def test_a_poll_that_had_begun_before_that_call_does_not_count_for_it() -> None:
    world = World()
    world.look()
    world.poll()
    world.look()
    number = world.accounts.begin_poll(world.account)
    world.resource = a.an_object(intent=a.an_intent(age=0))
    world.look()

    world.account.snapshot_poll = number

    assert world.look().absence.searches == 0


def test_a_call_is_as_old_as_this_process_knows_of_it() -> None:
    world = World(intent=a.an_intent(age=86_400))

    ages = [world.poll_and_look(after=after).absence.intent_known_for.total_seconds() for after in (0, 20, 40)]
    world.clock.jumped = 86_400
    ages.append(world.look().absence.intent_known_for.total_seconds())
    world.resource = a.an_object(intent=a.an_intent(attempt=2))

    assert [*ages, world.look().absence.intent_known_for.total_seconds()] == [0, 20, 60, 60, 0]


# --- Whether it is gone -----------------------------------------------------------------------------------------------


def test_an_instance_that_the_list_shows_again_was_never_gone() -> None:
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.look()
    world.poll()
    world.memory.gone_in_polls.add(world.account.snapshot_poll)
    world.memory.only_by_id = True
    assert world.look().absence.gone_polls == 1

    assert world.poll_and_look(a.an_instance()).absence.gone_polls == 0
    assert not world.poll_and_look().absence.only_by_id


def test_a_delete_that_was_accepted_and_not_done_explains_no_later_absence() -> None:
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.poll_and_look(a.an_instance())
    world.memory.delete_accepted_at = world.clock.monotonic()

    behind = world.poll_and_look(a.an_instance(), after=59)
    assert (behind.absence.delete_accepted, behind.absence.delete_settles) == (True, True)
    undone = world.poll_and_look(a.an_instance(), after=1)
    assert (undone.absence.delete_accepted, undone.absence.delete_settles) == (False, False)
    world.poll()
    world.memory.saw_nothing(world.account.snapshot_poll, world.clock.monotonic())
    assert not world.look().belief.believed


def test_a_delete_that_no_list_contradicts_explains_the_absence_however_late_it_is_seen() -> None:
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.poll_and_look(a.an_instance())
    world.memory.delete_accepted_at = world.clock.monotonic()

    late = world.poll_and_look(after=600)
    assert (late.absence.delete_accepted, late.absence.delete_settles) == (True, False)
    world.memory.saw_nothing(world.account.snapshot_poll, world.clock.monotonic())
    assert world.look().belief.believed


def test_another_instance_of_our_name_says_nothing_about_ours() -> None:
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.look()
    world.memory.gone_in_polls.add(1)

    assert world.poll_and_look(a.an_instance(instance_id="i-2")).absence.gone_polls == 1


def test_removed_instances_that_are_still_listed_are_not_found() -> None:
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.look()

    assert world.poll_and_look(a.an_instance("removed")).found == ()


# --- Whose it is ------------------------------------------------------------------------------------------------------


def test_instances_of_our_name_are_found_oldest_first() -> None:
    world = World()
    world.look()
    young, old = a.an_instance(instance_id="i-1", age=5), a.an_instance(instance_id="i-2", age=50)

    assert world.poll_and_look(young, old, a.an_instance(instance_id="i-3", name="nvo-abcdefgh-x")).found == (
        old,
        young,
    )


def test_an_id_in_the_status_that_belongs_to_another_object_is_not_ours() -> None:
    """A status that was restored with a backup, or edited by hand, must not lead to what belongs to others."""
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.look()

    seen = world.poll_and_look(a.an_instance(name="nvo-abcdefgh-aaaaaaaaaaaaaaaaaaaaaaaaaa"))

    assert seen.instance_id is None
    assert seen.found == ()


@pytest.mark.parametrize("name", ["somebody-elses", NAME[:24], f"{NAME}-1", NAME.upper()])
def test_an_id_under_a_name_that_is_no_objects_stays_recorded_and_nothing_is_done_to_it(name: str) -> None:
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.look()

    seen = world.poll_and_look(a.an_instance(name=name))

    assert (seen.instance_id, seen.instance, seen.found) == ("i-1", None, ())


def test_an_id_under_a_strangers_name_is_not_ours_where_ours_is_there_under_its_own_name() -> None:
    """Somebody wrote the id of a stranger into the status: it must not keep the object for ever."""
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.look()
    ours = a.an_instance(instance_id="i-2")

    seen = world.poll_and_look(a.an_instance(name="somebody-elses"), ours)

    assert (seen.instance_id, seen.instance, seen.found) == (None, ours, (ours,))


@pytest.mark.parametrize("shown", ["", f"{a.NAME}-1", a.NAME.upper(), a.NAME[:30]])
def test_an_id_whose_name_may_be_a_rendering_of_ours_stays_recorded_beside_another_of_our_name(shown: str) -> None:
    world = World(status={"instanceId": "i-1"}, intent=a.an_intent())
    world.look()

    seen = world.poll_and_look(a.an_instance(name=shown), a.an_instance(instance_id="i-2"))

    assert seen.instance_id == "i-1"


def test_an_id_that_novita_gave_this_process_counts_before_the_status_says_it() -> None:
    world = World(intent=a.an_intent(age=1))
    world.look()
    world.memory.learned("i-1")

    assert world.poll_and_look().instance_id == "i-1"


# --- The account ------------------------------------------------------------------------------------------------------


def test_without_an_account_nothing_is_fresh_and_nothing_is_found() -> None:
    world = World()

    seen = world.reconciler.observer.observe(world.resource, None, world.memory)

    assert (seen.account.state, seen.fresh, seen.found) == ("Absent", False, ())
    assert 'there is no NovitaAccount "default"' in seen.account.message


def test_a_namespace_that_is_not_admitted_is_named() -> None:
    world = World()
    world.account = parts.an_account(spec={"namespaces": {"names": ["others"]}})

    seen = world.look()

    assert seen.account.state == "NotAdmitted"
    assert 'does not admit namespace "team"' in seen.account.message
    assert "spec.namespaces" in seen.account.message


def test_a_written_status_does_not_choose_what_an_adopting_object_holds() -> None:
    mine, other = a.a_running_instance(id="mine", name="by-hand"), a.a_running_instance(id="other", name="of-others")
    world = World(spec={"adopt": {"instanceId": "mine"}}, status={"instanceId": "other"})
    world.look()

    seen = world.poll_and_look(mine, other)

    assert seen.instance_id is None
    assert seen.found == ()


def test_an_adopting_object_holds_what_it_has_adopted() -> None:
    mine = a.a_running_instance(id="mine", name="by-hand")
    world = World(spec={"adopt": {"instanceId": "mine"}}, status={"instanceId": "mine"})
    world.look()

    seen = world.poll_and_look(mine)

    assert (seen.instance_id, seen.found) == ("mine", (mine,))


def test_an_id_in_another_case_is_the_same_instance_and_so_is_that_of_its_failure() -> None:
    failure = a.a_failure("SpotReclaimed") | {"instanceId": "ab-1"}
    world = World(status={"instanceId": "ab-1", "failure": failure}, intent=a.an_intent())
    world.look()

    seen = world.poll_and_look(a.an_instance(instance_id="AB-1"))

    assert seen.instance is not None
    assert seen.instance_id == "AB-1"
    assert seen.resource.status.failure is not None
    assert seen.resource.status.failure.instance_id == "AB-1"


# --- A refusal that was carried out all the same ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "stays"), [("running", False), ("starting", False), ("exited", True), ("removing", True)]
)
def test_an_instance_that_starts_although_novita_had_no_gpu_for_it_is_not_replaced(word: str, stays: bool) -> None:
    failure = a.a_failure("NoCapacityAtStart") | {"instanceId": "i-1", "retryAt": a.wire(a.ago(60))}
    world = World(status={"instanceId": "i-1", "failure": failure}, intent=a.an_intent())
    world.look()

    seen = world.poll_and_look(a.an_instance(word))

    assert (seen.resource.status.failure is not None) is stays


@pytest.mark.parametrize("reason", ["SpotReclaimed", "PriceAboveLimit", "Failed", "StartupTimeout"])
def test_of_no_other_failure_a_running_instance_is_the_proof(reason: str) -> None:
    failure = a.a_failure(reason) | {"instanceId": "i-1"}
    world = World(status={"instanceId": "i-1", "failure": failure}, intent=a.an_intent())
    world.look()

    assert world.poll_and_look(a.an_instance()).resource.status.failure is not None


@pytest.mark.parametrize(
    ("outcome", "after", "promised"),
    [
        pytest.param("Refused", 59, True, id="the list may still hide what came of it"),
        pytest.param("Refused", 60, False, id="nothing came of it"),
        pytest.param("Pending", 59, True, id="nobody knows what came of it"),
        pytest.param("SoldOut", 0, False, id="no stock is taken at its word"),
        pytest.param("Released", 0, False, id="it was seen gone"),
    ],
)
def test_a_call_keeps_its_place_in_the_account_until_nothing_can_come_of_it(
    outcome: Any, after: float, promised: bool
) -> None:
    world = World(intent=a.an_intent(outcome=outcome))
    world.look()

    assert world.poll_and_look(after=after).nothing_is_coming is not promised


# --- A schedule that cannot be read ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule",
    [{"stop": "61 25 * * *"}, {"stop": "0 20 * * *", "timeZone": "Brazil"}],
    ids=["a cron expression that is none", "a time zone that is a directory"],
)
@pytest.mark.parametrize(
    ("lifetime", "cause", "after"),
    [({"maxSeconds": 3600}, "MaxSeconds", 3600), ({"idle": {"afterSeconds": 600}}, "Idle", 600)],
)
def test_a_schedule_that_cannot_be_read_holds_up_no_other_end(
    schedule: dict[str, str], lifetime: dict[str, Any], cause: str, after: int
) -> None:
    status = {"instanceId": "i-1", "startedAt": a.wire(a.ago(7200)), "readyAt": a.wire(a.ago(7200))}
    world = World(spec={"lifetime": lifetime | {"schedule": schedule}}, status=status)

    seen = world.poll_and_look(a.a_running_instance())

    assert seen.unclear_end is not None
    assert seen.end is not None
    assert (seen.end.cause, seen.end.at) == (cause, a.ago(7200 - after))
