"""What the owner of a GPUInstance sees of it."""

from __future__ import annotations

from typing import Any

import pytest

from novita_operator.reconciling import owned


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
