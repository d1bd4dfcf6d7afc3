"""Everything that the demo runs on, under one directory: a cluster with the CRDs, a simulated Novita, an operator."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from demo.clusters import choice
from demo.clusters.cluster import Cluster, Source
from demo.errors import DemoFailed
from demo.kubectl import Kubectl
from demo.servers import Servers
from demo.steps import Steps

REPOSITORY = Path(__file__).resolve().parents[3]
_CRDS = REPOSITORY / "crds"
_ACCOUNT = "novitaaccount/default"


@dataclass(frozen=True)
class Environment:
    """One of them, running or not."""

    directory: Path
    source: Source
    machines: bool = False  # whether instances have machines, on this computer

    @property
    def cluster(self) -> Cluster:
        return choice.of(self.source, self.directory)

    @property
    def servers(self) -> Servers:
        return Servers(self.directory)

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.cluster.kubeconfig)

    @property
    def logs(self) -> Path:
        """Where the logs are after a failure."""
        return self.directory / "logs"

    def up(self, steps: Steps) -> None:
        """Bring everything up. Raises what says why not; then the caller takes down what did come up."""
        _source_file(self.directory).write_text(self.source)
        with steps.step("cluster") as step:
            self.cluster.up()
            step.says(f"Kubernetes {self._version()}, KUBECONFIG={_short(self.cluster.kubeconfig)}")
        with steps.step("CRDs") as step:
            names = self.kubectl.run("apply", "--server-side", "-k", str(_CRDS), "--output=name").split()
            self.kubectl.run("wait", "--for=condition=Established", "--timeout=30s", *names)
            step.says(", ".join(name.partition("/")[2].partition(".")[0] for name in names))
        with steps.step("simulator") as step:
            self.servers.start_simulator(machines=self.machines)
            real = "; its machines are processes on this computer" if self.machines else ""
            step.says(f"a Novita account at {self.servers.simulator_url}{real}")
        with steps.step("operator") as step:
            self.servers.start_operator(self.cluster.kubeconfig, machines=self.machines)
            step.says("`novita-operator run`, watching")
        with steps.step("account") as step:
            self.kubectl.run("wait", "--for=create", "--timeout=30s", _ACCOUNT)
            self.kubectl.run("wait", "--for=condition=Ready", "--timeout=30s", _ACCOUNT)
            step.says("NovitaAccount default, made from NOVITA_API_KEY: Novita accepts the key")

    def running(self) -> bool:
        """Whether all of it works."""
        if not self.servers.running:
            return False
        try:
            self.kubectl.run("get", "--raw", "/readyz", "--request-timeout=5s")
        except DemoFailed:
            return False
        return True

    def down(self, *, keep_logs: bool = False) -> None:
        """Stop everything and empty the directory; whatever fails on the way, the rest is done all the same."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._empty)
            stack.callback(self.cluster.down)
            if keep_logs:
                stack.callback(self._collect_logs)
            stack.callback(self.servers.stop)
            stack.callback(self.cluster.release, operator_runs=self.servers.running)

    def _version(self) -> str:
        return str(self.kubectl.read("version")["serverVersion"]["gitVersion"])

    def _collect_logs(self) -> None:
        found = list(self.directory.rglob("*.log"))
        self.logs.mkdir(exist_ok=True)
        for log in found:
            shutil.copy(log, self.logs / log.name)

    def _empty(self) -> None:
        for path in self.directory.iterdir():
            if path == self.logs:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def found_in(directory: Path) -> Environment | None:
    """What an earlier run has left or keeps running there; the logs of a failure are cleared away."""
    shutil.rmtree(directory / "logs", ignore_errors=True)
    try:
        return Environment(directory, Source(_source_file(directory).read_text()))
    except (OSError, ValueError):
        return None


def _source_file(directory: Path) -> Path:
    return directory / "cluster"


def _short(path: Path) -> str:
    """Relative to the repository where that is shorter to read."""
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)
