"""CRDs that are deleted, applied again, or no longer served, beside an operator that nobody restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.cluster.owners import JOBS, SETS
from tests.support import builders, kube, waiting
from tests.support.operator_process import OperatorProcess
from tests.support.plane import CRDS, Plane
from tests.support.workspace import Workspace

Start = Callable[..., Awaitable[OperatorProcess]]
JOB_CRD, SET_CRD = "gpujobs.gpu.novita.ai", "gpuinstancesets.gpu.novita.ai"
INSTANCE_CRD, ACCOUNT_CRD = "gpuinstances.gpu.novita.ai", "novitaaccounts.gpu.novita.ai"
KINDS = (kube.GPU_INSTANCES, kube.NOVITA_ACCOUNTS, JOBS, SETS)
_SETTLED_SECONDS = 120.0
# A collector that believes what it sees after a second.
_EAGER = {"ORPHAN_AGE": "1000", "ORPHAN_SIGHTINGS_APART": "1000"}
_POLLS = 6


@asynccontextmanager
async def starting(workspace: Workspace, directory: Path, novita_url: str) -> AsyncIterator[Start]:
    """What starts an operator, with these settings, and does not wait. All end with the context."""
    async with AsyncExitStack() as stack:

        async def launch(**settings: str) -> OperatorProcess:
            usual = {"NOVITA_API_URL": novita_url, **_EAGER}
            started = OperatorProcess.launch(directory, workspace.plane.operator_kubeconfig, **usual | settings)
            stack.push_async_callback(started.close)
            workspace.operator = started
            return started

        yield launch


async def apply_crds(plane: Plane) -> None:
    applied = await plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(CRDS))
    assert applied.code == 0, applied.err

    async def listed() -> bool:
        for kind in KINDS:
            try:
                await plane.kube.list(kind)
            except kube.Refused:
                return False
        return True

    await waiting.until(listed, "every kind is served")


async def delete_crd(plane: Plane, name: str) -> None:
    deleted = await plane.kubectl("delete", "crd", name, "--timeout=60s")
    assert deleted.code == 0, deleted.err


async def serve(plane: Plane, crd: str, *, served: bool) -> None:
    """Let the API server serve the kind, or not; the objects stay stored."""
    change = f'[{{"op": "replace", "path": "/spec/versions/0/served", "value": {str(served).lower()}}}]'
    patched = await plane.kubectl("patch", "crd", crd, "--type=json", f"--patch={change}")
    assert patched.code == 0, patched.err


async def until_page(operator: OperatorProcess, status: int, *says: str) -> None:
    """Until /readyz has this status and says all this."""

    async def probe() -> bool:
        assert operator.child.running, f"the operator ended: {await operator.child.tail()}"
        try:
            page = await operator.page("readyz")
        except OSError:
            return False
        return page.status_code == status and all(each in page.text for each in says)

    await operator_listens(operator)
    await waiting.until(probe, f"/readyz is {status} {says}", seconds=_SETTLED_SECONDS, explain=operator.child.tail)


async def restarted_without_instances(workspace: Workspace, start: Start) -> tuple[OperatorProcess, kube.Body]:
    """An operator that starts while GPUInstances are not served, and the body of the one that was Ready before."""
    first = await start()
    await until_page(first, 200)
    await workspace.create()
    before = await workspace.until_ready()
    await first.terminate()
    await serve(workspace.plane, INSTANCE_CRD, served=False)
    second = await start()
    await until_page(second, 503, INSTANCE_CRD)
    return second, before


async def operator_listens(operator: OperatorProcess) -> None:
    async def listens() -> bool:
        assert operator.child.running, f"the operator ended: {await operator.child.tail()}"
        return operator.port_file.exists()

    await waiting.until(listens, "the operator serves its pages", explain=operator.child.tail)


async def until_event(workspace: Workspace, reason: str, about: str) -> None:
    async def posted() -> bool:
        events = await workspace.plane.kube.list(kube.EVENTS, "default")
        return any(
            event["reason"] == reason
            and event["involvedObject"]["name"] == workspace.account_name
            and about in event["message"]
            for event in events
        )

    await waiting.until(posted, f"an Event {reason} about {about}", explain=workspace.explain)


async def polled(workspace: Workspace, operator: OperatorProcess) -> None:
    """Until the account was polled some times more, so that a collector which takes them for orphans has ended them."""
    await workspace.novita.forget_calls()

    async def often() -> bool:
        return (await workspace.novita.calls()).of("list") >= _POLLS

    await waiting.until(often, "the account is polled on", explain=operator.child.tail)


async def make_account_again(workspace: Workspace, spec: dict[str, Any]) -> None:
    await workspace.plane.kube.create(kube.NOVITA_ACCOUNTS, builders.novita_account(workspace.account_name, **spec))
    await workspace.until_account("Ready", "True")
