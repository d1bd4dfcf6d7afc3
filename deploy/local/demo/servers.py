"""The simulated Novita account, and the operator as a plain process in front of it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.errors import DemoFailed
from local_cluster import asking, ports, processes, waiting
from novita_operator.settings import Settings

# The simulator accepts this key and no other; the operator hides it in its logs as it does with a real one.
_KEY = "sk_demo_0123456789"
# Slow enough to see each state, fast enough for a demo. Seconds.
_DELAYS = {"accept": 0.5, "create": 1.5, "pull": 3.0, "connect": 1.0, "remove": 0.5, "linger": 0.5}
# Two looks per second while something moves, so that no state of the simulator is missed. Milliseconds.
_TRANSITION_POLL_INTERVAL = 500
# Real machines are on loopback: what looks whether they are ready has to get there.
_ON_LOOPBACK = {"ALLOW_PRIVATE_ENDPOINTS": "true"}


@dataclass(frozen=True)
class Servers:
    """Both processes; their pids and logs are in this directory."""

    directory: Path

    @property
    def simulator_url(self) -> str:
        """Raises DemoFailed where no simulator has been started."""
        try:
            return f"http://127.0.0.1:{int(self._port_file.read_text())}"
        except (OSError, ValueError):
            raise DemoFailed(f"no simulator has been started in {self.directory}") from None

    @property
    def running(self) -> bool:
        """Whether both run."""
        started = processes.load(self._pids)
        return set(started) == {"simulator", "operator"} and all(process.alive for process in started.values())

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def start_simulator(self, *, machines: bool) -> None:
        """Until it listens; with machines that are real, or addresses that lead nowhere. Raises CannotStart."""
        delays = [f"--{name}-delay={seconds}" for name, seconds in _DELAYS.items()]
        command = [script("novita-simulator"), f"--keys={_KEY}", f"--port-file={self._port_file}", *delays]
        command += ["--machines=real"] if machines else []
        self._start("simulator", command, dict(os.environ), self._port_file.exists)

    def start_operator(self, kubeconfig: Path, *, machines: bool) -> None:
        """Until it watches. Raises CannotStart."""
        (port,) = ports.free(1)
        environment = operator_environment(dict(os.environ), kubeconfig, self.simulator_url, port)
        environment |= _ON_LOOPBACK if machines else {}
        address = f"http://127.0.0.1:{port}/readyz"
        self._start(
            "operator", [script("novita-operator"), "run"], environment, lambda: asking.ask(address) is not None
        )

    def ledger(self) -> dict[str, Any]:
        """What the simulated Novita has billed. Raises DemoFailed where it does not answer."""
        answer = asking.ask(f"{self.simulator_url}/_simulator/ledger", headers={"X-Simulator-Account": _KEY})
        if answer is None:
            raise DemoFailed("the simulator does not answer")
        ledger: dict[str, Any] = json.loads(answer)
        return ledger

    def stop(self) -> None:
        """The operator first: it may have calls under way."""
        started = processes.load(self._pids)
        for name in ("operator", "simulator"):
            if name in started:
                started[name].stop()
        self._pids.unlink(missing_ok=True)

    def _start(self, name: str, command: list[str], environment: dict[str, str], ready: waiting.Ready) -> None:
        started = processes.load(self._pids)
        started[name] = processes.start(command, self.log(name), environment)
        processes.save(self._pids, started)
        waiting.until(ready, name, started, self.log)

    @property
    def _pids(self) -> Path:
        return self.directory / "pids.json"

    @property
    def _port_file(self) -> Path:
        return self.directory / "simulator.port"


def operator_environment(own: dict[str, str], kubeconfig: Path, novita: str, health_port: int) -> dict[str, str]:
    """The person's own settings of an operator do not count here: a real key or webhook must not reach the demo."""
    rest = {name: value for name, value in own.items() if name.lower() not in Settings.model_fields}
    return rest | {
        "KUBECONFIG": str(kubeconfig),
        "NOVITA_API_URL": novita,
        "NOVITA_API_KEY": _KEY,
        "HEALTH_HOST": "127.0.0.1",
        "HEALTH_PORT": str(health_port),
        "TRANSITION_POLL_INTERVAL": str(_TRANSITION_POLL_INTERVAL),
    }


def script(name: str) -> str:
    """A console script of the environment that the demo runs in."""
    return str(Path(sys.executable).with_name(name))
