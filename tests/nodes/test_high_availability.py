"""Two operators of one release: the Lease, its take-over, and a drain that the PodDisruptionBudget slows down."""

from __future__ import annotations

import pytest
import yaml
from tests.nodes import fates
from tests.nodes.real_cluster import LEASES
from tests.nodes.release import CHART, Release
from tests.support import waiting
from tests.support.kube import Body
from tests.support.seen import Seen

from local_cluster.nodes.layout import NODE


@pytest.fixture(scope="module", autouse=True)
async def installed(release: Release, seen: Seen) -> None:
    """With the values that the chart's own checks use."""
    await release.give_key()
    values = yaml.safe_load((CHART / "ci" / "ha-values.yaml").read_text())
    with seen("`helm install`, two replicas"):
        await release.helm("install", values=release.values(**values))
        await release.operators(2)
        await release.account_ready()


async def test_another_pod_takes_the_lease_over_and_rents_nothing_twice(release: Release, seen: Seen) -> None:
    names = [f"lease-{number}" for number in range(4)]
    holder = await _holder(release)
    pod = await _pod_of(release, holder)

    with seen("pod that holds the Lease killed while 4 instances are created, until all are Ready"):
        for name in names:
            await release.create(name)
        await fates.kill(release, pod, force=True)
        await waiting.until(
            lambda: _other_than(release, holder), "another pod holds the Lease", explain=release.explain
        )
        await release.until_ready(*names)

    await release.rented_once(*names)
    await fates.delete_instances(release, *names)
    await release.operators(2)


async def test_a_drain_moves_the_operators_one_after_the_other(release: Release, seen: Seen) -> None:
    await release.create("drained")
    await release.until_ready("drained")

    with seen("`kubectl drain` of the node, `uncordon`, until both pods are ready again"):
        # The only node: the second pod may not go before another one is ready, and that has no place.
        options = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=15s")
        drained = await release.cluster.try_kubectl("drain", NODE, *options)
        left = await release.cluster.pods(release.namespace)
        await release.cluster.kubectl("uncordon", NODE)
        await release.operators(2)

    assert drained.code != 0
    assert "disruption budget" in drained.text
    assert any(pod["spec"].get("nodeName") == NODE for pod in left)
    await release.rented_once("drained")
    await fates.delete_instances(release, "drained")


async def _holder(release: Release) -> str:
    async def named() -> str | None:
        lease = await release.cluster.kube.find(LEASES, release.name, release.namespace)
        return ((lease or {}).get("spec") or {}).get("holderIdentity") or None

    return await waiting.until(named, "somebody holds the Lease", explain=release.explain)


async def _other_than(release: Release, before: str) -> bool:
    return await _holder(release) != before


async def _pod_of(release: Release, holder: str) -> Body:
    pods = await release.cluster.pods(release.namespace)
    (pod,) = [pod for pod in pods if pod["metadata"]["name"] in holder]
    return pod
