"""The real control plane for a test run: the CRDs applied, the operator's namespace and user made, kubectl at hand."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.support import builders, kube, processes, waiting
from tests.support.audit import AuditLog
from tests.support.kube import Kube
from tests.support.sharing import Facts, Sharing

from local_cluster import flags
from local_cluster.control_plane import ControlPlane

CRDS = processes.REPOSITORY / "crds"
OPERATOR_NAMESPACE = "novita-system"
OPERATOR_USER = f"system:serviceaccount:{OPERATOR_NAMESPACE}:novita-operator"
_OPERATOR_KUBECONFIG = "operator.kubeconfig"
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Output:
    """What a command printed."""

    code: int
    out: str
    err: str


@dataclass
class Plane:
    """A running control plane. `operator_kubeconfig` is of a ServiceAccount of its own, so that the audit log tells.

    `stays`: the whole run uses it, and its end stops it.
    """

    control: ControlPlane
    kube: Kube
    operator_kubeconfig: Path
    stays: bool = False

    @classmethod
    async def start(cls, directory: Path, *, crds: Path = CRDS) -> Plane:
        """Bring it up in this directory."""
        control = await asyncio.to_thread(ControlPlane.start, directory)
        plane = cls(control, Kube.of(control.kubeconfig), directory / _OPERATOR_KUBECONFIG)
        applied = await plane.kubectl("apply", "--server-side", "-k", str(crds))
        assert applied.code == 0, applied.err
        await plane._make_operator_user()
        await waiting.until(plane._served, "the API server serves the CRDs")
        return plane

    @classmethod
    async def shared(cls, sharing: Sharing) -> Plane:
        """The one of the whole run: it stands until the run ends, and `close` only ends our connection to it."""
        facts = await sharing.find_or_start("plane", cls._start_for_all)
        directory = Path(facts["directory"])
        control = ControlPlane.running_at(directory, flags.Ports(**facts["ports"]), facts["token"])
        return cls(control, Kube.of(control.kubeconfig), directory / _OPERATOR_KUBECONFIG, stays=True)

    @classmethod
    async def _start_for_all(cls, directory: Path) -> Facts:
        plane = await cls.start(directory)
        await plane.kube.aclose()
        plane.control.release_ports()
        return {"directory": str(directory), "ports": asdict(plane.control.ports), "token": plane.control.token}

    @property
    def kubeconfig(self) -> Path:
        return self.control.kubeconfig

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self.control.audit_log)

    async def kubectl(self, *arguments: str, stdin: str | None = None) -> Output:
        """Run the real kubectl as an administrator, as a user would type it."""
        process = await asyncio.create_subprocess_exec(
            "kubectl",
            *arguments,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "KUBECONFIG": str(self.kubeconfig),
                # The discovery cache: without a home of its own it would be shared with the user's clusters.
                "HOME": str(self.control.directory),
            },
        )
        out, err = await process.communicate(stdin.encode() if stdin is not None else None)
        return Output(process.returncode or 0, out.decode(), err.decode())

    async def close(self) -> None:
        """Stop it; logs and audit log stay in the directory, the data do not."""
        await self.kube.aclose()
        if self.stays:
            return
        await asyncio.to_thread(self.control.stop)
        await asyncio.to_thread(shutil.rmtree, self.control.directory / "etcd", ignore_errors=True)

    async def _served(self) -> bool:
        for kind in (kube.GPU_INSTANCES, kube.NOVITA_ACCOUNTS):
            try:
                await self.kube.list(kind)
            except kube.Refused:
                return False
        return True

    async def _make_operator_user(self) -> None:
        await self.kube.create(kube.NAMESPACES, builders.namespace(OPERATOR_NAMESPACE))
        at = {"name": "novita-operator", "namespace": OPERATOR_NAMESPACE}
        await self.kube.create(kube.SERVICE_ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": at})
        await self.kube.create(kube.CLUSTER_ROLE_BINDINGS, _binding(at))
        token = await self.kube.post(
            f"{kube.SERVICE_ACCOUNTS.path(at['namespace'], at['name'])}/token",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": _DAY_SECONDS},
            },
        )
        self.control.service_account_kubeconfig(self.operator_kubeconfig, token["status"]["token"])


def _binding(account: dict[str, str]) -> kube.Body:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "novita-operator-under-test"},
        "subjects": [{"kind": "ServiceAccount", **account}],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
    }
