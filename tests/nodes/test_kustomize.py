"""The manifests without Helm: the base and each overlay, applied as the documentation says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.nodes.monitoring import monitoring_kinds
from tests.nodes.real_cluster import RealCluster
from tests.nodes.release import is_ready, remove_objects
from tests.support import builders, kube, waiting
from tests.support.processes import REPOSITORY
from tests.support.seen import Seen

NAMESPACE = "novita-system"
DEPLOY = REPOSITORY / "deploy"
_APPLY = ("apply", "--server-side", "--force-conflicts")
_PART = "app.kubernetes.io/part-of=novita-operator"


@pytest.fixture(scope="module", autouse=True)
async def kinds(cluster: RealCluster) -> AsyncIterator[None]:
    """CRDs and namespaces stay from one overlay to the next, as with a user who tries them in turn."""
    await cluster.kubectl(*_APPLY, "-k", str(REPOSITORY / "crds"))
    await cluster.kubectl(*_APPLY, "-f", str(DEPLOY / "default" / "namespace.yaml"))
    async with monitoring_kinds(cluster):
        yield
    await remove_objects(cluster)
    await cluster.kubectl("delete", "-k", str(REPOSITORY / "crds"), "--timeout=60s")
    await cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.parametrize(
    ("folder", "pods"),
    [("base", 1), ("default", 1), ("overlays/ha", 2), ("overlays/namespaced", 1), ("overlays/monitoring", 1)],
)
async def test_what_is_applied_starts(cluster: RealCluster, seen: Seen, folder: str, pods: int) -> None:
    with seen(f"`kubectl apply -k deploy/{folder}`"):
        await cluster.kubectl(*_APPLY, "-k", str(DEPLOY / folder))
        await _ready(cluster, pods)
    await _remove(cluster)


async def test_the_simulator_overlay_rents_an_instance(cluster: RealCluster, seen: Seen) -> None:
    work = await cluster.namespace("kustomized")
    with seen("`kubectl apply -k deploy/overlays/simulator`, until an instance is Ready"):
        await cluster.kubectl(*_APPLY, "-k", str(DEPLOY / "overlays" / "simulator"))
        await _ready(cluster, 1)
        await cluster.kube.create(kube.GPU_INSTANCES, builders.gpu_instance("one", work))
        await cluster.until_condition(kube.GPU_INSTANCES, "one", "Ready", work)
    await cluster.kubectl("-n", work, "delete", "gpuinstance", "one", "--timeout=60s")
    await _remove(cluster)
    await cluster.kubectl("delete", "namespace", work, "--wait=false")


async def _ready(cluster: RealCluster, count: int) -> None:
    async def all_ready() -> bool:
        pods = await cluster.pods(NAMESPACE)
        return len(pods) == count and all(is_ready(pod) for pod in pods)

    async def explain() -> str:
        return (await cluster.try_kubectl("-n", NAMESPACE, "describe", "pods")).text[-4000:]

    await waiting.until(all_ready, f"{count} operator pods are ready", explain=explain)


async def _remove(cluster: RealCluster) -> None:
    """What an overlay adds, and the account that it made; CRDs and the namespace stay."""
    here = ("-n", NAMESPACE, "delete", "deployment,service,poddisruptionbudget,role,rolebinding", "-l", _PART)
    await cluster.kubectl(*here)
    await cluster.kubectl("delete", "clusterrole,clusterrolebinding", "-l", _PART)

    async def gone() -> bool:
        return not await cluster.pods(NAMESPACE)

    await waiting.until(gone, "no operator pod is left")
    await remove_objects(cluster)
