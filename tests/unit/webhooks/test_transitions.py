"""Which webhooks a change of the status causes, and how they are written down."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.support.builders import NOON, ago, an_object, wire

from novita_operator.api.gpu_instance.notifications import MOST_WAITING
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.controllers.gpu_instance.reporting import notifications
from novita_operator.reconciling.outcome import Outcome
from novita_operator.webhooks.receivers import Receiver

EVERYTHING = Receiver("everything", SecretStr("https://receiver.example/"))
ONLY_STOPS = Receiver("only-stops", SecretStr("https://other.example/"), frozenset({"instance.stopped"}))


def status(reason: str = "Ready", *, ready: bool | None = None, instance: str | None = "i-1", **more: Any) -> Any:
    """A status on the wire; Ready is True for the reasons that mean it."""
    true = reason in {"Ready", "Stopped"} if ready is None else ready
    condition = {
        "type": "Ready",
        "status": "True" if true else "False",
        "reason": reason,
        "lastTransitionTime": wire(ago(60)),
    }
    found = {"conditions": [condition, *more.pop("conditions", [])], **more}
    return found | ({"instanceId": instance} if instance else {})


def failure(reason: str, *, retried: bool = False, at: float = 60, instance: str = "i-1") -> Any:
    found = {"reason": reason, "message": f"It is a {reason}.", "at": wire(ago(at)), "instanceId": instance}
    return found | {"generation": 1} | ({"retryAt": wire(ago(at))} if retried else {})


RECLAIMING = [
    {"type": "SpotReclaiming", "status": "True", "reason": "SpotReclaimed", "lastTransitionTime": wire(ago(60))}
]
LOST = {"instanceId": "i-1", "at": wire(ago(90))}

TABLE: dict[str, tuple[Any, Any, list[str]]] = {
    "the first status tells nothing": ({}, status("Scheduling", instance=None), []),
    "creating tells nothing": (status("Scheduling", instance=None), status("Creating"), []),
    "becoming Ready": (status("Starting"), status("Ready"), ["ready"]),
    "staying Ready": (status("Ready"), status("Ready", cost=None), []),
    "answering no more": (status("Ready"), status("NotReachable"), []),
    "answering again": (status("NotReachable"), status("Ready"), ["ready"]),
    "stopping": (status("Ready"), status("Stopping"), []),
    "being stopped": (status("Stopping"), status("Stopped"), ["stopped"]),
    "staying stopped": (status("Stopped"), status("Stopped"), []),
    "being Ready right after a stop": (status("Stopped"), status("Ready"), ["ready"]),
    "being stopped without ever having been rented": (
        status("Scheduling", instance=None),
        status("Stopped", instance=None),
        [],
    ),
    "a failure that only a person can help": (
        status("Starting"),
        status("StartupTimeout", failure=failure("StartupTimeout")),
        ["failed"],
    ),
    "a failure that is tried again": (
        status("Ready"),
        status("Failed", failure=failure("Failed", retried=True)),
        ["failed"],
    ),
    "the same failure in the next pass": (
        status("Failed", failure=failure("Failed")),
        status("Failed", failure=failure("Failed")),
        [],
    ),
    "another failure of the same kind": (
        status("Failed", failure=failure("Failed", at=600)),
        status("Failed", failure=failure("Failed")),
        ["failed"],
    ),
    "the delete after a deadline": (
        status("StartupTimeout", failure=failure("StartupTimeout")),
        status("StartupTimeout", instance=None, failure=failure("StartupTimeout")),
        ["deleted"],
    ),
    "the end of a lifetime": (status("Stopping"), status("Ended", ready=True, instance=None), ["deleted"]),
    "an instance that vanished": (
        status("Ready"),
        status("InstanceLost", instance=None, failure=failure("InstanceLost")),
        ["failed"],
    ),
    "a notice of reclaim": (status("Ready"), status("Ready", conditions=RECLAIMING), ["reclaim_notice"]),
    "a notice of reclaim with a time": (
        status("Ready"),
        status("Ready", spotReclaimAt=wire(ago(-3600))),
        ["reclaim_notice"],
    ),
    "the same notice in the next pass": (
        status("Ready", conditions=RECLAIMING),
        status("Ready", conditions=RECLAIMING, spotReclaimAt=wire(ago(-3600))),
        [],
    ),
    "a reclaimed instance that is replaced": (
        status("Ready", conditions=RECLAIMING),
        status("SpotReclaimed", failure=failure("SpotReclaimed", retried=True)),
        [],
    ),
    "a reclaimed instance that is left": (
        status("Ready", conditions=RECLAIMING),
        status("SpotReclaimed", failure=failure("SpotReclaimed")),
        ["failed"],
    ),
    "the delete of a reclaimed instance": (
        status("SpotReclaimed", failure=failure("SpotReclaimed", retried=True)),
        status("SpotReclaimed", instance=None, failure=failure("SpotReclaimed", retried=True)),
        [],
    ),
    "its replacement being Ready": (
        status("Starting", instance="i-2", reclaimed=LOST),
        status("Ready", instance="i-2"),
        ["migrated", "ready"],
    ),
    "the instance staying after all": (status("SpotReclaimed", reclaimed=LOST), status("Ready"), ["ready"]),
    "a stopped instance without a free GPU": (
        status("Starting"),
        status("NoCapacityAtStart", failure=failure("NoCapacityAtStart", retried=True)),
        ["failed"],
    ),
    "its delete": (
        status("NoCapacityAtStart", failure=failure("NoCapacityAtStart", retried=True)),
        status("NoCapacityAtStart", instance=None, failure=failure("NoCapacityAtStart", retried=True)),
        ["deleted"],
    ),
}


@pytest.mark.parametrize(("old", "new", "events"), TABLE.values(), ids=TABLE.keys())
def test_a_transition_tells(old: Any, new: Any, events: list[str]) -> None:
    before, after = GPUInstanceStatus.model_validate(old), GPUInstanceStatus.model_validate(new)

    told = notifications.transitions(before, after, NOON)

    assert [each.event for each in told] == [f"instance.{event}" for event in events]


def amended(old: Any, new: Any, *receivers: Receiver, newest: Any = None, version: str = "7") -> Outcome:
    """What is written after a pass that turns the one status into the other."""
    resource = an_object(status=old)
    meta = resource.meta.model_copy(update={"resource_version": version})
    seen = type(resource)(meta, resource.spec, resource.status)
    return notifications.amended(Outcome(new), seen, old if newest is None else newest, receivers, NOON)


def test_what_is_told_stands_in_the_status_of_the_transition_with_its_receivers() -> None:
    outcome = amended(status("Stopping"), status("Stopped"), EVERYTHING, ONLY_STOPS)

    (told,) = outcome.status["notifications"]
    assert (told["event"], told["at"], told["instanceId"]) == ("instance.stopped", wire(NOON), "i-1")
    assert told["to"] == ["everything", "only-stops"]


def test_a_receiver_that_does_not_want_an_event_is_left_out_and_an_event_that_nobody_wants_too() -> None:
    both = amended(status("Starting"), status("Ready"), EVERYTHING, ONLY_STOPS)
    nobody = amended(status("Starting"), status("Ready"), ONLY_STOPS)

    assert [told["to"] for told in both.status["notifications"]] == [["everything"]]
    assert "notifications" not in nobody.status


def test_a_pass_repeated_over_the_same_version_has_the_same_id_and_another_version_another_one() -> None:
    ids = [
        amended(status("Starting"), status("Ready"), EVERYTHING, version=version).status["notifications"][0]["id"]
        for version in ("7", "7", "8")
    ]

    assert ids[0] == ids[1] != ids[2]


def test_what_was_delivered_during_the_pass_does_not_come_back() -> None:
    waiting = [{"id": "whk_1", "event": "instance.ready", "at": wire(ago(60)), "to": ["everything"]}]
    old = status("Stopping", notifications=waiting)

    outcome = amended(old, status("Stopped", notifications=waiting), EVERYTHING, newest=status("Stopping"))

    assert [told["event"] for told in outcome.status["notifications"]] == ["instance.stopped"]


def test_what_waits_stays_ahead_of_what_is_new() -> None:
    waiting = [{"id": "whk_1", "event": "instance.ready", "at": wire(ago(60)), "to": ["everything"]}]

    outcome = amended(status("Stopping", notifications=waiting), status("Stopped"), EVERYTHING)

    assert [told["event"] for told in outcome.status["notifications"]] == ["instance.ready", "instance.stopped"]


def test_the_tries_of_what_waits_stay_when_a_pass_writes_the_status() -> None:
    """Also those that were noted while the pass was under way."""
    tried = [{"receiver": "everything", "count": 3, "next": wire(ago(-20))}]
    waiting = [{"id": "whk_1", "event": "instance.ready", "at": wire(ago(60)), "to": ["everything"]}]
    newest = status("Stopping", notifications=[{**waiting[0], "tried": tried}])

    outcome = amended(status("Stopping", notifications=waiting), status("Stopped"), EVERYTHING, newest=newest)

    told = outcome.status["notifications"]
    assert [(each["event"], each.get("tried")) for each in told] == [
        ("instance.ready", tried),
        ("instance.stopped", None),
    ]


def test_tries_that_cannot_be_read_do_not_take_what_waits_with_them() -> None:
    tried = [{"receiver": "everything", "count": 3, "next": "9999-12-31T23:59:59Z"}]
    waiting = [{"id": "whk_1", "event": "instance.ready", "at": wire(ago(60)), "to": ["everything"], "tried": tried}]

    outcome = amended(status("Stopping", notifications=waiting), status("Stopped"), EVERYTHING)

    told = outcome.status["notifications"]
    assert [(each["event"], "tried" in each) for each in told] == [
        ("instance.ready", False),
        ("instance.stopped", False),
    ]


def test_a_webhook_that_cannot_be_read_does_not_take_the_others_with_it_when_a_pass_writes_the_status() -> None:
    fine = {"id": "whk_1", "event": "instance.ready", "at": wire(ago(60)), "to": ["everything"]}
    waiting = [{**fine, "event": "instance.dreams"}, fine]

    outcome = amended(
        status("Stopping"), status("Stopped"), EVERYTHING, newest=status("Stopping", notifications=waiting)
    )

    assert [told["event"] for told in outcome.status["notifications"]] == ["instance.ready", "instance.stopped"]


def test_the_oldest_of_too_many_is_dropped_with_an_event() -> None:
    waiting = [
        {"id": f"whk_{number}", "event": "instance.ready", "at": wire(ago(60)), "to": ["everything"]}
        for number in range(MOST_WAITING)
    ]

    outcome = amended(status("Stopping", notifications=waiting), status("Stopped"), EVERYTHING)

    ids = [told["id"] for told in outcome.status["notifications"]]
    assert ids[:-1] == [f"whk_{number}" for number in range(1, MOST_WAITING)]
    assert [event.reason for event in outcome.events] == ["NotificationFailed"]


def test_the_reclaimed_instance_is_remembered_until_another_one_is_ready() -> None:
    lost = failure("SpotReclaimed", retried=True)
    at_loss = amended(status("Ready"), status("SpotReclaimed", failure=lost), EVERYTHING)
    on_the_way = amended(
        status("SpotReclaimed", instance=None, failure=lost, reclaimed=LOST), status("Creating", instance="i-2")
    )
    at_end = amended(status("Starting", instance="i-2", reclaimed=LOST), status("Ready", instance="i-2"), EVERYTHING)

    assert at_loss.status["reclaimed"] == {"instanceId": "i-1", "at": lost["at"]}
    assert on_the_way.status["reclaimed"] == LOST
    assert "reclaimed" not in at_end.status
    assert at_end.status["notifications"][0]["originalInstanceId"] == "i-1"


def test_of_two_lost_in_a_row_the_one_that_users_had_is_remembered() -> None:
    second = failure("SpotReclaimed", retried=True, instance="i-2")

    outcome = amended(
        status("Creating", instance="i-2", reclaimed=LOST), status("SpotReclaimed", instance="i-2", failure=second)
    )

    assert outcome.status["reclaimed"]["instanceId"] == "i-1"


@pytest.mark.parametrize("policy", ["Retain", "Stop"])
def test_an_instance_that_is_left_at_novita_is_not_told_as_deleted(policy: str) -> None:
    resource = an_object(spec={"deletionPolicy": policy}, status=status("Ready"))

    assert notifications.farewell(resource, [EVERYTHING], NOON) is None


def test_an_object_that_never_had_an_instance_goes_in_silence() -> None:
    assert notifications.farewell(an_object(status=status("NoCapacity", instance=None)), [EVERYTHING], NOON) is None


def test_an_object_that_goes_with_its_instance_tells_so() -> None:
    told = notifications.farewell(an_object(status=status("Ready")), [EVERYTHING, ONLY_STOPS], NOON)

    assert told is not None
    assert (told.event, told.instance_id, told.to) == ("instance.deleted", "i-1", ("everything",))
