"""This computer as the node of simulated instances: one folder, the machines below it, and somebody who tidies up."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from novita_operator.simulator.machines import dispositions, ending
from novita_operator.simulator.machines.disk import Disk
from novita_operator.simulator.machines.machine import Machine
from novita_operator.simulator.machines.owner import Owner
from novita_operator.simulator.machines.placement import NoMachines, Placement

_TRAVERSED = 0o711
_OTHERS_MAY_PASS = 0o001


@dataclass
class Node:
    """`host`: the address that machines listen on. `folder` appears with the first machine, and goes with the last."""

    host: str
    owner: Owner
    parent: Path
    machines: set[Machine] = field(default_factory=set)
    _folder: Path | None = None
    _tidier: subprocess.Popen[bytes] | None = None

    @classmethod
    def here(cls, placement: Placement) -> Node:
        """Raises NoMachines."""
        if not Path("/bin/sh").exists():
            raise NoMachines("there is no /bin/sh, and machines are shells: run the simulator where there is one")
        try:
            owner = Owner.here()
        except KeyError:
            raise NoMachines("root runs machines as the user `nobody`, whom this system does not have") from None
        parent = (placement.parent or Path(tempfile.gettempdir())).resolve()
        if not os.access(parent, os.W_OK | os.X_OK):
            raise NoMachines(f"{parent} is no folder that can be written: name another --machines-dir")
        if owner.drops and (barred := _barred(parent)) is not None:
            raise NoMachines(f"{owner.name}, who owns the machines, may not pass {barred}: name another --machines-dir")
        dispositions.as_at_boot()
        return cls(placement.host, owner, parent)

    @property
    def shown_host(self) -> str:
        """The host in addresses; of a wildcard, this computer's own."""
        if ipaddress.ip_address(self.host).is_unspecified:
            return socket.gethostbyname(socket.gethostname())
        return self.host

    def disk(self, instance_id: str) -> Disk:
        return Disk(self._ready_folder() / instance_id, self.owner)

    def discard(self, machine: Machine) -> None:
        """It is no more once everything of it has ended."""
        machine.discard(lambda: self.machines.discard(machine))

    async def close(self) -> None:
        """Ends and removes everything."""
        machines = list(self.machines)
        for machine in machines:
            self.discard(machine)
        for machine in machines:
            await machine.settled()
        if self._tidier is not None:
            await asyncio.to_thread(self._tidier.communicate)

    def _ready_folder(self) -> Path:
        """A process of its own removes it, and ends what runs in it, however the simulator ends."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="novita-machines-", dir=self.parent))
            self._folder.chmod(_TRAVERSED)
            self._tidier = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", ending.__file__, str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at a terminal is for the simulator
            )
        return self._folder


def _barred(folder: Path) -> Path | None:
    return next((each for each in (folder, *folder.parents) if not each.stat().st_mode & _OTHERS_MAY_PASS), None)
