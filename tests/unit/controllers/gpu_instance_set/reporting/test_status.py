"""What a set says of itself: counts, conditions for people and for kstatus, failures, Events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.controllers.gpu_instance_set import sets as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.controllers.gpu_instance_set import action
from novita_operator.controllers.gpu_instance_set.observing.observation import Observation
from novita_operator.controllers.gpu_instance_set.reporting import status
from novita_operator.controllers.gpu_instance_set.result import Result

WAITING = Result(action.Wait())
DONE = Result(action.Nothing())
LONG_AGO = {"progressedAt": wire(ago(901)), "observedGeneration": 1, "readyReplicas": 1, "updatedReplicas": 2}


def report(seen: Observation, result: Result = WAITING) -> dict[str, Any]:
    return status.report(seen, result, NOON).status


def conditions(wire_form: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in wire_form["conditions"]}


def reasons(seen: Observation, result: Result) -> list[str]:
    return [str(event.reason) for event in status.report(seen, result, NOON).events]


def test_counts_speak_of_instances_that_are_not_being_deleted() -> None:
    seen = a.seen(
        a.a_set(replicas=5), a.an_instance(0), a.an_instance(1, hashed=a.OLD), a.starting(2), a.broken(3), a.going(4)
    )

    told = report(seen)

    assert (told["replicas"], told["readyReplicas"]) == (4, 2)
    assert (told["updatedReplicas"], told["failedReplicas"]) == (3, 1)
    assert told["selector"] == "gpu.novita.ai/set=web"
    # The one that is being deleted may still be billed.
    assert told["pricePerHour"] == "1.40"


def test_all_ready_is_ready_and_nothing_else() -> None:
    told = report(a.seen(a.a_set(replicas=2), a.an_instance(0), a.an_instance(1)), DONE)

    assert conditions(told) == {"Ready": ("True", "Ready")}


def counts(wire_form: dict[str, Any]) -> tuple[int, int, int]:
    return wire_form["readyReplicas"], wire_form["stoppedReplicas"], wire_form["endedReplicas"]


@pytest.mark.parametrize(
    ("children", "reason", "expected"),
    [
        pytest.param((a.stopped(0), a.stopped(1)), "Stopped", (0, 2, 0), id="all are stopped"),
        pytest.param((a.an_instance(0), a.stopped(1)), "Stopped", (1, 1, 0), id="one is stopped"),
        pytest.param((a.over(0), a.over(1)), "Ended", (0, 0, 2), id="all have ended"),
        pytest.param((a.over(0, reason="Stopped"), a.over(1)), "Ended", (0, 0, 2), id="one was stopped for good"),
        pytest.param((a.an_instance(0), a.over(1)), "Ended", (1, 0, 1), id="one has ended and one runs"),
        pytest.param((a.stopped(0), a.over(1)), "Ended", (0, 1, 1), id="one has ended and one is stopped"),
    ],
)
def test_a_set_says_ready_only_where_all_run(
    children: tuple[a.Child, ...], reason: str, expected: tuple[int, int, int]
) -> None:
    told = report(a.seen(a.a_set(replicas=2), *children), DONE)

    assert conditions(told) == {"Ready": ("True", reason)}
    assert counts(told) == expected


def test_what_has_ended_is_told_with_the_way_to_another_one() -> None:
    told = report(a.seen(a.a_set(replicas=3), a.an_instance(0), a.stopped(1), a.over(2)), DONE)

    assert told["conditions"][0]["message"] == (
        "Of 3 instances, 1 run, 1 are stopped as their spec asks, 1 were ended by spec.lifetime and are not replaced: "
        "delete such an instance, and the set makes another one."
    )


def test_an_old_template_is_told_of_instances_that_have_ended_too() -> None:
    told = report(a.seen(a.a_set(replicas=1), a.over(0, hashed=a.OLD)), DONE)

    assert conditions(told) == {"Ready": ("True", "Ended")}
    assert "1 still uses the old template. OnDelete does not replace it" in told["conditions"][0]["message"]


def test_beside_one_that_is_on_its_way_the_others_are_counted_as_what_they_are() -> None:
    told = report(a.seen(a.a_set(replicas=4), a.an_instance(0), a.stopped(1), a.over(2), a.starting(3)))

    assert conditions(told)["Ready"] == ("False", "Creating")
    assert counts(told) == (1, 1, 1)
    assert told["conditions"][0]["message"] == (
        "1 of 4 instances are Ready; 1 stopped; 1 ended by spec.lifetime; 1 on their way."
    )


def test_each_way_to_be_as_wanted_has_its_event() -> None:
    known = {"conditions": report(a.seen(a.a_set(replicas=1), a.an_instance(0)), DONE)["conditions"]}

    assert reasons(a.seen(a.a_set(replicas=1, status=known), a.stopped(0)), DONE) == ["Stopped"]
    assert reasons(a.seen(a.a_set(replicas=1, status=known), a.over(0)), DONE) == ["Ended"]


def test_the_deadline_of_a_set_that_was_as_wanted_begins_when_it_no_longer_is() -> None:
    was = report(a.seen(a.a_set(replicas=1, status=LONG_AGO), a.stopped(0)), DONE)
    starts = a.seen(a.a_set(replicas=1, status=was), a.starting(0, was_ready=True))

    told = report(starts)

    assert was["progressedAt"] == LONG_AGO["progressedAt"]
    assert told["progressedAt"] == wire(NOON)
    assert conditions(told)["Ready"] == ("False", "Creating")


def test_a_pause_that_cannot_be_read_is_told() -> None:
    seen = a.seen(a.a_set(replicas=1, annotations={"gpu.novita.ai/paused": "yes"}), a.an_instance(0))

    assert conditions(report(seen, DONE))["Unreadable"] == ("True", "InvalidValue")


def test_no_instance_wanted_and_none_there_is_ready() -> None:
    assert conditions(report(a.seen(a.a_set(replicas=0)), DONE)) == {"Ready": ("True", "Ready")}


def test_on_delete_is_ready_with_old_instances_and_says_so() -> None:
    told = report(a.seen(a.a_set(replicas=1), a.an_instance(0, hashed=a.OLD)), DONE)

    assert conditions(told) == {"Ready": ("True", "Ready")}
    assert "old template" in told["conditions"][0]["message"]


def test_recreate_is_not_ready_before_the_last_old_instance_is_replaced() -> None:
    resource = a.a_set(replicas=1, updateStrategy={"type": "Recreate"})
    told = report(a.seen(resource, a.an_instance(0, hashed=a.OLD)))

    assert conditions(told) == {"Ready": ("False", "Updating"), "Reconciling": ("True", "Updating")}


def test_instances_on_their_way_are_told_with_the_limits() -> None:
    told = report(a.seen(a.a_set(replicas=5, createIntervalSeconds=5), a.an_instance(0), a.starting(1)))

    assert conditions(told) == {"Ready": ("False", "Creating"), "Reconciling": ("True", "Creating")}
    assert told["conditions"][0]["message"] == (
        "1 of 5 instances are Ready; 1 on their way; 3 to be made, 3 at a time and 5 s apart."
    )


def test_scaling_down_lasts_until_the_instances_are_gone() -> None:
    told = report(a.seen(a.a_set(replicas=1), a.an_instance(0), a.going(1)))

    assert conditions(told)["Ready"] == ("False", "ScalingDown")


def test_a_failure_for_good_stalls_the_set_once_nothing_else_is_under_way() -> None:
    seen = a.seen(a.a_set(replicas=2), a.an_instance(0), a.broken(1))

    assert conditions(report(seen, DONE)) == {
        "Ready": ("False", "ReplicasFailed"),
        "Stalled": ("True", "ReplicasFailed"),
    }
    assert "web-1" in report(seen, DONE)["conditions"][0]["message"]


def test_a_failure_does_not_stall_the_set_while_others_are_on_their_way() -> None:
    seen = a.seen(a.a_set(replicas=2), a.broken(0), a.starting(1))

    assert "Stalled" not in conditions(report(seen))


def test_failures_name_the_instance_with_reason_and_message() -> None:
    seen = a.seen(a.a_set(), a.broken(10), a.starting(2, trouble=a.NO_STOCK))

    assert report(seen)["failures"] == [
        {"name": "web-2", "reason": "NoCapacity", "message": "Novita has no free GPU."},
        {"name": "web-10", "reason": "StartupTimeout", "message": "It was not Ready in time."},
    ]


def test_ready_tells_all_that_the_first_failed_instance_says_of_its_way_out() -> None:
    refused = replace(a.BROKEN, reason="NotAllowed", message=f"{'x' * 400} Whoever may edit it can change that.")
    seen = a.seen(a.a_set(replicas=3), a.broken(10), a.broken(2, trouble=refused), a.starting(1))

    told = report(seen)

    (ready,) = [each for each in told["conditions"] if each["type"] == "Ready"]
    assert ready["message"].endswith(f" web-2 is NotAllowed: {refused.message}")
    assert len(told["failures"][0]["message"]) == 300


def test_a_hundred_failures_do_not_make_the_status_large() -> None:
    told = report(a.seen(a.a_set(replicas=100), *(a.broken(index) for index in range(100))), DONE)

    assert len(told["failures"]) == 10
    assert told["failedReplicas"] == 100


def test_no_progress_within_the_deadline_stalls_the_set() -> None:
    seen = a.seen(a.a_set(replicas=2, status=LONG_AGO), a.an_instance(0), a.starting(1))

    told = report(seen)

    assert conditions(told)["Stalled"] == ("True", "ProgressDeadlineExceeded")
    assert "900 s" in told["conditions"][0]["message"]
    assert told["progressedAt"] == LONG_AGO["progressedAt"]


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"readyReplicas": 0}, WAITING),
        ({"updatedReplicas": 1}, WAITING),
        ({"observedGeneration": 0}, WAITING),
        ({}, Result(action.Make("web-1"), made="web-1")),
        ({}, Result(action.Remove((a.going(1),), "Surplus"), removed=("web-1",))),
    ],
    ids=["one more is Ready", "one more is updated", "the spec was edited", "one was made", "one was deleted"],
)
def test_any_progress_begins_the_deadline_anew(change: dict[str, int], result: Result) -> None:
    seen = a.seen(a.a_set(replicas=2, status=LONG_AGO | change), a.an_instance(0), a.starting(1))

    told = report(seen, result)

    assert "Stalled" not in conditions(told)
    assert told["progressedAt"] == wire(NOON)


def test_a_complete_set_is_never_late() -> None:
    seen = a.seen(a.a_set(replicas=1, status=LONG_AGO), a.an_instance(0))

    assert conditions(report(seen, DONE)) == {"Ready": ("True", "Ready")}
    assert status.due_in(seen, report(seen, DONE), NOON) is None


def test_an_incomplete_set_is_looked_at_again_at_its_deadline() -> None:
    seen = a.seen(a.a_set(replicas=2, status=LONG_AGO | {"progressedAt": wire(ago(800))}), a.an_instance(0))

    assert status.due_in(seen, report(seen), NOON) == 100


def test_what_the_cluster_refuses_is_told_and_tried_again() -> None:
    result = Result(action.Make("web-0"), refused='exceeded quota "gpus".')

    told = report(a.seen(a.a_set()), result)

    assert conditions(told) == {"Ready": ("False", "CreateRefused"), "Reconciling": ("True", "CreateRefused")}
    assert 'exceeded quota "gpus"' in told["conditions"][0]["message"]
    assert reasons(a.seen(a.a_set()), result) == ["FailedCreate"]


def test_a_spec_that_cannot_be_read_stalls_the_set_and_keeps_the_counts() -> None:
    told = report(a.seen(a.a_set(maxConcurrent="many", status={"replicas": 3}), a.an_instance(0)), DONE)

    assert conditions(told) == {"Ready": ("False", "InvalidSpec"), "Stalled": ("True", "InvalidSpec")}
    assert "spec.maxConcurrent" in told["conditions"][0]["message"]
    assert told["replicas"] == 3


def test_a_pause_is_told_without_claiming_that_work_is_under_way_for_ever() -> None:
    told = report(a.seen(a.a_set(annotations={"gpu.novita.ai/paused": "true"})), DONE)

    assert conditions(told)["Ready"] == ("False", "Paused")


def test_events_tell_of_made_deleted_and_failed_instances_and_of_ready() -> None:
    made = Result(action.Make("web-0"), made="web-0")
    gone = Result(action.Remove((a.an_instance(1),), "Outdated"), removed=("web-1",))

    assert reasons(a.seen(a.a_set(), a.starting(0)), made) == ["SuccessfulCreate"]
    assert reasons(a.seen(a.a_set(), a.going(1)), gone) == ["SuccessfulDelete"]
    assert reasons(a.seen(a.a_set(), a.broken(0)), WAITING) == ["ReplicaFailed"]
    assert reasons(a.seen(a.a_set(replicas=1), a.an_instance(0)), DONE) == ["Ready"]


def test_an_event_is_not_repeated_for_what_the_status_tells_already() -> None:
    seen = a.seen(a.a_set(replicas=1), a.broken(0))
    known = report(seen, DONE)

    assert reasons(a.seen(a.a_set(replicas=1, status=known), a.broken(0)), DONE) == []


def test_an_unexpected_error_is_told_and_nothing_else_is_touched() -> None:
    known = report(a.seen(a.a_set(replicas=1), a.an_instance(0)), DONE)

    told = status.crashed(a.a_set(status=known), KeyError("x"), 5.0, NOON)

    assert conditions(told) == {"Ready": ("True", "Ready"), "Reconciling": ("True", "InternalError")}
    assert {**told, "conditions": None} == {**known, "conditions": None}
