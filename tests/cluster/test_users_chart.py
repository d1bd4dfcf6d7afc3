"""A user's own Helm chart that holds instances, as `helm upgrade --force-replace` treats it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from tests.cluster.owners import SETS, Owners, owners
from tests.packaging.node import Helm
from tests.support import kube, waiting
from tests.support.builders import API_VERSION
from tests.support.history import condition
from tests.support.workspace import Workspace

from chart_tools import helm as helm_binary

_METADATA = {"name": "training", "version": "1.0.0", "apiVersion": "v2"}
_NOTE = "example.com/note"
_ONE_BY_ONE = ("--force-replace", "--server-side=false")  # Helm 3 says --force: each object is PUT, not patched


@pytest.fixture
async def sets(workspace: Workspace) -> AsyncIterator[Owners]:
    async with owners(workspace, SETS) as made:
        made.made.append("web")
        yield made


@pytest.fixture
def chart(tmp_path: Path, workspace: Workspace) -> Path:
    """A chart with an instance and a set of one, with a label that is a value, for the workspace's account."""
    template = {"spec": {"accountRef": {"name": workspace.account_name}}}
    pool = {"apiVersion": API_VERSION, "kind": "GPUInstanceSet", "metadata": {"name": "web"}}
    bodies = workspace.instance_body(), pool | {"spec": {"replicas": 1, "template": template}}
    for body in bodies:
        body["metadata"]["labels"] = {_NOTE: "{{ .Values.note }}"}
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(_METADATA))
    (tmp_path / "values.yaml").write_text("note: one\n")
    (tmp_path / "templates" / "all.yaml").write_text(yaml.safe_dump_all(bodies))
    return tmp_path


async def test_helm_upgrade_by_replacement_neither_rents_again_nor_lets_go(
    workspace: Workspace, sets: Owners, chart: Path, tmp_path: Path
) -> None:
    helm = Helm(helm_binary.path(), workspace.plane.kubeconfig, tmp_path)
    await _helm(helm, workspace, "install", "training", str(chart))
    before = await workspace.until_ready()
    await sets.until_condition("web", "Ready", reason="Ready")

    await _helm(helm, workspace, "upgrade", "training", str(chart), "--set", "note=two", *_ONE_BY_ONE)
    after = await workspace.until(_replaced_and_held, "finalizer and note of the create are back")
    await sets.until("web", _replaced_and_ready, "the set is Ready again")
    ledger = await workspace.novita.ledger()
    await _helm(helm, workspace, "uninstall", "training")
    await sets.until_released()

    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    assert (ledger.created, len(ledger.live)) == (2, 2)


def _replaced_and_held(body: kube.Body) -> bool:
    at = body["metadata"]
    held = "gpu.novita.ai/instance" in at.get("finalizers", ())
    return held and "gpu.novita.ai/create-intent" in at.get("annotations", {}) and bool(at["labels"][_NOTE] == "two")


def _replaced_and_ready(body: kube.Body) -> bool:
    return bool(body["metadata"]["labels"][_NOTE] == "two") and condition(body, "Ready").get("status") == "True"


async def _helm(helm: Helm, workspace: Workspace, *arguments: str) -> None:
    """Said again where the operator writes between helm's read of an object and its PUT, as a person does."""

    async def done() -> bool:
        printed = await helm(*arguments, "--namespace", workspace.namespace)
        assert printed.code == 0 or "the object has been modified" in printed.text, printed.text
        return printed.code == 0

    await waiting.until(done, f"helm {arguments[0]}")
