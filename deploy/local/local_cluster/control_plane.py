"""Start and stop the control plane. All state is under one directory, which `down` removes."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from local_cluster import asking, binaries, flags, kubeconfig, locking, ports, processes, signing, waiting
from local_cluster.errors import NotOurs
from local_cluster.ports import Kept
from local_cluster.processes import Started


@dataclass
class ControlPlane:
    """A running control plane. `files` says where its logs, its kubeconfig and its audit log are."""

    directory: Path
    tools: binaries.Tools
    ports: flags.Ports
    token: str
    started: dict[str, Started] = field(default_factory=dict)
    kept: Kept | None = None

    @property
    def files(self) -> flags.Files:
        return flags.Files(self.directory)

    @property
    def kubeconfig(self) -> Path:
        return self.files.kubeconfig

    @property
    def audit_log(self) -> Path:
        return self.files.audit_log

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.ports.api_server}"

    @classmethod
    def start(cls, directory: Path) -> ControlPlane:
        """Bring everything up and wait until it works. Raises CannotStart or CannotProvide."""
        tools = binaries.provide(os.environ)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = ports.keep(3)
        plane = cls(directory, tools, flags.Ports(*kept.numbers), secrets.token_hex(16), kept=kept)
        try:
            plane._bring_up()
        except BaseException:
            plane.stop()
            raise
        return plane

    @classmethod
    def running_at(cls, directory: Path, used: flags.Ports, token: str) -> ControlPlane:
        """The one that another process has started in this directory. Raises CannotProvide."""
        return cls(directory, binaries.provide(os.environ), used, token, processes.load(flags.Files(directory).pids))

    def stop(self) -> None:
        """End the processes that were started, in reverse order."""
        for process in reversed(list(self.started.values())):
            process.stop()
        self.started.clear()
        self.release_ports()

    def release_ports(self) -> None:
        """The servers keep their ports from now on only while they run: for who leaves them to others."""
        if self.kept is not None:
            self.kept.release()

    def stop_api_server(self) -> None:
        """Take the API server away; etcd and the data stay."""
        self.started.pop("kube-apiserver").stop()

    def start_api_server(self) -> None:
        """Bring the API server up, on the same port as before."""
        self._start("kube-apiserver", flags.api_server(self.files, self.ports))
        self._wait("kube-apiserver", "/readyz")

    def service_account_kubeconfig(self, path: Path, token: str) -> Path:
        """A kubeconfig for another token, such as one of `kubectl create token`."""
        return kubeconfig.write(path, self.url, self.files.certificate, "service-account", token)

    def _bring_up(self) -> None:
        self._write_files()
        self._start("etcd", flags.etcd(self.files, self.ports))
        self.start_api_server()
        kubeconfig.write(self.kubeconfig, self.url, self.files.certificate, "admin", self.token)
        self._start("kube-controller-manager", flags.controller_manager(self.files))
        self._wait("kube-controller-manager", "/api/v1/namespaces/default/serviceaccounts/default")

    def _start(self, name: str, options: list[str]) -> None:
        command, environment = [str(self.tools.path(name)), *options], {**flags.GARBAGE_LATER, **os.environ}
        self.started[name] = processes.start(command, self.files.log(name), environment)
        processes.save(self.files.pids, self.started)

    def _wait(self, name: str, path: str) -> None:
        waiting.until(lambda: self._answers(path), name, self.started, self.files.log)

    def _write_files(self) -> None:
        files = self.files
        processes.save(files.pids, self.started)  # from now on the directory is ours to clear
        files.audit_policy.write_text(flags.AUDIT_POLICY)
        files.tokens.touch(mode=0o600)
        files.tokens.write_text(f'{self.token},admin,admin,"system:masters"\n')
        signing.service_account_keys(files.signing_key, files.public_key)

    def _answers(self, path: str) -> bool:
        headers = {"Authorization": f"Bearer {self.token}"}
        return asking.ask(self.url + path, headers=headers, certificate=self.files.certificate) is not None


def running(directory: Path) -> bool:
    """Whether a control plane of this directory runs, with all of its servers: its starter may have been killed."""
    started = processes.load(flags.Files(directory).pids)
    return started.keys() >= set(binaries.CONTROL_PLANE) and all(process.alive for process in started.values())


def up(directory: Path) -> ControlPlane | None:
    """Start one, unless one runs there: then None. What is left of one that died is cleared away before.

    Raises NotOurs, CannotStart or CannotProvide.
    """
    with locking.held(directory, "another run is starting or stopping this control plane; waiting for it"):
        if running(directory):
            return None
        _stop(directory)
        plane = ControlPlane.start(directory)
        plane.release_ports()  # it runs on when this process is gone
        return plane


def down(directory: Path) -> bool:
    """Stop what was started there and remove the directory. True if there was anything. Raises NotOurs."""
    if not directory.exists():
        return False
    with locking.held(directory, "another run is starting or stopping this control plane; waiting for it"):
        was_there = any(directory.iterdir())
        _stop(directory)
        shutil.rmtree(directory)
    return was_there


def _stop(directory: Path) -> None:
    """Stop the processes and empty the directory; only if it is one of ours."""
    pids = flags.Files(directory).pids
    if any(directory.iterdir()) and not pids.exists():
        raise NotOurs(f"{directory} holds other files than those of a control plane; choose another directory")
    for process in reversed(list(processes.load(pids).values())):
        process.stop()
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != pids:
            path.unlink()
    pids.unlink(missing_ok=True)  # the last: it says that the rest is ours
