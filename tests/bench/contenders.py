"""Who is measured: our operator, and the one that kopf's tutorial leads to. Both run as processes of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.history import condition
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.workspace import Workspace

_NAIVE = Path(__file__).parent / "peers" / "naive_kopf" / "naive.py"
POLL_SECONDS = 30
# As in production, but for the pause between polls while something moves: two seconds, as is the default.
_OURS = {
    "TRANSITION_POLL_INTERVAL": "2000",
    "POLL_INTERVAL": str(POLL_SECONDS * 1000),
    "LIST_LAG": "60000",
    "BACKOFF_BASE": "5000",
    "BACKOFF_MAX": "600000",
    "CATALOG_MAX_AGE": "60000",
    "CAPACITY_MEMORY": "180000",
    "COST_INTERVAL": "600000",
    "API_TIMEOUT": "30000",
    "LOG_LEVEL": "INFO",
}


@dataclass(frozen=True)
class Contender:
    """One of them. `ready`: whether an object is usable by its own words."""

    name: str
    launch: Callable[[Workspace, Path], OperatorProcess]
    ready: Callable[[Body], bool]


def _launch_ours(workspace: Workspace, directory: Path) -> OperatorProcess:
    settings = {**_OURS, "NOVITA_API_URL": workspace.novita.url, "WATCH_NAMESPACES": workspace.namespace}
    return OperatorProcess.launch(directory, workspace.plane.operator_kubeconfig, **settings)


def _launch_naive(workspace: Workspace, directory: Path) -> OperatorProcess:
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", workspace.namespace, str(_NAIVE)]
    settings = {
        "NOVITA_API_URL": workspace.novita.url,
        "NOVITA_API_KEY": workspace.novita.key,
        "POLL_SECONDS": str(POLL_SECONDS),
    }
    return OperatorProcess.launch(directory, workspace.plane.operator_kubeconfig, command, **settings)


OURS = Contender("novita-operator", _launch_ours, lambda body: condition(body, "Ready").get("status") == "True")
NAIVE = Contender("naive kopf", _launch_naive, lambda body: bool((body.get("status") or {}).get("phase") == "Ready"))
