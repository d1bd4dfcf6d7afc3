"""Start and stop the control plane. All state is under one directory, which `down` removes."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from local_cluster import binaries, processes
from local_cluster.processes import Started

_START_SECONDS = 90.0  # 3 s on an idle machine; a loaded one needs longer
_CONTROLLERS = (
    "garbage-collector-controller,namespace-controller,serviceaccount-controller,"
    "clusterrole-aggregation-controller,ttl-after-finished-controller"
)
_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager"]
- level: Metadata
"""


class CannotStart(Exception):
    """The control plane did not come up; the text has the end of the log that says why."""


@dataclass
class ControlPlane:
    """A running control plane."""

    directory: Path
    tools: binaries.Tools
    etcd_port: int
    peer_port: int
    api_port: int
    token: str
    started: dict[str, Started] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.directory / "audit.log"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.api_port}"

    @classmethod
    def start(cls, directory: Path) -> ControlPlane:
        """Bring everything up and wait until it works. Raises CannotStart or binaries.CannotProvide."""
        tools = binaries.provide(os.environ)
        directory.mkdir(parents=True, exist_ok=True)
        etcd_port, peer_port, api_port = _free_ports(3)
        plane = cls(directory, tools, etcd_port, peer_port, api_port, secrets.token_hex(16))
        try:
            plane._bring_up()
        except BaseException:
            plane.stop()
            raise
        return plane

    def stop(self) -> None:
        """End the processes that were started, in reverse order."""
        for process in reversed(list(self.started.values())):
            process.stop()
        self.started.clear()

    def stop_api_server(self) -> None:
        """Take the API server away; etcd and the data stay."""
        self.started.pop("kube-apiserver").stop()

    def start_api_server(self) -> None:
        """Bring the API server up again on the same port."""
        self._start("kube-apiserver", self._api_server_flags())
        self._wait("kube-apiserver", self._api_ready)

    def _bring_up(self) -> None:
        self._write_files()
        self._start("etcd", self._etcd_flags())
        self.start_api_server()
        self._write_kubeconfig()
        self._start("kube-controller-manager", self._controller_flags())
        self._wait("kube-controller-manager", self._default_service_account)

    def _start(self, name: str, flags: list[str]) -> None:
        log = self.directory / f"{name}.log"
        self.started[name] = processes.start([str(self.tools.path(name)), *flags], log)
        processes.save(self.directory / "pids.json", self.started)

    def _wait(self, name: str, ready: object) -> None:
        end = time.monotonic() + _START_SECONDS
        while not ready():  # type: ignore[operator]
            if not all(process.alive for process in self.started.values()) or time.monotonic() > end:
                dead = next((each for each, process in self.started.items() if not process.alive), name)
                raise CannotStart(f"{dead} did not start:\n{processes.tail(self.directory / f'{dead}.log')}")
            time.sleep(0.05)

    def _write_files(self) -> None:
        (self.directory / "audit.yaml").write_text(_AUDIT_POLICY)
        (self.directory / "tokens.csv").write_text(f'{self.token},admin,admin,"system:masters"\n')
        key, public = self.directory / "sa.key", self.directory / "sa.pub"
        _openssl("genrsa", "-out", str(key), "2048")
        _openssl("rsa", "-in", str(key), "-pubout", "-out", str(public))

    def _write_kubeconfig(self) -> None:
        self.kubeconfig.write_text(kubeconfig(self.url, self.directory / "certs" / "apiserver.crt", "admin", self.token))
        self.kubeconfig.chmod(0o600)

    def service_account_kubeconfig(self, path: Path, token: str) -> Path:
        """A kubeconfig for another token, such as one of `kubectl create token`."""
        path.write_text(kubeconfig(self.url, self.directory / "certs" / "apiserver.crt", "service-account", token))
        path.chmod(0o600)
        return path

    def _etcd_flags(self) -> list[str]:
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.peer_port}"
        return [
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ]

    def _api_server_flags(self) -> list[str]:
        at = self.directory
        return [
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--secure-port={self.api_port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={at / 'certs'}",
            f"--service-account-key-file={at / 'sa.pub'}",
            f"--service-account-signing-key-file={at / 'sa.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--authorization-mode=RBAC",
            f"--token-auth-file={at / 'tokens.csv'}",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--audit-policy-file={at / 'audit.yaml'}",
            f"--audit-log-path={self.audit_log}",
            "--allow-privileged=true",
        ]

    def _controller_flags(self) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={self.directory / 'sa.key'}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={_free_ports(1)[0]}",
            f"--controllers={_CONTROLLERS}",
        ]

    def _api_ready(self) -> bool:
        return self._answers("/readyz")

    def _default_service_account(self) -> bool:
        return self._answers("/api/v1/namespaces/default/serviceaccounts/default")

    def _answers(self, path: str) -> bool:
        certificate = self.directory / "certs" / "apiserver.crt"
        if not certificate.exists():
            return False
        try:
            context = ssl.create_default_context(cafile=str(certificate))
            request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
            with urllib.request.urlopen(request, context=context, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, ssl.SSLError, urllib.error.URLError):
            return False


def kubeconfig(url: str, certificate: Path, user: str, token: str) -> str:
    """The text of a kubeconfig with one cluster and one user."""
    return (
        "apiVersion: v1\nkind: Config\ncurrent-context: local\n"
        f"clusters:\n- name: local\n  cluster:\n    server: {url}\n    certificate-authority: {certificate}\n"
        f"users:\n- name: {user}\n  user:\n    token: {token}\n"
        f"contexts:\n- name: local\n  context:\n    cluster: local\n    user: {user}\n"
    )


def running(directory: Path) -> bool:
    """Whether a control plane of this directory runs."""
    started = processes.load(directory / "pids.json")
    return bool(started) and all(process.alive for process in started.values())


def down(directory: Path) -> bool:
    """Stop what was started there and remove the directory. True if there was anything."""
    if not directory.exists():
        return False
    for process in reversed(list(processes.load(directory / "pids.json").values())):
        process.stop()
    shutil.rmtree(directory)
    return True


def _free_ports(count: int) -> list[int]:
    """Ports that are free now; all are held until the last is known, so that they differ."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def _openssl(*arguments: str) -> None:
    try:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    except FileNotFoundError:
        raise CannotStart("openssl is not installed; it makes the signing key of ServiceAccount tokens") from None
