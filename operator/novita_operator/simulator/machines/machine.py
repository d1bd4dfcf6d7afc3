"""One machine: from the first boot of an instance to its deletion."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from novita_operator.simulator.machines import forwards, nvidia_smi, sshd
from novita_operator.simulator.machines.container import Container
from novita_operator.simulator.machines.disk import Disk
from novita_operator.simulator.machines.doors import Door
from novita_operator.simulator.machines.mishaps import Mishaps
from novita_operator.simulator.machines.processes import Processes
from novita_operator.simulator.state.order import Order, Port

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Boot:
    """What a machine is started with. The last two: for commands over ssh; some images differ in that."""

    order: Order
    product: str
    password: str
    ports: tuple[Port, ...]
    has_shell: bool = True
    shows_environment: bool = True


@dataclass(eq=False)
class Machine:
    """Steps are taken one after the other, whatever is asked for meanwhile. Addresses are known at once."""

    instance_id: str
    disk: Disk
    host: str
    mishaps: Mishaps
    ended: Callable[[], None]
    _processes: Processes = field(init=False)
    _container: Container = field(init=False)
    _boot: Boot | None = None
    _ssh: Door | None = None
    _forwards: dict[Port, Door] = field(default_factory=dict)
    _up_since: float | None = None
    _latest: asyncio.Task[None] | None = None
    _alarm: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._processes = Processes(self.disk)
        self._container = Container(self._processes, self.ended)

    def boot(self, boot: Boot, *, moved: bool) -> None:
        """`moved`: its addresses are other ones than before."""
        if moved or self._ssh is None:
            self._leave_addresses()
            self._ssh = Door(self.host, self._answer)
        self._boot = boot
        self._processes.largest_file_gb = boot.order.rootfs_gb
        self.map(boot.ports)
        self._then(self._come_up)

    def map(self, ports: tuple[Port, ...]) -> None:
        """These are the declared ports from now on. An address that stays is the same as before."""
        for port in self._forwards.keys() - set(ports):
            self._forwards.pop(port).remove()
        for port in ports:
            if port not in self._forwards:
                answer = forwards.http(port.port) if port.type == "http" else forwards.tcp(port.port)
                self._forwards[port] = Door(self.host, answer)
        self._then(self._refresh)

    def endpoints(self, shown_host: str) -> Mapping[str, str]:
        """Where `ssh` and each declared port lead, as the API writes it."""
        ssh = {"ssh": f"{shown_host}:{self._ssh.port}"} if self._ssh is not None else {}
        scheme = {"http": "http://", "tcp": ""}
        return ssh | {
            str(port.port): f"{scheme[port.type]}{shown_host}:{door.port}" for port, door in self._forwards.items()
        }

    def halt(self) -> None:
        """The disk stays; nothing else does, and nobody gets in from this moment on."""
        for door in self._doors():
            door.shut()
        self._then(self._go_down)

    def wipe(self) -> None:
        """Another container, or another node: the disk is empty from now on."""
        self.halt()
        self._then(self._empty)

    def refresh(self) -> None:
        """Faults have changed."""
        self._then(self._refresh)

    def discard(self, gone: Callable[[], None]) -> None:
        """Everything of it is removed; then `gone` is called."""

        async def vanish() -> None:
            await asyncio.to_thread(self.disk.remove)
            gone()

        self.halt()
        self._leave_addresses()
        self._then(vanish)

    async def settled(self) -> None:
        """Until all that was asked for is done."""
        if self._latest is not None:
            await asyncio.wait([self._latest])

    def _then(self, step: Step) -> None:
        before = self._latest

        async def run() -> None:
            if before is not None:
                await asyncio.wait([before])
            await step()

        self._latest = asyncio.create_task(run(), name=f"machine of {self.instance_id}")

    async def _come_up(self) -> None:
        assert self._boot is not None  # noqa: S101 - set before this step is asked for
        self.disk.prepare()
        sshd.host_key(self.disk)
        if self._boot.order.kind == "gpu":
            nvidia_smi.write(
                self.disk.programs / "nvidia-smi", self.instance_id, self._boot.product, self._boot.order.gpu_num
            )
        self._up_since = asyncio.get_running_loop().time()
        await self._refresh()
        await self._container.start(self._boot.order)

    async def _go_down(self) -> None:
        self._up_since = None
        await self._refresh()
        await self._container.stop()
        await self._processes.end()

    async def _refresh(self) -> None:
        """Opens and shuts what has to be."""
        for door in self._forwards.values():
            if self._up_since is not None:
                door.open()
            else:
                door.shut()
        if self._ssh is not None:
            self._refresh_ssh(self._ssh)

    def _refresh_ssh(self, door: Door) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._up_since is None:
            door.shut()
            return
        loop = asyncio.get_running_loop()
        shut_for = self.mishaps.shut_for(self._up_since, loop.time())
        if shut_for is None:
            door.open()
            return
        door.shut()
        if not math.isinf(shut_for):
            self._alarm = loop.call_later(shut_for, self.refresh)

    async def _empty(self) -> None:
        await asyncio.to_thread(self.disk.wipe)

    async def _answer(self, connection: socket.socket) -> None:
        assert self._boot is not None  # noqa: S101 - the door opens after a boot
        boot = self._boot
        environment = self.disk.environment(boot.order.envs if boot.shows_environment else ())
        access = sshd.Access(boot.password, environment, self._processes, self.mishaps, has_shell=boot.has_shell)
        await sshd.answer(access, connection)

    def _leave_addresses(self) -> None:
        for door in self._doors():
            door.remove()
        self._forwards, self._ssh = {}, None

    def _doors(self) -> list[Door]:
        return [*self._forwards.values(), *([self._ssh] if self._ssh is not None else [])]
