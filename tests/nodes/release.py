"""One release of the chart in real pods, and what its users make in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml
from tests.nodes import outside
from tests.nodes.real_cluster import DEPLOYMENTS, RealCluster
from tests.support import builders, chart_values, kube, waiting
from tests.support.kube import Body, Kind
from tests.support.processes import REPOSITORY
from tests.support.simulator import SimulatedAccount

SAMPLES = REPOSITORY / "deploy" / "samples"
CHART = REPOSITORY / "charts" / "novita-operator"
NAME = "novita-operator"
_WAIT = ("--wait", "--timeout", "120s")
SETS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets")
JOBS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpujobs")
_OFTEN = {"requestsPerMinute": 6000}  # with the usual 100, deletions wait for polls four times a second
_KINDS = (JOBS, SETS, kube.GPU_INSTANCES, kube.NOVITA_ACCOUNTS)  # who makes others first
_CLUSTER_KINDS = "crd,clusterrole,clusterrolebinding"


@dataclass
class Release:
    """Its namespace enforces `restricted`; `work` is where its users' objects are."""

    cluster: RealCluster
    novita: SimulatedAccount
    namespace: str
    work: str
    name: str = NAME
    ordered: int = 0  # objects that were ever made, each of which rents one instance

    def values(self, **more: Any) -> dict[str, Any]:
        """Leads the operator to the simulator outside, quickly; the rest is what everybody gets."""
        settings = chart_values.fast() | {"novitaApiUrl": outside.URL} | more.pop("settings", {})
        return {"settings": settings, **more}

    async def helm(self, verb: str, *options: str, chart: Path = CHART, values: dict[str, Any] | None = None) -> str:
        """`helm install` or `upgrade`, which waits until all pods are ready; with exactly these values."""
        given = yaml.safe_dump(values or {})
        options = (*options, *_WAIT)
        command = (verb, self.name, str(chart), "-n", self.namespace, "-f", "-", *options)
        printed = await self.cluster.try_helm(*command, stdin=given)
        assert printed.code == 0, f"{printed.text}\n{await self.explain()}"
        return printed.text

    async def uninstall(self) -> str:
        """What `helm uninstall` printed, and what it found and did, where the notes of the chart say that it stands."""
        printed = await self.cluster.helm("uninstall", self.name, "-n", self.namespace, "--timeout", "120s")
        report = ("get", "configmap", f"{self.name}-uninstall-report", "-o", "jsonpath={.data.report}")
        return printed + await self.cluster.kubectl("-n", self.namespace, *report)

    async def give_key(self, name: str = "novita-api-key", entry: str = "apiKey") -> None:
        """The Secret that the chart's values name."""
        body = builders.secret(name, self.namespace, **{entry: self.novita.key})
        await self.cluster.kube.create(kube.SECRETS, body)

    async def account_ready(self) -> Body:
        """The account that the operator has made. From here on it may call as often as these quick tests poll."""
        ready = await self.cluster.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready")
        await self.cluster.kube.patch(kube.NOVITA_ACCOUNTS, "default", {"spec": {"limits": _OFTEN}})
        return ready

    async def create(self, name: str, **spec: Any) -> Body:
        self.ordered += 1
        return await self.cluster.kube.create(kube.GPU_INSTANCES, builders.gpu_instance(name, self.work, **spec))

    async def until_ready(self, *names: str) -> list[Body]:
        """The instances, once all of them are Ready."""
        waits = (self.cluster.until_condition(kube.GPU_INSTANCES, name, "Ready", self.work) for name in names)
        return list(await asyncio.gather(*waits))

    async def operator(self) -> Body:
        """The operator's pod that is ready and not about to end; one of them."""

        async def probe() -> Body | None:
            return next((pod for pod in await self.cluster.pods(self.namespace) if is_ready(pod)), None)

        return await waiting.until(probe, "an operator's pod is ready", explain=self.explain)

    async def operators(self, count: int) -> list[Body]:
        """As many pods, all of them ready and no others."""

        async def probe() -> list[Body] | None:
            pods = await self.cluster.pods(self.namespace)
            return pods if len(pods) == count and all(is_ready(pod) for pod in pods) else None

        return await waiting.until(probe, f"{count} operator pods are ready", explain=self.explain)

    async def deployment(self) -> Body:
        return await self.cluster.kube.get(DEPLOYMENTS, self.name, self.namespace)

    async def rented_once(self, *names: str) -> None:
        """The ledger's judgement: one instance was ever rented for each object, and those of these objects live."""
        bodies = [await self.cluster.kube.get(kube.GPU_INSTANCES, name, self.work) for name in names]
        ledger = await self.novita.ledger()
        assert ledger.duplicated == 0, ledger
        assert ledger.created == self.ordered, ledger
        assert {record.id for record in ledger.live} == {body["status"]["instanceId"] for body in bodies}, ledger

    async def explain(self) -> str:
        """What an administrator would look at."""
        kubectl = self.cluster.try_kubectl
        looks = (
            ("get", "pods,jobs,events", "-n", self.namespace),
            ("describe", "pods", "-n", self.namespace),
            ("logs", "-n", self.namespace, "-l", "app.kubernetes.io/component=operator", "--tail=30"),
            ("get", "gpuinstances,novitaaccounts", "-A"),
        )
        return "\n".join([(await kubectl(*look)).text[-4000:] for look in looks])

    async def clear(self) -> None:
        """Leave the cluster as if this release had never been. Instances go on existing in the simulator."""
        command = ("uninstall", self.name, "-n", self.namespace, "--no-hooks", "--ignore-not-found")
        await self.cluster.helm(*command)
        await remove_objects(self.cluster)
        part = "app.kubernetes.io/part-of=novita-operator"
        await self.cluster.kubectl("delete", _CLUSTER_KINDS, "-l", part, "--timeout=60s")
        await self.cluster.kubectl("delete", "namespace", self.namespace, self.work, "--wait=false")
        await self.novita.aclose()


async def remove_objects(cluster: RealCluster) -> None:
    """All objects of our kinds, without anybody who would end what they rent."""
    known = {body["spec"]["names"]["plural"] for body in await cluster.kube.list(kube.CRDS)}
    for kind in _KINDS:
        if kind.plural in known:
            for body in await waiting.until(lambda kind=kind: _all(cluster, kind), f"{kind.plural} are listed"):
                at = body["metadata"]
                where = at.get("namespace", "")
                await cluster.kube.patch(kind, at["name"], {"metadata": {"finalizers": None}}, where)
                await cluster.kube.delete(kind, at["name"], where)


async def _all(cluster: RealCluster, kind: Kind) -> tuple[Body, ...] | None:
    """Every object; None while the API server still makes room for a new kind."""
    try:
        return tuple(await cluster.kube.list(kind))
    except kube.Refused as refused:
        if refused.status != HTTPStatus.TOO_MANY_REQUESTS:
            raise
        return None


def is_ready(pod: Body) -> bool:
    """Whether its containers serve, and nobody has asked it to end."""
    conditions = (pod.get("status") or {}).get("conditions", [])
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def restarts(pod: Body) -> int:
    """How often its only container was started again."""
    (container,) = pod["status"]["containerStatuses"]
    count: int = container["restartCount"]
    return count
