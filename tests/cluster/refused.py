"""What tests of pauses share: objects that Novita refuses, and the calls that try."""

from __future__ import annotations

from collections.abc import Callable

from tests.support import kube
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.workspace import Workspace

# No further try within the test unless something lifts the pause.
LONG = {"BACKOFF_BASE": "600000", "BACKOFF_MAX": "600000", "LIST_LAG": "100"}
ONE_AT_A_TIME = {"limits": {"requestsPerMinute": 6000, "maxConcurrentCreates": 1}}


async def until_all(workspace: Workspace, check: Callable[[Body], bool], names: tuple[str, ...] = ()) -> None:
    async def so() -> bool:
        found = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
        return all(check(body) for body in found if not names or body["metadata"]["name"] in names)

    await workspace.until_novita(so, "all objects are so")


def is_refused(body: Body, reason: str) -> bool:
    return condition(body, "Provisioned").get("reason") == reason


async def request(workspace: Workspace, value: str = "now") -> None:
    change = {"metadata": {"annotations": {"gpu.novita.ai/reconcile-requested-at": value}}}
    await workspace.plane.kube.patch(kube.NOVITA_ACCOUNTS, workspace.account_name, change)


async def asked(workspace: Workspace) -> int:
    """How many create calls have arrived."""
    return (await workspace.novita.calls()).of("create")


async def asked_at_least(workspace: Workspace, count: int) -> bool:
    return await asked(workspace) >= count
