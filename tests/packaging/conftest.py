"""A control plane where nothing is installed yet, helm, and a node that runs what helm installs."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.packaging.node import Helm, Node
from tests.packaging.rendering import CHART, NAMESPACE, RELEASE
from tests.support import builders, chart_values, kube, waiting
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.simulator import SimulatedAccount, Simulator

from chart_tools import helm as helm_binary
from local_cluster.control_plane import ControlPlane

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
_CUSTOM = [kube.Kind("/apis/gpu.novita.ai/v1alpha1", plural, namespaced)
           for plural, namespaced in (("gpujobs", True), ("gpuinstancesets", True), ("gpuinstances", True),
                                      ("novitaaccounts", False))]  # fmt: skip
_OF_THE_CLUSTER = "clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding"


@pytest.fixture(scope="session")
async def bare_plane(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plane]:
    """A control plane as a cluster is before anybody has heard of the operator."""
    directory = tmp_path_factory.mktemp("bare-plane")
    control = await asyncio.to_thread(ControlPlane.start, directory)
    plane = Plane(control, kube.Kube.of(control.kubeconfig), control.kubeconfig)
    body = builders.namespace(NAMESPACE)
    body["metadata"]["labels"] = RESTRICTED
    await plane.kube.create(kube.NAMESPACES, body)
    yield plane
    await plane.close()


@dataclass
class Site:
    """One release in the bare cluster, its simulated account, and a namespace for its objects."""

    plane: Plane
    helm: Helm
    node: Node
    novita: SimulatedAccount
    namespace: str
    stack: AsyncExitStack
    operators: list[OperatorProcess] = field(default_factory=list)

    def values(self, **more: Any) -> dict[str, Any]:
        """Values that make the operator quick and lead it to the simulator; the rest is what everybody gets."""
        settings = (
            chart_values.fast()
            | {"novitaApiUrl": self.novita.url, "allowPrivateEndpoints": True}
            | more.pop("settings", {})
        )
        return {"settings": settings, **more}

    async def install(self, *options: str, **values: Any) -> str:
        return await self._helm("install", *options, **values)

    async def upgrade(self, *options: str, **values: Any) -> str:
        return await self._helm("upgrade", *options, **values)

    async def uninstall(self) -> tuple[int, str]:
        """`helm uninstall` with its hook run: helm's exit code and what the hook printed."""
        helm = asyncio.create_task(self.helm("uninstall", RELEASE, "-n", NAMESPACE, "--timeout", "3m"))
        printed = await self.node.run_job(NAMESPACE, f"{RELEASE}-uninstall")
        return (await helm).code, printed

    async def give_key(self) -> None:
        """The Secret that the chart's default values name."""
        await self.plane.kube.create(kube.SECRETS, builders.secret("novita-api-key", NAMESPACE, apiKey=self.novita.key))

    async def start(self) -> OperatorProcess:
        """The operator that helm installed."""
        operator = await self.node.operator(NAMESPACE, RELEASE)
        self.stack.push_async_callback(operator.close)
        self.operators.append(operator)
        return operator

    async def create(self, name: str, namespace: str | None = None, **spec: Any) -> Body:
        where = namespace or self.namespace
        return await self.plane.kube.create(kube.GPU_INSTANCES, builders.gpu_instance(name, where, **spec))

    async def until_condition(
        self, kind: kube.Kind, name: str, condition: str, *, reason: str | None = None, namespace: str = ""
    ) -> Body:
        """The object, once the condition is True (or has this reason)."""

        async def probe() -> Body | None:
            body = await self.plane.kube.find(kind, name, namespace) or {}
            for each in (body.get("status") or {}).get("conditions", []):
                if each["type"] == condition and (each["reason"] == reason if reason else each["status"] == "True"):
                    return body
            return None

        return await waiting.until(probe, f"{name}: {condition} {reason or 'True'}", explain=self.explain)

    async def until_ready(self, name: str, namespace: str | None = None) -> Body:
        where = namespace or self.namespace
        return await self.until_condition(kube.GPU_INSTANCES, name, "Ready", namespace=where)

    async def explain(self) -> str:
        account = await self.plane.kube.list(kube.NOVITA_ACCOUNTS)
        found = await self.plane.kube.list(kube.GPU_INSTANCES)
        tails = [await operator.child.tail() for operator in self.operators]
        return "\n".join([*(json.dumps(body.get("status"), indent=1) for body in account + found), *tails])

    async def _helm(self, verb: str, *options: str, **values: Any) -> str:
        given = yaml.safe_dump(self.values(**values))
        printed = await self.helm(verb, RELEASE, str(CHART), "-n", NAMESPACE, "-f", "-", *options, stdin=given)
        assert printed.code == 0, printed.text
        return printed.text

    async def clear(self) -> None:
        """Leave the cluster as bare as it was; the operators are gone by now."""
        await self.helm("uninstall", RELEASE, "-n", NAMESPACE, "--no-hooks", "--ignore-not-found")
        await self.plane.kubectl(
            "-n", NAMESPACE, "delete", "secret,job,pod,role,rolebinding,sa", "--all", "--wait=false"
        )
        await self.plane.kubectl(
            "-n", NAMESPACE, "delete", "configmap", "-l", "app.kubernetes.io/part-of=novita-operator"
        )
        await self.plane.kubectl(
            "-n", NAMESPACE, "delete", "configmap", "-l", "app.kubernetes.io/component=retained-instances"
        )
        await self.plane.kubectl("-n", NAMESPACE, "delete", "lease", "--all")
        for kind in _CUSTOM:
            await self._remove_all(kind)
        await self.plane.kubectl("delete", "crd", "-l", "app.kubernetes.io/component=crds", "--timeout=60s")
        await self.plane.kubectl("delete", _OF_THE_CLUSTER, "-l", "app.kubernetes.io/part-of=novita-operator")
        await self.novita.aclose()

    async def _remove_all(self, kind: kube.Kind) -> None:
        known = {body["spec"]["names"]["plural"] for body in await self.plane.kube.list(kube.CRDS)}
        found = (
            await waiting.until(lambda: self._all(kind), f"{kind.plural} are listed") if kind.plural in known else ()
        )
        for body in found:
            at = body["metadata"]
            try:
                await self.plane.kube.patch(
                    kind, at["name"], {"metadata": {"finalizers": None}}, at.get("namespace", "")
                )
            except kube.Refused as refused:
                if refused.status != 404:
                    raise
            await self.plane.kube.delete(kind, at["name"], at.get("namespace", ""))

    async def _all(self, kind: kube.Kind) -> tuple[Body, ...] | None:
        """Every object; None while the API server still makes room for a new kind."""
        try:
            return tuple(await self.plane.kube.list(kind))
        except kube.Refused as refused:
            if refused.status != 429:
                raise
            return None


@pytest.fixture
async def site(bare_plane: Plane, simulator: Simulator, tmp_path: Path) -> AsyncIterator[Site]:
    """A cluster with a namespace for objects, and nothing installed."""
    unique = secrets.token_hex(4)
    helm = Helm(helm_binary.path(), bare_plane.kubeconfig, tmp_path)
    await bare_plane.kube.create(kube.NAMESPACES, builders.namespace(f"work-{unique}"))
    async with AsyncExitStack() as stack:
        account = simulator.account(f"sk_packaging-{unique}-{secrets.token_hex(8)}")
        made = Site(bare_plane, helm, Node(bare_plane, tmp_path), account, f"work-{unique}", stack)
        stack.push_async_callback(made.clear)
        yield made
