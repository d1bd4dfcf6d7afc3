"""The optional admission policies, decided by a real API server."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.packaging.rendering import ROOT
from tests.support import builders, kube, waiting
from tests.support.kube import Body, Kind, Refused
from tests.support.plane import Plane

POLICIES = ROOT / "deploy" / "policies"
SETS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets")
JOBS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpujobs")
PROTECTED = {"gpu.novita.ai/deletion-protection": "true"}


@pytest.fixture(scope="module")
async def ruled(bare_plane: Plane) -> AsyncIterator[Plane]:
    """The cluster with CRDs and policies, once they are in force."""
    for directory in (ROOT / "crds", POLICIES):
        applied = await bare_plane.kubectl("apply", "--server-side", "-k", str(directory))
        assert applied.code == 0, applied.err
    await bare_plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    probe = await _namespace(bare_plane, {"gpu.novita.ai/price-ceiling-cents": "100"})

    async def in_force() -> bool:
        try:
            await bare_plane.kube.create(kube.GPU_INSTANCES, builders.gpu_instance("probe", probe), dry_run=True)
        except Refused as refused:
            return "price-ceiling" in refused.message
        return False

    await waiting.until(in_force, "the policies are in force")
    yield bare_plane
    await bare_plane.kubectl("delete", "-k", str(POLICIES))
    await bare_plane.kubectl("delete", "-k", str(ROOT / "crds"), "--timeout=60s")


async def _namespace(plane: Plane, labels: dict[str, str]) -> str:
    name = f"ruled-{secrets.token_hex(4)}"
    body = builders.namespace(name)
    body["metadata"]["labels"] = labels
    await plane.kube.create(kube.NAMESPACES, body)
    return name


async def _refusal(plane: Plane, kind: Kind, body: Body) -> str:
    """What the API server has against the object; empty where it takes it."""
    try:
        await plane.kube.create(kind, body, dry_run=True)
    except Refused as refused:
        return refused.message
    return ""


async def test_a_protected_object_cannot_be_deleted_until_the_annotation_is_gone(ruled: Plane) -> None:
    namespace = await _namespace(ruled, {})
    await ruled.kube.create(kube.GPU_INSTANCES, builders.gpu_instance("gpu", namespace, annotations=PROTECTED))

    with pytest.raises(Refused) as caught:
        await ruled.kube.delete(kube.GPU_INSTANCES, "gpu", namespace)
    no_longer = {"metadata": {"annotations": dict.fromkeys(PROTECTED)}}
    await ruled.kube.patch(kube.GPU_INSTANCES, "gpu", no_longer, namespace)
    await ruled.kube.delete(kube.GPU_INSTANCES, "gpu", namespace)

    assert caught.value.status == 403
    assert "gpu is protected from deletion. Remove the annotation" in caught.value.message
    assert await ruled.kube.find(kube.GPU_INSTANCES, "gpu", namespace) is None


CEILING: list[tuple[dict[str, Any], str]] = [
    ({}, "maxPricePerHour is required in this namespace: instances may cost 150 US cents per hour at most"),
    ({"maxPricePerHour": "1.51"}, "maxPricePerHour is 1.51 USD; this namespace allows 150 US cents"),
    ({"maxPricePerHour": "1.50"}, ""),
    ({"maxPricePerHour": "0.3"}, ""),
]


@pytest.mark.parametrize(("spec", "refusal"), CEILING, ids=["absent", "above", "equal", "below"])
async def test_a_namespace_with_a_ceiling_takes_only_what_stays_below(
    ruled: Plane, spec: dict[str, Any], refusal: str
) -> None:
    namespace = await _namespace(ruled, {"gpu.novita.ai/price-ceiling-cents": "150"})

    said = await _refusals(ruled, namespace, spec)

    assert len(said) == 3
    for field, text in said.items():
        assert (f"{field}.{refusal}" in text) if refusal else (text == "")


async def test_a_namespace_without_a_ceiling_takes_any_price(ruled: Plane) -> None:
    namespace = await _namespace(ruled, {})

    assert await _refusal(ruled, kube.GPU_INSTANCES, builders.gpu_instance("gpu", namespace)) == ""


async def test_a_lower_ceiling_does_not_stop_status_edits_and_deletion_of_what_exists(ruled: Plane) -> None:
    namespace = await _namespace(ruled, {})
    body = builders.gpu_instance("gpu", namespace, maxPricePerHour="9.00")
    body["metadata"]["finalizers"] = ["gpu.novita.ai/instance"]
    await ruled.kube.create(kube.GPU_INSTANCES, body)
    ceiling = {"metadata": {"labels": {"gpu.novita.ai/price-ceiling-cents": "100"}}}
    await ruled.kube.patch(kube.NAMESPACES, namespace, ceiling)
    edit = {"metadata": {"annotations": {"example.com/note": "kept"}}}

    await ruled.kube.patch(kube.GPU_INSTANCES, "gpu", edit, namespace)
    await ruled.kube.patch(kube.GPU_INSTANCES, "gpu", {"status": {"phase": "Running"}}, namespace, subresource="status")
    await ruled.kube.delete(kube.GPU_INSTANCES, "gpu", namespace)
    await ruled.kube.patch(kube.GPU_INSTANCES, "gpu", {"metadata": {"finalizers": None}}, namespace)

    assert await ruled.kube.find(kube.GPU_INSTANCES, "gpu", namespace) is None


ACCOUNTS: list[tuple[dict[str, Any], str]] = [
    ({}, "accountRef.name is default; this namespace may use the account research alone"),
    ({"accountRef": {"name": "other"}}, "accountRef.name is other; this namespace may use the account research"),
    ({"accountRef": {"name": "research"}}, ""),
]


@pytest.mark.parametrize(("spec", "refusal"), ACCOUNTS, ids=["absent", "other", "allowed"])
async def test_a_namespace_with_an_account_takes_no_other(ruled: Plane, spec: dict[str, Any], refusal: str) -> None:
    namespace = await _namespace(ruled, {"gpu.novita.ai/allowed-account": "research"})

    said = await _refusals(ruled, namespace, spec)

    assert len(said) == 3
    for field, text in said.items():
        assert (f"{field}.{refusal}" in text) if refusal else (text == "")


async def _refusals(plane: Plane, namespace: str, spec: dict[str, Any]) -> dict[str, str]:
    """Where each kind that rents has its spec, and what the API server has against this one there."""
    command = {"command": "true"}
    return {
        "spec": await _refusal(plane, kube.GPU_INSTANCES, builders.gpu_instance("one", namespace, **spec)),
        "spec.template.spec": await _refusal(
            plane, SETS, _body("GPUInstanceSet", namespace, {"template": {"spec": spec}})
        ),
        "spec.template": await _refusal(plane, JOBS, _body("GPUJob", namespace, {"template": spec | command})),
    }


def _body(kind: str, namespace: str, spec: dict[str, Any]) -> Body:
    metadata = {"name": "several", "namespace": namespace}
    return {"apiVersion": builders.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
