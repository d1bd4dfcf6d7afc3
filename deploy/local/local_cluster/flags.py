"""The command lines of the three servers. Pure: a directory and ports in, flags out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_CONTROLLERS = (
    "garbage-collector-controller,namespace-controller,serviceaccount-controller,"
    "clusterrole-aggregation-controller,ttl-after-finished-controller"
)

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager"]
- level: Metadata
"""

# Memory is there, and cores are few: Go's collector waits for five times what is in use, instead of twice.
GARBAGE_LATER = {"GOGC": "400"}

# 100 GB. By default a second file is begun at 100 MB, and who counts in the first would miss the rest.
_NEVER_ROTATED_MB = 100_000


@dataclass(frozen=True)
class Ports:
    """Where the servers listen on 127.0.0.1, each on a port that it shares with the socket which keeps it free."""

    etcd: int
    etcd_peer: int
    api_server: int


@dataclass(frozen=True)
class Files:
    """Everything that the servers read and write, under one directory."""

    directory: Path

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    @property
    def certificate(self) -> Path:
        """The API server signs it itself and writes it when it starts."""
        return self.directory / "certs" / "apiserver.crt"

    @property
    def tokens(self) -> Path:
        return self.directory / "tokens.csv"

    @property
    def signing_key(self) -> Path:
        return self.directory / "sa.key"

    @property
    def public_key(self) -> Path:
        return self.directory / "sa.pub"

    @property
    def audit_policy(self) -> Path:
        return self.directory / "audit.yaml"

    @property
    def audit_log(self) -> Path:
        return self.directory / "audit.log"

    @property
    def pids(self) -> Path:
        return self.directory / "pids.json"

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"


def etcd(files: Files, ports: Ports) -> list[str]:
    """A single member; `--unsafe-no-fsync`, since its data are not meant to survive the machine."""
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peer}"
    return [
        f"--data-dir={files.directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--socket-reuse-port",
        "--unsafe-no-fsync",
    ]


def api_server(files: Files, ports: Ports) -> list[str]:
    """RBAC and the audit log are on, as in a real cluster."""
    return [
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        f"--secure-port={ports.api_server}",
        "--permit-port-sharing",
        "--bind-address=127.0.0.1",
        f"--cert-dir={files.certificate.parent}",
        f"--service-account-key-file={files.public_key}",
        f"--service-account-signing-key-file={files.signing_key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=RBAC",
        f"--token-auth-file={files.tokens}",
        "--service-cluster-ip-range=10.0.0.0/24",
        *audit(files.audit_policy, files.audit_log),
        "--allow-privileged=true",
    ]


def audit(policy: Path, log: Path) -> list[str]:
    """Who did what; see AUDIT_POLICY."""
    return [
        f"--audit-policy-file={policy}",
        f"--audit-log-path={log}",
        f"--audit-log-maxsize={_NEVER_ROTATED_MB}",
    ]


def controller_manager(files: Files) -> list[str]:
    """Only the controllers that do something where no pod ever runs; nobody asks it anything, so it has no port."""
    return [
        f"--kubeconfig={files.kubeconfig}",
        f"--service-account-private-key-file={files.signing_key}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        f"--controllers={_CONTROLLERS}",
    ]
