"""Who is measured: our operator, and the one that kopf's tutorial leads to. Both run as processes of their own."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.workspace import Workspace

_NAIVE = Path(__file__).parent / "peers" / "naive_kopf" / "naive.py"
_COUNTED = (sys.executable, "-m", "tests.bench.counted_operator", "run")
POLL_SECONDS = 30
# As in production: what the tests shorten is set back to the defaults of `settings.py`.
PRODUCTION: Mapping[str, str] = {
    "TRANSITION_POLL_INTERVAL": "2000",
    "POLL_INTERVAL": str(POLL_SECONDS * 1000),
    "LIST_LAG": "60000",
    "BACKOFF_BASE": "5000",
    "BACKOFF_MAX": "600000",
    "CATALOG_MAX_AGE": "60000",
    "CAPACITY_MEMORY": "180000",
    "CREDENTIALS_PROBE_INTERVAL": "60000",
    "COST_INTERVAL": "600000",
    "API_TIMEOUT": "30000",
    "MAX_RETRIES": "3",
    "RETRY_DELAY": "1000",
    "LOG_LEVEL": "INFO",
}


@dataclass(frozen=True)
class Contender:
    """One of them. `ready`: whether an object is usable by its own words. `useful`: it has looked at an object."""

    name: str
    launch: Callable[[Workspace, Path], OperatorProcess]
    ready: Callable[[Body], bool]
    useful: Callable[[Workspace, OperatorProcess], Awaitable[bool]]


def launch_counted(workspace: Workspace, directory: Path) -> OperatorProcess:
    """Ours, writing the number of its asyncio tasks to `<directory>/tasks` once a second."""
    settings = {"TASKS_FILE": str(directory / "tasks"), "PYTHONPATH": str(Path(__file__).parents[2])}
    return _launch_ours(workspace, directory, _COUNTED, settings)


def _launch_ours(
    workspace: Workspace,
    directory: Path,
    command: tuple[str, ...] = (sys.executable, "-m", "novita_operator", "run"),
    extra: dict[str, str] | None = None,
) -> OperatorProcess:
    settings = {**PRODUCTION, "NOVITA_API_URL": workspace.novita.url, "WATCH_NAMESPACES": workspace.namespace}
    return OperatorProcess.launch(directory, workspace.plane.operator_kubeconfig, command, **settings, **(extra or {}))


def _launch_naive(workspace: Workspace, directory: Path) -> OperatorProcess:
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", workspace.namespace, str(_NAIVE)]
    settings = {
        "NOVITA_API_URL": workspace.novita.url,
        "NOVITA_API_KEY": workspace.novita.key,
        "POLL_SECONDS": str(POLL_SECONDS),
    }
    return OperatorProcess.launch(directory, workspace.plane.operator_kubeconfig, command, **settings)


async def _has_reconciled(_: Workspace, operator: OperatorProcess) -> bool:
    """A pass over a GPUInstance has ended; the page is not there before the process serves."""
    try:
        page = await operator.metrics()
    except httpx.TransportError:
        return False
    return re.search(r'^novita_reconciles_total\{[^}]*kind="gpuinstances"', page, re.MULTILINE) is not None


async def _has_looked(workspace: Workspace, _: OperatorProcess) -> bool:
    return (await workspace.novita.calls()).of("get") > 0


OURS = Contender(
    "novita-operator",
    _launch_ours,
    lambda body: condition(body, "Ready").get("status") == "True",
    _has_reconciled,
)
NAIVE = Contender(
    "naive kopf", _launch_naive, lambda body: bool((body.get("status") or {}).get("phase") == "Ready"), _has_looked
)
