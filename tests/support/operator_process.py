"""The operator as a process of its own, as users run it: settings in the environment, cluster in a kubeconfig."""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.support import processes, waiting
from tests.support.processes import Child, SharedProgram
from tests.support.sharing import Facts, Sharing

# Every pause is as short as the settings allow, so that a test waits for work and not for time. All are milliseconds.
FAST: Mapping[str, str] = {
    "TRANSITION_POLL_INTERVAL": "250",
    "POLL_INTERVAL": "1000",
    "BACKOFF_BASE": "200",
    "BACKOFF_MAX": "2000",
    "CATALOG_MAX_AGE": "500",
    "CAPACITY_MEMORY": "1500",
    "CREDENTIALS_PROBE_INTERVAL": "1000",
    "COST_INTERVAL": "2000",
    "LOSS_DELAY": "1000",
    "LIST_LAG": "1000",  # the simulator's list does not lag unless a test makes it
    "ALLOW_PRIVATE_ENDPOINTS": "true",  # tests listen on this machine
    "API_TIMEOUT": "5000",
    "MAX_RETRIES": "1",
    "RETRY_DELAY": "100",
    "LOG_LEVEL": "DEBUG",  # the logs are read when a test fails, and by the canaries
}


def health_on(port_file: Path) -> dict[str, str]:
    """Settings by which it serves its pages on a free port of this machine, and tells which."""
    return {"HEALTH_HOST": "127.0.0.1", "HEALTH_PORT": "0", "HEALTH_PORT_FILE": str(port_file)}


COMMAND = (sys.executable, "-m", "novita_operator", "run")


@dataclass
class OperatorProcess:
    """`python -m novita_operator run`."""

    child: Child | SharedProgram
    port_file: Path

    @classmethod
    async def start(cls, directory: Path, kubeconfig: Path, **settings: str) -> OperatorProcess:
        """Start it and wait until it watches. Settings lie over FAST; an empty one counts as absent."""
        operator = cls.launch(directory, kubeconfig, **settings)
        await operator.until_ready()
        return operator

    @classmethod
    async def shared(cls, sharing: Sharing, kubeconfig: Path, **settings: str) -> OperatorProcess:
        """The one of the whole run: it stands until the run ends."""

        async def start(directory: Path) -> Facts:
            launched = cls.launch(directory, kubeconfig, **settings)
            program = launched.child.give_away()
            await cls(program, launched.port_file).until_ready()
            return {"port_file": str(launched.port_file), "program": program.facts()}

        facts = await sharing.find_or_start("operator", start)
        return cls(SharedProgram.of(facts["program"]), Path(facts["port_file"]))

    @classmethod
    def launch(
        cls, directory: Path, kubeconfig: Path, command: Sequence[str] = COMMAND, **settings: str
    ) -> OperatorProcess:
        """Start it, or another program that takes the same settings, and do not wait."""
        directory.mkdir(parents=True, exist_ok=True)
        name = f"operator-{secrets.token_hex(4)}"
        port_file = directory / f"{name}.port"
        environment = {
            **FAST,
            "KUBECONFIG": str(kubeconfig),
            **health_on(port_file),
            **settings,
        }
        return cls(Child.start(command, directory / f"{name}.log", environment), port_file)

    @property
    def url(self) -> str:
        """Where it serves its pages. Raises httpx.ConnectError before it does."""
        if not self.port_file.exists():
            raise httpx.ConnectError("nothing is served yet")
        return f"http://127.0.0.1:{int(self.port_file.read_text())}"

    @property
    def log(self) -> Path:
        return self.child.log

    async def until_ready(self) -> None:
        """Until /readyz says so. Raises AssertionError with the log if the process ends before."""
        await processes.read_when_written(self.port_file, self.child)

        async def ready() -> bool:
            assert self.child.running, f"the operator ended: {await self.child.tail()}"
            return (await self.page("readyz")).is_success

        await waiting.until(ready, "the operator is ready", explain=self.child.tail)

    async def page(self, name: str) -> httpx.Response:
        """/livez, /readyz or /metrics."""
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=10) as client:  # noqa: S501 - plain HTTP
            return await client.get(f"{self.url}/{name}")

    async def metrics(self) -> str:
        return (await self.page("metrics")).text

    async def terminate(self) -> int:
        """SIGTERM, as a pod gets it; the exit code."""
        self.child.send(signal.SIGTERM)
        return await self.child.ended()

    async def kill(self) -> None:
        """SIGKILL."""
        await self.child.kill()

    def freeze(self) -> None:
        """SIGSTOP: it does nothing until it is thawed, and does not know that time has passed."""
        self.child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.child.send(signal.SIGCONT)

    async def close(self) -> None:
        """End it in whatever state it is."""
        self.thaw()
        if self.child.running:
            await self.kill()
