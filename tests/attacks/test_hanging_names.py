"""Webhooks to names whose look-up hangs: they hold up those of their own namespace, and nobody else's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.conftest import MakeWorkspace
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.processes import REPOSITORY
from tests.support.simulator import Simulator
from tests.webhooks.places import Place

_COMMAND = (sys.executable, "-m", "tests.support.hanging_names_operator", "run")
_OBJECTS, _RECEIVERS = 4, 3  # more names than the resolver of a process has threads, were they not shared out
_SETTINGS = {"WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8", "WEBHOOK_RETRY_DELAY": "100", "WEBHOOK_TIMEOUT": "2000"}


def _to_hanging_names(number: int) -> list[dict[str, Any]]:
    return [{"url": f"http://r{number}-{each}.hangs.example/hook"} for each in range(_RECEIVERS)]


async def test_webhooks_to_names_that_hang_do_not_hold_up_those_of_a_neighbour(
    make_workspace: MakeWorkspace, private_plane: Plane, simulator: Simulator, tmp_path: Path
) -> None:
    victim, attacker = await make_workspace(), await make_workspace()
    settings = {
        "NOVITA_API_URL": simulator.url,
        "WATCH_NAMESPACES": f"{victim.namespace},{attacker.namespace}",
        "PYTHONPATH": f"{REPOSITORY / 'operator'}:{REPOSITORY}",
    }
    operator = OperatorProcess.launch(tmp_path, private_plane.operator_kubeconfig, _COMMAND, **settings | _SETTINGS)
    try:
        await operator.until_ready()
        victim.operator = attacker.operator = operator
        for number in range(_OBJECTS):
            await attacker.create(f"gpu-{number}", notifications=_to_hanging_names(number))
        # All of its first tries have failed: by now, every thread that it can get hangs.
        told = [await attacker.until_event("NotificationFailed", f"gpu-{number}") for number in range(_OBJECTS)]

        async with Place() as place:
            await victim.create(notifications=[{"url": f"http://localhost:{place.port}/hook"}])
            await victim.until_novita(lambda: _told(place), "the victim's webhook has arrived")

        assert place.events("gpu") == ["instance.ready"]
        assert "NotificationFailed" not in await victim.reasons()
        assert all("has a host whose name is not resolved within 2 s" in event["message"] for event in told)
    finally:
        await operator.close()


async def _told(place: Place) -> bool:
    return bool(place.events("gpu"))
