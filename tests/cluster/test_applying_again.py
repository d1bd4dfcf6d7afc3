"""What is applied a second time is not changed: not in the eyes of kubectl, and not in those of the API server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.cluster import owners
from tests.cluster.samples import SAMPLES, with_account
from tests.support import builders, kube, waiting
from tests.support.kube import Body
from tests.support.workspace import Workspace

_KINDS = {
    "GPUInstance": kube.GPU_INSTANCES,
    "GPUInstanceSet": owners.SETS,
    "GPUJob": owners.JOBS,
    "NovitaAccount": kube.NOVITA_ACCOUNTS,
}
# Every field inside a list for which the models know what its absence means, left out.
_SPEC: dict[str, Any] = {
    "command": "sleep infinity",
    "ports": [{"port": 8888}, {"port": 9000, "protocol": "TCP"}],
    "env": [
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "x"}}},
        {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "absent", "key": "x"}}},
        {"name": "PLAIN", "value": "1"},
        {"name": "EMPTY"},
    ],
    "authorizedKeysFrom": [{"secretKeyRef": {"name": "absent", "key": "x"}}],
    "notifications": [{"url": "https://receiver.example.com/", "secretRef": {"name": "absent"}}],
}
_TENANCY = {
    "rules": [
        {"namespaces": {"names": ["team-a"], "selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}},
        {"maxGpuCount": 1},
        {},
    ]
}


def _of_samples() -> Iterator[Body]:
    for path in sorted(SAMPLES.rglob("*.yaml")):
        if path.name != "workflow.yaml":
            yield from (body for body in yaml.safe_load_all(path.read_text()) if body and body["kind"] in _KINDS)


def _of_lists(account: str) -> Iterator[Body]:
    specs = {"GPUInstance": _SPEC, "GPUInstanceSet": {"template": {"spec": _SPEC}}, "GPUJob": {"template": _SPEC}}
    for kind, spec in specs.items():
        yield {"apiVersion": builders.API_VERSION, "kind": kind, "metadata": {"name": "lists"}, "spec": spec}
    spec = {"apiKeySecretRef": {"name": "absent"}, "tenancy": _TENANCY}
    yield builders.novita_account(account, **spec)


def _manifests(workspace: Workspace) -> list[Body]:
    """Those of the samples and of every list, for the account of the test; accounts under a name of its own."""
    bodies = [*_of_samples(), *_of_lists("lists")]
    for body in bodies:
        if body["kind"] == "NovitaAccount":
            body["metadata"]["name"] = f"{workspace.namespace}-{body['metadata']['name']}"
            workspace.leaves(kube.NOVITA_ACCOUNTS, body["metadata"]["name"])
        else:
            body["metadata"]["namespace"] = workspace.namespace
    return [with_account(body, workspace.account_name) for body in bodies]


async def _stored(workspace: Workspace, body: Body) -> Body:
    at = body["metadata"]
    return await workspace.plane.kube.get(_KINDS[body["kind"]], at["name"], at.get("namespace", ""))


async def _apply(workspace: Workspace, bodies: list[Body], *how: str) -> list[str]:
    """What kubectl says, a line for each."""
    said = await workspace.plane.kubectl("apply", *how, "-f", "-", stdin=yaml.safe_dump_all(bodies))
    assert said.code == 0, said.err
    return said.out.splitlines()


async def _seen_by_the_operator(workspace: Workspace, body: Body) -> None:
    async def seen() -> bool:
        found = await _stored(workspace, body)
        conditions = (found.get("status") or {}).get("conditions") or []
        return any(each.get("observedGeneration") == found["metadata"]["generation"] for each in conditions)

    name = body["metadata"]["name"]
    await waiting.until(seen, f"the operator has seen {body['kind']} {name}", explain=workspace.explain)


@pytest.mark.parametrize("how", [(), ("--server-side",)], ids=["by-the-client", "by-the-server"])
async def test_a_manifest_that_is_applied_again_changes_nothing(workspace: Workspace, how: tuple[str, ...]) -> None:
    bodies = _manifests(workspace)
    await _apply(workspace, bodies, *how)
    for body in bodies:
        await _seen_by_the_operator(workspace, body)
    before = [await _stored(workspace, body) for body in bodies]

    said = await _apply(workspace, bodies, *how)

    after = [await _stored(workspace, body) for body in bodies]
    expected = "serverside-applied" if how else "unchanged"
    assert len(said) == len(bodies) > 12
    assert [line for line in said if not line.endswith(f" {expected}")] == []
    assert [new["metadata"]["name"] for new, old in zip(after, before, strict=True) if _told(new) != _told(old)] == []


def _told(body: Body) -> tuple[int, Body]:
    """What a person has said: the API server counts a generation for each change of it."""
    return body["metadata"]["generation"], body["spec"]
