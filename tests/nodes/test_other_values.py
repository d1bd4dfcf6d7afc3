"""The chart with other values than the default: the simulator in the cluster, some namespaces only, and everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml
from tests.nodes import outside
from tests.nodes.conftest import new_release
from tests.nodes.monitoring import monitoring_kinds
from tests.nodes.outside import Outside
from tests.nodes.real_cluster import RealCluster
from tests.nodes.release import CHART, JOBS, SAMPLES, SETS, Release
from tests.support import builders, kube
from tests.support.seen import Seen

NETWORK_POLICIES = kube.Kind("/apis/networking.k8s.io/v1", "networkpolicies")
# Nothing of it exists here: a registry, a proxy.
_NOT_HERE = ("image", "imagePullSecrets", "extraEnv")


@pytest.fixture
async def another(cluster: RealCluster, novita_outside: Outside) -> AsyncIterator[Release]:
    """A release of its own for one test."""
    made = await new_release(cluster, novita_outside)
    yield made
    await made.clear()


async def test_the_simulator_in_the_cluster_shows_instance_and_set(another: Release, seen: Seen) -> None:
    with seen("`helm install` with the simulator in the cluster, NetworkPolicies applied (nothing enforces them here)"):
        await another.helm("install", values=_values("simulator"))
        await another.account_ready()
    policies = await another.cluster.kube.list(NETWORK_POLICIES, another.namespace)

    with seen("quickstart: `kubectl apply` until Ready"):
        await _apply(another, "quickstart.yaml")
        await another.until_ready("quickstart")
    with seen("set of three instances: `kubectl apply` until Ready"):
        await _apply(another, "set.yaml")
        await another.cluster.until_condition(SETS, "workers", "Ready", another.work)

    assert policies, "the values ask for NetworkPolicies"


async def test_an_operator_of_some_namespaces_works_there_and_sees_no_other(another: Release, seen: Seen) -> None:
    watched = [another.work, await another.cluster.namespace(f"{another.work}-too")]
    other = await another.cluster.namespace(f"{another.work}-not")
    await another.give_key()
    with seen("`helm install` for some namespaces only"):
        await another.helm("install", values=another.values(**_values("namespaced") | {"watchNamespaces": watched}))
        await another.account_ready()
    for namespace in (*watched, other):
        await another.cluster.kube.create(kube.GPU_INSTANCES, builders.gpu_instance("one", namespace))

    for namespace in watched:
        await another.cluster.until_condition(kube.GPU_INSTANCES, "one", "Ready", namespace)

    assert "status" not in await another.cluster.kube.get(kube.GPU_INSTANCES, "one", other)

    with seen("job: `kubectl apply` until Complete"):
        await _apply(another, "job-reported.yaml")
        await another.cluster.until_condition(kube.GPU_INSTANCES, "evaluate-1", "Ready", another.work)
        report = {"metadata": {"annotations": {"gpu.novita.ai/job-result": "succeeded"}}}
        await another.cluster.kube.patch(JOBS, "evaluate", report, another.work)
        await another.cluster.until_condition(JOBS, "evaluate", "Complete", another.work)


async def test_every_value_at_once_starts(another: Release, seen: Seen) -> None:
    values = {name: value for name, value in _values("everything").items() if name not in _NOT_HERE}
    values["settings"] |= {"novitaApiUrl": outside.URL, "allowPrivateEndpoints": True}
    values["watchNamespaces"] = [another.work]
    await another.give_key("novita", "token")
    webhook = builders.secret("webhooks", another.namespace, url="https://example.com/hook", secret="a-signing-key")
    await another.cluster.kube.create(kube.SECRETS, webhook)
    await another.cluster.kube.create(kube.CONFIG_MAPS, builders.config_map("company-ca", another.namespace, ca="none"))
    another.name = "gpu-operator"

    async with monitoring_kinds(another.cluster):
        with seen("`helm install` with every value set, three replicas"):
            await another.helm("install", values=values)
            await another.operators(3)
            await another.account_ready()
        await another.cluster.helm("uninstall", another.name, "-n", another.namespace, "--no-hooks")


def _values(scenario: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHART / "ci" / f"{scenario}-values.yaml").read_text())
    return found


async def _apply(release: Release, name: str) -> None:
    await release.cluster.kubectl("-n", release.work, "apply", "-f", str(SAMPLES / name))
