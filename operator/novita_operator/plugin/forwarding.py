"""`port-forward`: ports of this computer that lead to ports of the machine, until Ctrl-C."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass
from typing import Annotated

import typer

from novita_operator.plugin import printing
from novita_operator.plugin.login import session
from novita_operator.plugin.login.session import Broken, Session
from novita_operator.plugin.options import Machine, Namespace, TrustNew

_HERE = "127.0.0.1"
_PORT = re.compile(r"((?P<here>\d{0,5}):)?(?P<there>\d{1,5})")
_HIGHEST = 65535
_UP = "up"


@dataclass(frozen=True, slots=True)
class Forward:
    """One port here, and the one that it leads to."""

    here: int
    there: int

    @property
    def argument(self) -> str:
        """For `ssh -L`."""
        return f"{_HERE}:{self.here}:localhost:{self.there}"


def forward(said: str) -> Forward:
    """`8888`, `LOCAL:REMOTE`, or `:REMOTE` for any free port here, as kubectl reads them. Raises BadParameter."""
    found = _PORT.fullmatch(said)
    if found is not None:
        there = int(found["there"])
        here = there if found["here"] is None else int(found["here"] or 0)
        if 0 < there <= _HIGHEST and here <= _HIGHEST:
            return Forward(here or _free(), there)
    raise typer.BadParameter(f'"{said}" is no port: write 8888, LOCAL:REMOTE, or :REMOTE.')


def port_forward(
    name: Machine,
    ports: Annotated[list[str], typer.Argument(help="8888, LOCAL:REMOTE, or :REMOTE for any free port here.")],
    namespace: Namespace = None,
    *,
    trust_new: TrustNew = False,
) -> None:
    """Lead ports of this computer, on 127.0.0.1 only, to ports of the machine, until Ctrl-C."""
    forwards = [forward(each) for each in ports]
    with session.opened(name, namespace, trust_new=trust_new) as there:
        code = _forwarded(there, forwards)
    raise typer.Exit(code)


def _forwarded(there: Session, forwards: list[Forward]) -> int:
    """The exit code of whoever interrupts it. Raises Broken where it ends by itself."""
    ways = [part for each in forwards for part in ("-L", each.argument)]
    # ssh runs this once it is logged in and listens on every port; nothing else goes to its standard output.
    ready = ("-o", "PermitLocalCommand=yes", "-o", f"LocalCommand=echo {_UP}", "-o", "ExitOnForwardFailure=yes")
    command = there.ssh("-N", "-T", *ready, *ways)
    with there.started(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as ssh:
        if up := ssh.prints(_UP):
            for each in forwards:
                printing.say(f"Forwarding from {_HERE}:{each.here} -> {each.there}")
        code = ssh.exit_code()
    if not ssh.interrupted:
        raise Broken(f"the connection to {there.access.name} has broken.") if up else there.refusal
    return code


def _free() -> int:
    with socket.socket() as found:
        found.bind((_HERE, 0))
        port: int = found.getsockname()[1]
        return port
