"""The operator as the chart installs it, with the rights that it renders, in a cluster of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.attacks.people import Person
from tests.packaging.node import DEPLOYMENTS, Helm, Node
from tests.packaging.rendering import CHART, NAMESPACE, RELEASE
from tests.support import builders, chart_values, kube, waiting
from tests.support.kube import Body, Kube, Refused
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.processes import SharedProgram
from tests.support.sharing import Facts, Sharing
from tests.support.simulator import Simulator

from chart_tools import helm as helm_binary
from local_cluster import flags
from local_cluster.control_plane import ControlPlane

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
STATUS_WRITER = "status-writer"
"""A ClusterRole that gives more than people should have: to see what stands behind the roles."""
_CLUSTER_ROLES = kube.Kind("/apis/rbac.authorization.k8s.io/v1", "clusterroles", namespaced=False)


@dataclass(frozen=True)
class Installation:
    """A control plane with the chart in it, and the operator at work in all of its namespaces."""

    plane: Plane
    operator: OperatorProcess

    @classmethod
    async def shared(cls, sharing: Sharing, simulator: Simulator) -> Installation:
        """The one of the whole run: it stands until the run ends."""

        async def start(directory: Path) -> Facts:
            return await _install(directory, simulator.url)

        facts = await sharing.find_or_start("chart-plane", start)
        control = ControlPlane.running_at(Path(facts["directory"]), flags.Ports(**facts["ports"]), facts["token"])
        plane = Plane(control, Kube.of(control.kubeconfig), control.kubeconfig, stays=True)
        return cls(plane, OperatorProcess(SharedProgram.of(facts["program"]), Path(facts["port_file"])))


async def _install(directory: Path, novita: str) -> Facts:
    control = await asyncio.to_thread(ControlPlane.start, directory)
    plane = Plane(control, Kube.of(control.kubeconfig), control.kubeconfig)
    await _helm_install(plane, novita)
    await _make_status_writer(plane)
    await plane.kube.create(kube.GPU_INSTANCES, builders.gpu_instance("probe", "default", powerState="Stopped"))
    prober = await Person.with_role(STATUS_WRITER, "default", plane)
    await prober.kube.aclose()
    await waiting.until(lambda: _people_have_their_roles(plane), "edit and admin have the chart's rights")
    await waiting.until(lambda: _policies_are_in_force(plane), "the admission policies are in force")
    await plane.kube.delete(kube.GPU_INSTANCES, "probe", "default")
    deployment = await plane.kube.get(DEPLOYMENTS, RELEASE, NAMESPACE)
    operator = await Node(plane, directory).launch(NAMESPACE, deployment["spec"]["template"]["spec"])
    await operator.until_ready()
    await plane.kube.aclose()
    control.release_ports()
    return {
        "directory": str(directory),
        "ports": asdict(control.ports),
        "token": control.token,
        "port_file": str(operator.port_file),
        "program": operator.child.give_away().facts(),
    }


async def _helm_install(plane: Plane, novita: str) -> None:
    settings = chart_values.fast() | {"novitaApiUrl": novita, "allowPrivateEndpoints": True}
    values: dict[str, Any] = {"settings": settings, "account": {"create": False}}
    helm = Helm(helm_binary.path(), plane.kubeconfig, plane.control.directory)
    printed = await helm(
        "install", RELEASE, str(CHART), "-n", NAMESPACE, "--create-namespace", "-f", "-", stdin=yaml.safe_dump(values)
    )
    assert printed.code == 0, printed.text


async def _people_have_their_roles(plane: Plane) -> bool:
    """The controller manager adds the chart's roles to those of Kubernetes a moment after they are made."""
    roles = [await plane.kube.get(_CLUSTER_ROLES, name) for name in ("view", "edit", "admin")]
    return all(any("gpu.novita.ai" in rule.get("apiGroups", ()) for rule in role["rules"] or ()) for role in roles)


async def _make_status_writer(plane: Plane) -> None:
    """A role that says too much, such as that of an earlier release."""
    rule = {"apiGroups": ["gpu.novita.ai"], "resources": ["*"], "verbs": ["create", "get", "patch", "update"]}
    body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": STATUS_WRITER},
        "rules": [rule],
    }
    await plane.kube.create(_CLUSTER_ROLES, body)


async def _policies_are_in_force(plane: Plane) -> bool:
    """Each of them refuses what it is there for; a dry run stores nothing."""
    probe = builders.gpu_instance("probe", "default")
    held = probe | {"metadata": probe["metadata"] | {"finalizers": ["gpu.novita.ai/probe"]}}
    prober, thief = (Kube.of(plane.kubeconfig, user=user) for user in (f"{STATUS_WRITER}-of-default", OPERATOR))
    refusals = [
        await _refusal(prober.create(kube.GPU_INSTANCES, held, dry_run=True)),
        await _refusal(prober.patch(kube.GPU_INSTANCES, "probe", {"status": {}}, "default", subresource="status")),
        await _refusal(thief.create(kube.SECRETS, builders.secret("probe", "default"), dry_run=True)),
    ]
    await asyncio.gather(prober.aclose(), thief.aclose())
    return all("ValidatingAdmissionPolicy" in said for said in refusals)


async def _refusal(call: Awaitable[Body]) -> str:
    try:
        await call
    except Refused as refused:
        return refused.message
    return ""
