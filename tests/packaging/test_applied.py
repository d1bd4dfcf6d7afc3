"""Every rendered object, taken by a real API server: strictly, and in a namespace that enforces `restricted`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from tests.packaging import rendering
from tests.packaging.conftest import RESTRICTED
from tests.packaging.rendering import NAMESPACE, OVERLAYS, SCENARIOS
from tests.support import builders, kube
from tests.support.kube import Body
from tests.support.plane import Plane

_OTHER_NAMESPACES = ("team-a", "team-b", "gpu-workloads")
EVERYTHING = {
    "simulator": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "metrics": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")},
}
# The Prometheus operator's own CRDs are not here: these two only make the API server know the kinds.
_PROMETHEUS_KINDS = (("ServiceMonitor", "servicemonitors"), ("PrometheusRule", "prometheusrules"))


@pytest.fixture(scope="module")
async def furnished(bare_plane: Plane) -> AsyncIterator[Plane]:
    """The cluster that the scenarios expect: other namespaces, and the kinds of the Prometheus operator."""
    for name in _OTHER_NAMESPACES:
        await bare_plane.kube.create(kube.NAMESPACES, builders.namespace(name))
    crds = yaml.safe_dump_all([_crd(*kind) for kind in _PROMETHEUS_KINDS])
    applied = await bare_plane.kubectl("apply", "--server-side", "-f", "-", stdin=crds)
    assert applied.code == 0, applied.err
    established = await bare_plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    assert established.code == 0, established.err
    yield bare_plane
    await bare_plane.kubectl("delete", "-f", "-", stdin=crds)


def _crd(kind: str, plural: str) -> Body:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


@asynccontextmanager
async def _accounts(plane: Plane, names: set[str]) -> AsyncIterator[None]:
    """ServiceAccounts of these names while the block runs: a pod is refused where its own does not exist."""
    bodies = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
        for name in sorted(names)
    ]
    for body in bodies:
        await plane.kube.create(kube.SERVICE_ACCOUNTS, body)
    try:
        yield
    finally:
        for body in bodies:
            await plane.kube.delete(kube.SERVICE_ACCOUNTS, body["metadata"]["name"], NAMESPACE)


async def _accepted(plane: Plane, objects: list[Body]) -> None:
    stream = yaml.dump_all(objects, Dumper=yaml.CSafeDumper)
    # A dry run stores nothing, so a pod would never find the account that comes with it.
    brought = [body["metadata"] for body in rendering.all_of(objects, "ServiceAccount")]
    async with _accounts(plane, {each["name"] for each in brought if each["namespace"] == NAMESPACE}):
        tried = await plane.kubectl(
            *("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-"),
            stdin=stream,
        )
    assert tried.code == 0, tried.err
    assert len(tried.out.splitlines()) == len(objects)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_the_api_server_takes_every_object_of_a_scenario(furnished: Plane, path: Path) -> None:
    await _accepted(furnished, rendering.scenario(path))


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.name)
async def test_the_api_server_takes_every_object_of_an_overlay(furnished: Plane, path: Path) -> None:
    await _accepted(furnished, rendering.kustomize(path))


async def test_a_field_that_nobody_knows_is_refused_so_that_the_tests_above_can_fail(furnished: Plane) -> None:
    deployment = rendering.find(rendering.render(), "Deployment")
    deployment["spec"]["template"]["spec"]["terminationGraceSeconds"] = 1

    with pytest.raises(AssertionError, match="terminationGraceSeconds"):
        await _accepted(furnished, [deployment])


def _pods() -> list[tuple[str, Body]]:
    sources = {path.stem: rendering.scenario(path) for path in SCENARIOS}
    sources |= {path.name: rendering.kustomize(path) for path in OVERLAYS}
    return [
        (f"{source}:{name}", template)
        for source, objects in sources.items()
        for name, template in rendering.pod_templates(objects).items()
    ]


async def test_every_pod_passes_the_restricted_standard(furnished: Plane) -> None:
    found = await furnished.kube.get(kube.NAMESPACES, NAMESPACE)
    assert found["metadata"]["labels"].items() >= RESTRICTED.items()
    pods = _pods()

    async with _accounts(furnished, _named([template for _, template in pods])):
        refused = {name: text for name, template in pods if (text := await _refusal(furnished, template))}

    assert len(pods) > len(SCENARIOS) + len(OVERLAYS)
    assert refused == {}


async def test_a_pod_that_may_gain_privileges_is_refused_so_that_the_test_above_can_fail(furnished: Plane) -> None:
    name, template = _pods()[0]
    template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True

    async with _accounts(furnished, _named([template])):
        refusal = await _refusal(furnished, template)

    assert "violates PodSecurity" in refusal, name


async def test_a_pod_without_the_account_that_it_names_is_refused(furnished: Plane) -> None:
    pod = rendering.find(rendering.render(), "Pod")

    with pytest.raises(AssertionError, match="error looking up service account"):
        await _accepted(furnished, [pod])


def _named(templates: Iterable[Body]) -> set[str]:
    """The accounts of these pods; the one that every namespace has needs no making."""
    return {template["spec"].get("serviceAccountName", "default") for template in templates} - {"default"}


async def _refusal(plane: Plane, template: Body) -> str:
    """What the API server has against a pod of this template; empty where it has nothing."""
    body = {**template, "apiVersion": "v1", "kind": "Pod"}
    body["metadata"] = {**template["metadata"], "name": "tried", "namespace": NAMESPACE}
    tried = await plane.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(body))
    return tried.err


# Helm takes each of these for a release. Two are cut in the middle, where a dot or a dash must not end the name.
RELEASES = ["my.release", "123", "1.2", f"{'r' * 43}.novita-op", f"{'r' * 51}.r", "r" * 53]


@pytest.mark.parametrize("release", RELEASES)
async def test_every_name_that_helm_takes_for_a_release_installs(furnished: Plane, release: str) -> None:
    await _accepted(furnished, rendering.render(values=EVERYTHING, release=release))
