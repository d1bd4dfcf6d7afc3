"""Opening one connection to a machine: a checked address, its host key, and only then the password."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncssh

from novita_operator import __version__
from novita_operator.egress.names import NoAddress
from novita_operator.egress.resolver import Finds
from novita_operator.machines import errors, gate
from novita_operator.machines.host_keys import ALGORITHMS, HostKey
from novita_operator.machines.login import Login, Place

# At INFO it prints commands.
logging.getLogger("asyncssh").setLevel(logging.WARNING)

_Made = TypeVar("_Made")

_COMMON: dict[str, Any] = {
    "config": None,
    "client_version": f"novita-operator_{__version__}",
    "server_host_key_algs": list(ALGORITHMS),
}
# Nothing of this computer's user: no known hosts, no agent, no keys, no name.
_NOTHING_OF_OURS: dict[str, Any] = {
    "known_hosts": ([], [], []),
    "x509_trusted_certs": None,
    "client_keys": None,
    "agent_path": None,
    "gss_host": None,
    "disable_trivial_auth": True,  # a server that asks for nothing is not the machine
    "preferred_auth": "password,keyboard-interactive",
}
_WORDS = {
    errno.ECONNREFUSED: "refuses the connection",
    errno.ECONNRESET: "closes the connection at once",
    errno.EHOSTUNREACH: "cannot be reached from here",
    errno.ENETUNREACH: "cannot be reached from here",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. A machine that is asked `silences` times, `silent` apart, and answers nothing, is given up."""

    connect: float = 20.0
    """From the look-up of the name to the end of the login."""
    silent: float = 15.0
    """Between two questions for a sign of life."""
    silences: int = 3
    """Such questions without an answer."""


@dataclass(frozen=True, slots=True)
class Dialer:
    """`names`: which addresses may be reached at all."""

    names: Finds
    patience: Patience = Patience()

    async def host_key(self, place: Place) -> HostKey:
        """The key that the server proves to have; nobody logs in. Raises Unreachable."""

        async def ask(address: str) -> asyncssh.SSHKey | None:
            return await asyncssh.get_server_host_key(address, place.port, **_COMMON)

        found = await self._reach(place, ask)
        if found is None:
            raise errors.Unreachable("shows no host key")
        return gate.read(found)

    async def connect(self, login: Login) -> asyncssh.SSHClientConnection:
        """An open connection. Raises Unreachable, LoginRefused, HostKeyChanged."""
        door = gate.Gate(login.fingerprint)

        async def log_in(address: str) -> asyncssh.SSHClientConnection:
            return await asyncssh.connect(
                address,
                login.place.port,
                username=login.username,
                password=login.password.get_secret_value(),
                client_factory=lambda: door,
                keepalive_interval=self.patience.silent,
                keepalive_count_max=self.patience.silences,
                **_COMMON,
                **_NOTHING_OF_OURS,
            )

        try:
            return await self._reach(login.place, log_in)
        except asyncssh.HostKeyNotVerifiable:
            raise errors.HostKeyChanged(door.refused) from None
        except asyncssh.PermissionDenied:
            raise errors.LoginRefused("refuses user and password") from None

    async def _reach(self, place: Place, dial: Callable[[str], Awaitable[_Made]]) -> _Made:
        """The first of the addresses that answers. What the other side says is in no error."""
        try:
            async with asyncio.timeout(self.patience.connect):
                return await self._in_turn(await self.names.find(place.host), dial)
        except NoAddress as error:
            raise errors.Unreachable(str(error)) from None
        except TimeoutError:
            raise errors.Unreachable(f"does not answer within {self.patience.connect:g} s") from None
        except OSError as error:
            said = _WORDS.get(error.errno or 0, f"cannot be asked ({type(error).__name__})")
            raise errors.Unreachable(said) from None
        except (asyncssh.HostKeyNotVerifiable, asyncssh.PermissionDenied):
            raise
        except (asyncssh.Error, ValueError) as error:
            raise errors.Unreachable(f"speaks no ssh that can be understood ({type(error).__name__})") from None

    async def _in_turn(self, addresses: tuple[str, ...], dial: Callable[[str], Awaitable[_Made]]) -> _Made:
        for address in addresses[:-1]:
            try:
                return await dial(address)
            except OSError:
                continue
        return await dial(addresses[-1])
