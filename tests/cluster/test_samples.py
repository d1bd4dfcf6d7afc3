"""Every sample of deploy/samples does what its first lines say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.cluster import owners
from tests.cluster.samples import AUTHORIZED_KEYS, READINESS, SAMPLES, SERVICE, with_account
from tests.support import kube, waiting
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.workspace import Workspace

_KINDS = {
    "GPUInstance": kube.GPU_INSTANCES,
    "GPUInstanceSet": owners.SETS,
    "GPUJob": owners.JOBS,
    "Secret": kube.SECRETS,
}


def _files() -> list[Path]:
    elsewhere = {SAMPLES / "seed" / "ci" / "workflow.yaml", READINESS, SERVICE, AUTHORIZED_KEYS}
    return sorted(set(SAMPLES.rglob("*.yaml")) - elsewhere)


def _documents(path: Path) -> Iterator[Body]:
    return (body for body in yaml.safe_load_all(path.read_text()) if body is not None)


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(SAMPLES)))
async def test_a_sample_reaches_what_it_promises(workspace: Workspace, path: Path) -> None:
    applied = []
    for body in _documents(path):
        if body["kind"] in {"Namespace", "NovitaAccount"} or body["metadata"].get("namespace") == "novita-system":
            continue  # the test has an account of its own
        wanted = with_account(body, workspace.account_name)
        wanted["metadata"]["namespace"] = workspace.namespace
        applied.append(wanted)
        await workspace.plane.kube.create(_KINDS[body["kind"]], wanted)

    for body in applied:
        if body["kind"] != "Secret":
            await _becomes_what_it_promises(workspace, body)

    assert applied
    assert (await workspace.novita.ledger()).duplicated == 0


async def _becomes_what_it_promises(workspace: Workspace, body: Body) -> None:
    """An instance and a set become Ready; a job runs, and completes when its program has ended or said so."""
    kind, name = body["kind"], body["metadata"]["name"]

    async def has(wanted: str, status: str) -> Body | None:
        found = await workspace.plane.kube.get(_KINDS[kind], name, workspace.namespace)
        return found if condition(found, wanted).get("status") == status else None

    if kind != "GPUJob":
        await waiting.until(lambda: has("Ready", "True"), f"{kind} {name} is Ready", explain=workspace.explain)
        return
    child = await waiting.until(lambda: _running_child(workspace, name), f"{name} runs", explain=workspace.explain)
    if (body["spec"].get("completion") or {}).get("signal") == "Annotation":
        told = {"metadata": {"annotations": {"gpu.novita.ai/job-result": "succeeded"}}}
        await workspace.plane.kube.patch(owners.JOBS, name, told, workspace.namespace)
    else:
        await workspace.novita.force(child["status"]["instanceId"], status="exited")
    await waiting.until(lambda: has("Complete", "True"), f"GPUJob {name} is Complete", explain=workspace.explain)


async def _running_child(workspace: Workspace, job: str) -> Body | None:
    instances = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
    owned = (body for body in instances if body["metadata"].get("ownerReferences", [{}])[0].get("name") == job)
    return next((body for body in owned if condition(body, "Ready").get("status") == "True"), None)
