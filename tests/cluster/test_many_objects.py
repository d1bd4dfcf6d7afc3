"""Two hundred objects at once: each gets its one instance, and the account is polled as if there were one object."""

from __future__ import annotations

import asyncio
import math
import sys
import time

import pytest
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube, waiting
from tests.support.history import condition
from tests.support.plane import OPERATOR_USER
from tests.support.workspace import Workspace

_OBJECTS = 200
_PAGE = 100  # what one list call brings at most (novita-api 2A.1)
_POLL_SECONDS = 2.0  # while anything moves, as by default
_SECONDS = 150.0  # until all are Ready; on an idle machine a tenth of it
_SETTINGS = {
    "TRANSITION_POLL_INTERVAL": str(round(_POLL_SECONDS * 1000)),
    "POLL_INTERVAL": "30000",
    "CATALOG_MAX_AGE": "60000",
    "COST_INTERVAL": "86400000",
    "LOG_LEVEL": "INFO",
}


async def test_two_hundred_objects_become_ready_with_two_hundred_creates_and_one_poll_for_all(
    make_workspace: MakeWorkspace, start_operator: StartOperator, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, **_SETTINGS)
    await workspace.until_account("Ready", "True")
    audit = workspace.plane.audit.from_now()
    await workspace.novita.forget_calls()
    started = time.monotonic()

    await asyncio.gather(*(workspace.create(f"gpu-{number}") for number in range(_OBJECTS)))
    await waiting.until(
        lambda: _all_ready(workspace), "all are Ready", seconds=_SECONDS, pause=0.5, explain=workspace.explain
    )

    elapsed = time.monotonic() - started
    calls, ledger = await workspace.novita.calls(), await workspace.novita.ledger()
    writes = audit.count(user=OPERATOR_USER, namespace=workspace.namespace)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{_OBJECTS} objects Ready after {elapsed:.1f} s; calls {dict(calls.by_route)}; writes {dict(writes)}\n"
        )
    assert (ledger.created, ledger.duplicated, len(ledger.live)) == (_OBJECTS, 0, _OBJECTS)
    assert calls.of("create") == _OBJECTS
    assert len({record.name for record in ledger.records}) == _OBJECTS
    # One list a period, in as many pages as it takes; two more for the moments at both ends.
    assert calls.of("list") <= (elapsed / _POLL_SECONDS + 2) * math.ceil(_OBJECTS / _PAGE)
    assert calls.of("get") <= 2 * _OBJECTS
    assert calls.of("products") + calls.of("clusters") + calls.of("templates") <= 40
    assert writes["patch gpuinstances/status"] <= 8 * _OBJECTS
    assert writes["create secrets"] == _OBJECTS


async def _all_ready(workspace: Workspace) -> bool:
    objects = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
    return len([body for body in objects if condition(body, "Ready").get("status") == "True"]) == _OBJECTS
