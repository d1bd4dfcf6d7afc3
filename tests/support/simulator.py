"""The simulated Novita as a process, and one account of it for each test. Its ledger is the judge."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from tests.support import processes
from tests.support.processes import Child, Program, SharedProgram
from tests.support.sharing import Facts, Sharing

_TIMEOUT_SECONDS = 30.0  # an answer takes milliseconds on an idle machine
_PORT_FILE = "port"


class NotThere(Exception):
    """The simulator has no such instance, or not any more."""


@dataclass(frozen=True)
class Record:
    """One instance in the ledger. `billing`: whether it costs money now."""

    id: str
    name: str
    live: bool
    billing: bool
    planted: bool
    gpu_count: int
    billed_seconds: float
    delete_requested: bool
    deleted: bool


@dataclass(frozen=True)
class Ledger:
    """Everything that was ever rented in the account, oldest first."""

    records: tuple[Record, ...]
    duplicated: int

    @property
    def created(self) -> int:
        return sum(not record.planted for record in self.records)

    @property
    def live(self) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.live)

    @property
    def billing(self) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.billing)


@dataclass(frozen=True)
class Calls:
    """The calls that arrived, by route: `create`, `list`, `get`, `delete`, …"""

    total: int
    by_route: Mapping[str, int]
    log: tuple[Mapping[str, Any], ...]

    def of(self, route: str) -> int:
        return self.by_route.get(route, 0)


@dataclass
class Simulator:
    """The process."""

    program: Program
    url: str

    @classmethod
    async def start(cls, directory: Path, *, acceleration: float, machines: Path | None = None) -> Simulator:
        """Start it on a free port, its files in a fresh directory. `acceleration`: virtual seconds per second.

        `machines`: where the folders of real machines are made; None: addresses lead nowhere.
        """
        more = [] if machines is None else ["--machines", "real", "--machines-dir", str(machines)]
        child = cls._launch(directory, acceleration, *more)
        return cls(child, await _url(directory, child))

    @classmethod
    async def shared(cls, sharing: Sharing, name: str, *, acceleration: float, machines: bool = False) -> Simulator:
        """The one of this name of the whole run: it stands until the run ends. `machines`: whether they are real."""

        async def start(directory: Path) -> Facts:
            more = ("--machines", "real") if machines else ()
            program = cls._launch(directory, acceleration, *more).give_away()
            return {"url": await _url(directory, program), "program": program.facts()}

        facts = await sharing.find_or_start(name, start)
        return cls(SharedProgram.of(facts["program"]), facts["url"])

    @staticmethod
    def _launch(directory: Path, acceleration: float, *more: str) -> Child:
        command = [sys.executable, "-m", "novita_operator.simulator", "--port-file", str(directory / _PORT_FILE)]
        return Child.start([*command, "--acceleration", str(acceleration), *more], directory / "simulator.log", {})

    def account(self, key: str) -> SimulatedAccount:
        """The account of this key; it is made when it is first spoken of."""
        return SimulatedAccount(self.url, key)

    async def close(self) -> None:
        """End it, unless it is everybody's."""
        if isinstance(self.program, Child):
            await self.program.kill()

    async def terminate(self) -> None:
        """End it as Ctrl-C does: with everything that runs on its machines."""
        if isinstance(self.program, Child):
            self.program.send(signal.SIGTERM)
            await self.program.ended()


async def _url(directory: Path, program: Program) -> str:
    port = await processes.read_when_written(directory / _PORT_FILE, program)
    return f"http://127.0.0.1:{port.strip()}"


