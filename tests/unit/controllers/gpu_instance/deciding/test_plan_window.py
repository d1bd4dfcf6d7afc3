"""Outside the window of a schedule: nothing is rented or woken, what runs is ended, and it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import brief, message, report

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.action import Delete, Launch, Nothing, Start, Stop
from novita_operator.controllers.gpu_instance.deciding.plan import decide
from novita_operator.controllers.gpu_instance.observing import horizons
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import flaws
from novita_operator.novita.models import Instance

_CLOSED = {"start": "0 13 * * *", "stop": "0 11 * * *"}  # at noon
_OPEN = {"start": "0 11 * * *", "stop": "0 13 * * *"}
_UNREADABLE = _OPEN | {"timeZone": "Europe/Belrin"}
_HAS_RUN = {"instanceId": "i-1", "startedAt": wire(ago(90_000)), "stoppedAt": wire(ago(3600)), "phase": "Stopped"}
_OVERRIDE = {meta.RUN_UNTIL: wire(NOON + timedelta(hours=4))}


def _object(schedule: dict[str, str], *, spec: dict[str, Any] | None = None, **parts: Any) -> GPUInstance:
    return a.an_object(spec={"lifetime": {"schedule": schedule}} | (spec or {}), intent=a.an_intent(), **parts)


def _seen(resource: GPUInstance, *found: Instance) -> Observation:
    horizon = horizons.of(resource, Memory(0), NOON)
    return replace(
        a.an_observation(resource, *found, searches=3),
        ended=horizon.ended,
        end=horizon.end,
        unclear_end=horizon.unclear,
        flaw=flaws.of(resource),
        standing=horizon.standing,
    )


@pytest.mark.parametrize(
    ("schedule", "notes", "expected"),
    [
        (_CLOSED, {}, Nothing()),
        (_CLOSED, _OVERRIDE, Launch()),
        (_OPEN, {}, Launch()),
        (_UNREADABLE, {}, Nothing()),
        (_UNREADABLE, _OVERRIDE, Nothing()),
    ],
)
def test_nothing_is_rented_outside_the_window_but_for_an_override(
    schedule: dict[str, str], notes: dict[str, str], expected: object
) -> None:
    assert decide(_seen(_object(schedule, annotations=notes)), NOON) == expected


@pytest.mark.parametrize(
    ("schedule", "word", "expected"),
    [
        (_CLOSED, "exited", Nothing()),
        (_CLOSED, "running", Stop("i-1")),
        (_CLOSED | {"action": "Delete"}, "running", Delete(("i-1",))),
        (_CLOSED | {"action": "Delete"}, "exited", Delete(("i-1",))),
        (_OPEN, "exited", Start("i-1")),
        (_UNREADABLE, "exited", Nothing()),
    ],
)
@pytest.mark.parametrize("generation", [1, 2], ids=["as before", "edited"])
def test_what_there_is_follows_the_window_whatever_is_edited(
    schedule: dict[str, str], word: str, expected: object, generation: int
) -> None:
    resource = _object(schedule, status=_HAS_RUN, generation=generation)

    assert decide(_seen(resource, a.an_instance(word)), NOON) == expected


def test_a_spot_instance_that_is_taken_back_outside_the_window_is_not_replaced() -> None:
    spot = {"billing": "Spot"}
    taken = a.an_instance("exited", spot_status="terminated")

    assert decide(_seen(_object(_CLOSED, spec=spot, status=_HAS_RUN), taken), NOON) == Nothing()


def test_a_moment_that_passes_during_a_pass_is_no_end_of_a_window() -> None:
    seen = _seen(_object(_OPEN, status=_HAS_RUN), a.a_running_instance())
    assert seen.end is not None

    assert type(decide(seen, seen.end.at)).__name__ != "End"


def test_outside_the_window_it_is_ready_and_says_when_it_opens_and_what_runs_it_before() -> None:
    outcome = report(_seen(_object(_CLOSED)))

    assert brief(outcome, "Ready") == "True/Stopped"
    assert message(outcome, "Ready") == (
        "It is outside spec.lifetime.schedule, which starts at 2026-11-24 13:00 UTC. To run it before, set "
        "gpu.novita.ai/run-until to a time, as `kubectl novita start NAME --until 18:00` does. Nothing is rented, and "
        "nothing is billed."
    )
    assert outcome.status["startsAt"] == "2026-11-24T13:00:00Z"


def test_a_window_that_deletes_is_stopped_and_has_not_ended() -> None:
    outcome = report(_seen(_object(_CLOSED | {"action": "Delete"})))

    assert brief(outcome, "Ready") == "True/Stopped"


def test_an_override_that_has_passed_is_told() -> None:
    outcome = report(_seen(_object(_CLOSED, annotations={meta.RUN_UNTIL: wire(ago(3600))})))

    assert "(it says 2026-11-24 11:00 UTC, which has passed)" in message(outcome, "Ready")
    assert "overriddenUntil" not in outcome.status


def test_an_override_in_force_is_told_with_its_end() -> None:
    seen = _seen(_object(_CLOSED, annotations=_OVERRIDE, status=_HAS_RUN), a.a_running_instance())

    assert report(seen).status["overriddenUntil"] == "2026-11-24T16:00:00Z"


def test_what_was_to_be_taken_over_is_not_said_to_cost_nothing() -> None:
    outcome = report(_seen(_object(_CLOSED, spec={"adopt": {"instanceId": "i-9"}})))

    assert "Instance i-9 is taken over then" in message(outcome, "Ready")


def test_powers_word_wins_over_an_open_window_and_promises_no_start() -> None:
    outcome = report(_seen(_object(_CLOSED, spec={"powerState": "Stopped"})))

    assert brief(outcome, "Ready") == "True/Stopped"
    assert "startsAt" not in outcome.status


def test_a_schedule_that_cannot_be_read_stalls_what_it_holds_back() -> None:
    outcome = report(_seen(_object(_UNREADABLE)))

    assert brief(outcome, "Ready") == brief(outcome, "Scheduled") == "False/InvalidSpec"
    assert brief(outcome, "Stalled") == "True/InvalidSpec"
