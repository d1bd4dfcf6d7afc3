"""The simulated Novita on the node's address: it outlives every release of the chart, and its ledger judges."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.gitops.inside import NODE_IP, Inside
from tests.support import waiting

_PORT = 9070  # inside namespaces of our own: nobody else is there
URL = f"http://{NODE_IP}:{_PORT}"
KEY = "sk_gitops"
_ACCELERATION = "20"  # virtual seconds per second: an instance runs after a third of a second
_ASK = """\
import sys, urllib.request as u
print(u.urlopen(u.Request(sys.argv[1], headers={"X-Simulator-Account": sys.argv[2]})).read().decode())
"""


@dataclass(frozen=True)
class Novita:
    """The account that the chart's operator uses."""

    inside: Inside

    @classmethod
    async def start(cls, inside: Inside, folder: Path) -> Novita:
        command = [sys.executable, "-m", "novita_operator.simulator", "--host", NODE_IP, "--port", str(_PORT)]
        inside.start("simulator", [*command, "--acceleration", _ACCELERATION], folder)
        novita = cls(inside)
        await waiting.until(novita._answers, "the simulator answers inside the cluster")
        return novita

    async def live(self) -> list[str]:
        """Ids of the instances that exist."""
        return [each["id"] for each in await self._instances() if each["live"]]

    async def ever_rented(self) -> int:
        return len(await self._instances())

    async def _instances(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(await self._ask("ledger"))["instances"]
        return found

    async def _answers(self) -> bool:
        return (await self.inside.run(sys.executable, "-c", _ASK, f"{URL}/_simulator/ledger", KEY)).code == 0

    async def _ask(self, route: str) -> str:
        done = await self.inside.run(sys.executable, "-c", _ASK, f"{URL}/_simulator/{route}", KEY)
        assert done.code == 0, done.err
        return done.out
