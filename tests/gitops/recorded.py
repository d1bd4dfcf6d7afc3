"""Objects in every state that was recorded, put into a cluster without an operator, for a tool to judge by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from tests.gitops.inside import Inside
from tests.support import kube
from tests.support.kube import Body, Kind

from demo.environment import REPOSITORY

NAMESPACE = "recorded"
_FOLDER = REPOSITORY / "tests" / "packaging" / "recorded"
KINDS = {
    "GPUInstance": kube.GPU_INSTANCES,
    "GPUInstanceSet": Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets"),
    "GPUJob": Kind("/apis/gpu.novita.ai/v1alpha1", "gpujobs"),
    "NovitaAccount": kube.NOVITA_ACCOUNTS,
}


@dataclass(frozen=True)
class State:
    """One recorded object under a name of its own."""

    name: str
    recorded: Body

    @property
    def manifest(self) -> Body:
        """What is in Git: no status, and nothing that the server or the operator has written."""
        body = self.recorded
        metadata: Body = {"name": self.name}
        if body["kind"] != "NovitaAccount":
            metadata["namespace"] = NAMESPACE
        paused = (body["metadata"].get("annotations") or {}).get("gpu.novita.ai/paused")
        if paused:
            metadata["annotations"] = {"gpu.novita.ai/paused": paused}
        return {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata, "spec": body["spec"]}

    @property
    def status(self) -> Body:
        """As recorded; a generation behind stays a generation behind."""
        status = dict(self.recorded["status"])
        behind = self.recorded["metadata"]["generation"] - status.get("observedGeneration", 0)
        if "observedGeneration" in status:
            status["observedGeneration"] = 1 - behind
        return status

    @property
    def judged(self) -> Body:
        """The object as the tool sees it."""
        return self.manifest | {"metadata": {**self.manifest["metadata"], "generation": 1}, "status": self.status}


def states() -> Iterator[State]:
    """Every recorded state but those that are being deleted: nothing holds such an object here."""
    for path in sorted(Path(_FOLDER).glob("*.yaml")):
        for number, body in enumerate(yaml.safe_load_all(path.read_text())):
            if "status" in body and "deletionTimestamp" not in body["metadata"]:
                yield State(f"{body['kind'].lower()}-{number}", body)


async def put(inside: Inside, state: State) -> None:
    """Create the object and write its status, as an operator would have."""
    kind = KINDS[state.recorded["kind"]]
    namespace = state.manifest["metadata"].get("namespace", "")
    await inside.kube.create(kind, state.manifest)
    await inside.kube.patch(kind, state.name, {"status": state.status}, namespace, subresource="status")


async def remove(inside: Inside, found: list[State]) -> None:
    for state in found:
        namespace = state.manifest["metadata"].get("namespace", "")
        await inside.kube.delete(KINDS[state.recorded["kind"]], state.name, namespace)