class SimulatedAccount:
    """The control routes of one account: what Novita knows, and what it can be made to do."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self._client = httpx.AsyncClient(
            base_url=f"{url}/_simulator",
            headers={"X-Simulator-Account": key},
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP; it spares each client the reading of all certificates
            timeout=_TIMEOUT_SECONDS,
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def ledger(self, name: str | None = None) -> Ledger:
        """The book, or the part of it about instances of exactly this name."""
        report = await self._get("ledger", **({} if name is None else {"name": name}))
        return Ledger(tuple(_record(each) for each in report["instances"]), report["summary"]["duplicated"])

    async def book(self) -> dict[str, Any]:
        """The ledger as the simulator writes it, with the times of everything."""
        return await self._get("ledger")

    async def late_commits(self) -> int:
        """Creates whose connection was dropped and that are still to be carried out."""
        pending: int = (await self._get("faults"))["lateCommits"]["pending"]
        return pending

    async def calls(self) -> Calls:
        """What was asked of the API since the start or the last `forget_calls`."""
        report = await self._get("calls", log="true")
        return Calls(report["total"], Counter(report["counts"]), tuple(report["log"]))

    async def forget_calls(self) -> None:
        await self._post("reset", {})

    async def fault(self, kind: str, **fault: Any) -> int:
        """Turn a fault on (`simulator/faults/fault.py` lists them); its number."""
        (added,) = (await self._post("faults", {"kind": kind, **fault}))["faults"]
        number: int = added["id"]
        return number

    async def fired(self) -> int:
        """How often the faults that are on have hit a call: proof that a test tested something."""
        fired: int = (await self._get("faults"))["fired"]
        return fired

    async def hits(self) -> dict[int, int]:
        """How often each fault has hit, by its number."""
        return {fault["id"]: fault["fired"] for fault in (await self._get("faults"))["faults"]}

    async def end_faults(self, number: int | None = None) -> None:
        """Turn all faults off, or one."""
        query = {} if number is None else {"id": str(number)}
        (await self._client.delete("/faults", params=query)).raise_for_status()

    async def set(self, **settings: Any) -> None:
        """Change dials and offer, camelCase as in `GET /_simulator/settings`."""
        await self._post("settings", settings)

    async def sold_out(self, product: str = "*", region: str = "*") -> None:
        """No stock; `region` is a cluster id."""
        await self.set(stock=[{"productId": product, "clusterId": region, "gpus": 0}])

    async def in_stock(self) -> None:
        """As much stock as at the start."""
        await self.set(stock=[{"gpus": None}])

    async def stand_still(self) -> None:
        """Time passes only by `pass_seconds` from now on."""
        await self.set(acceleration=0)

    async def pass_seconds(self, seconds: float) -> None:
        """Let virtual time pass."""
        await self._post("clock", {"advance": seconds})

    async def force(self, instance_id: str, **state: Any) -> None:
        """Force a state upon an instance (`simulator/control/forcing.py`). Raises NotThere."""
        await self._post(f"instances/{instance_id}", state)

    async def plant(self, **instance: Any) -> str:
        """Put an instance there that nobody ordered; its id."""
        planted: str = (await self._post("instances", instance))["id"]
        return planted

    async def edit_elsewhere(self, instance_id: str, ports: list[dict[str, Any]]) -> None:
        """What somebody with the same key does in Novita's console: another port list."""
        await self.act_elsewhere("edit", instance_id, ports=ports, expandRootDisk=0)

    async def act_elsewhere(self, action: str, instance_id: str, **body: Any) -> None:
        """The same, whatever it is: `migrate`, `upgrade`, `restart`."""
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=_TIMEOUT_SECONDS) as client:  # noqa: S501
            path = f"{self.url}/gpu-instance/openapi/v1/gpu/instance/{action}"
            asked = {"instanceId": instance_id, **body}
            (await client.post(path, json=asked, headers={"Authorization": f"Bearer {self.key}"})).raise_for_status()

    async def instances(self, name: str | None = None) -> list[dict[str, Any]]:
        """The details of all instances, whatever the API hides; or of those of exactly this name."""
        found: list[dict[str, Any]] = (await self._get("instances", **({} if name is None else {"name": name})))[
            "instances"
        ]
        return found

    async def accept_key(self, key: str) -> None:
        """One more key for this account."""
        await self._post("keys", {"add": key})

    async def revoke_key(self, key: str) -> None:
        """The key is refused from now on."""
        await self._post("keys", {"revoke": key})

    async def _get(self, path: str, **query: str) -> dict[str, Any]:
        return _object(await self._client.get(f"/{path}", params=query))

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _object(await self._client.post(f"/{path}", json=body))


def _object(reply: httpx.Response) -> dict[str, Any]:
    if reply.status_code == HTTPStatus.NOT_FOUND:
        raise NotThere(reply.text)
    assert reply.is_success, f"the simulator refuses {reply.request.url}: {reply.text}"
    answer: dict[str, Any] = reply.json()
    return answer


def _record(wire: Mapping[str, Any]) -> Record:
    return Record(
        id=wire["id"],
        name=wire["name"],
        live=wire["live"],
        billing=wire["billing"],
        planted=wire["planted"],
        gpu_count=wire["gpuNum"],
        billed_seconds=wire["billedSeconds"],
        delete_requested=wire["deleteRequestedAt"] is not None,
        deleted=wire["deletedAt"] is not None,
    )
