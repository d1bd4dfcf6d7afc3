"""What the owner of a GPUInstance sees of it."""

from __future__ import annotations

from typing import Any

import pytest

from novita_operator.reconciling import owned

_METADATA = {"name": "web-0", "uid": "u", "creationTimestamp": "2026-11-28T12:00:00Z"}


@pytest.mark.parametrize(
    ("ready", "ended", "state"),
    [
        (("True", "Ready"), None, "running"),
        (("True", "Stopped"), None, "stopped"),
        (("True", "Stopped"), "Idle", "stopped"),
        (("True", "Stopped"), "Schedule", "stopped"),
        (("True", "Stopped"), "MaxSeconds", "over"),
        (("True", "Ended"), "MaxSeconds", "over"),
        (("True", "Ended"), "Idle", "over"),
        (("False", "Stopping"), "MaxSeconds", "none"),
        (("False", "Starting"), None, "none"),
    ],
)
def test_an_instance_that_is_as_wanted_runs_is_stopped_or_is_over(
    ready: tuple[str, str], ended: str | None, state: str
) -> None:
    status: dict[str, Any] = {"conditions": [{"type": "Ready", "status": ready[0], "reason": ready[1]}]}

    child = owned.child({"metadata": _METADATA, "status": status | ({"ended": {"cause": ended}} if ended else {})})

    found = {name for name in ("running", "stopped", "over") if getattr(child, name)}
    assert found == ({state} if state != "none" else set())


@pytest.mark.parametrize(("reason", "costs"), [("Ready", True), ("Stopped", False), ("Ended", False)])
def test_what_is_at_rest_costs_nothing_by_the_hour(reason: str, costs: bool) -> None:
    told = [{"type": "Ready", "status": "True", "reason": reason}]

    child = owned.child(
        {"metadata": _METADATA, "status": {"conditions": told, "instanceId": "i-1", "pricePerHour": "0.35"}}
    )

    assert (child.price_per_hour is not None) is costs


@pytest.mark.parametrize(
    ("status", "was_ready", "ran"),
    [
        ({}, False, False),
        ({"phase": "Pulling", "startedAt": "2026-11-28T12:00:00Z"}, False, False),
        ({"phase": "Running", "connection": {"ssh": "ssh root@proxy"}}, False, True),
        ({"phase": "Failed", "connection": {"ssh": "ssh root@proxy"}, "failure": {"reason": "Failed"}}, False, True),
        ({"phase": "Running", "readyAt": "2026-11-28T12:00:00Z"}, True, True),
    ],
    ids=["nothing yet", "it pulls", "it runs and is not reachable", "it has ended since", "it is ready"],
)
def test_an_instance_ran_once_it_had_an_address(status: dict[str, Any], was_ready: bool, ran: bool) -> None:
    metadata = {"name": "train-1", "uid": "u", "creationTimestamp": "2026-11-28T12:00:00Z"}

    child = owned.child({"metadata": metadata, "status": status})

    assert (child.was_ready, child.ran) == (was_ready, ran)
