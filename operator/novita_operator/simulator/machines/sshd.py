"""The ssh server of one machine: who may come in, and what they meet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import asyncssh

from novita_operator.simulator.faults.fault import Fault, Kind
from novita_operator.simulator.machines import disk, doors, relays
from novita_operator.simulator.machines.disk import Disk
from novita_operator.simulator.machines.files import Files
from novita_operator.simulator.machines.mishaps import Mishaps
from novita_operator.simulator.machines.processes import Processes
from novita_operator.simulator.machines.sessions import Session

_USER = "root"  # novita-api 4
_KEY_TYPE = "ssh-ed25519"
_SECRET_MODE = 0o600
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Access:
    """What a connection needs of its machine."""

    password: str
    environment: Mapping[str, str]
    processes: Processes
    mishaps: Mishaps
    has_shell: bool = True

    @property
    def disk(self) -> Disk:
        return self.processes.disk


async def answer(access: Access, connection: socket.socket) -> None:
    """Serves one connection until it is over, with whatever goes wrong with it."""
    faults = access.mishaps.of_connection()
    key = asyncssh.generate_private_key(_KEY_TYPE) if Kind.SSH_HOST_KEY_CHANGED in faults else host_key(access.disk)
    ending = faults.get(Kind.SSH_CUT) or faults.get(Kind.SSH_SILENT)
    with contextlib.suppress(OSError, asyncssh.Error):  # whoever knocked has gone, or was not let in
        if ending is None:
            await _serve(access, connection, key)
        else:
            await _until(ending, access, connection, key)


def host_key(disk: Disk) -> asyncssh.SSHKey:
    """Made when it is first asked for."""
    if not disk.host_key.exists():
        made = asyncssh.generate_private_key(_KEY_TYPE)
        opened = os.open(disk.host_key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _SECRET_MODE)
        with os.fdopen(opened, "wb") as file:
            file.write(made.export_private_key())
    return asyncssh.read_private_key(disk.host_key)


async def _serve(access: Access, connection: socket.socket, key: asyncssh.SSHKey) -> None:
    options = asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: _Gate(access),
        server_host_keys=[key],
        line_editor=False,  # the machine's own terminal does that
        agent_forwarding=False,
        kbdint_auth=False,  # one way for the password, so that a refusal is one refusal
        encoding=None,
    )
    served = await asyncssh.run_server(connection, options=options)
    try:
        await served.wait_closed()
    finally:
        served.abort()


async def _until(fault: Fault, access: Access, connection: socket.socket, key: asyncssh.SSHKey) -> None:
    """So many bytes go through; then the connection breaks, or falls silent and stays."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    serving = asyncio.ensure_future(_serve(access, theirs, key))
    try:
        await relays.carry(connection, ours, relays.Budget(fault.bytes or 0))
        if fault.kind is Kind.SSH_SILENT:
            await relays.swallow(connection)
    finally:
        doors.reset(connection)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        ours.close()


class _Gate(asyncssh.SSHServer):
    """One connection's: login, sessions, forwarded ports."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        """Keys count that are in `authorized_keys`, as everywhere."""
        keys = self._access.disk.home / ".ssh" / "authorized_keys"
        if username == _USER and keys.is_file() and self._connection is not None:
            with contextlib.suppress(ValueError, OSError):  # sshd ignores a file that it cannot read, too
                self._connection.set_authorized_keys(str(keys))
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        right = secrets.compare_digest(password.encode(), self._access.password.encode())
        return right and username == _USER and not self._access.mishaps.refuses_password()

    def session_requested(self) -> Session:
        access = self._access
        return Session(
            access.processes,
            access.environment,
            disk.shell() if access.has_shell else None,
            lambda channel: Files(
                cast("asyncssh.SSHServerChannel[bytes]", channel), access.disk, access.mishaps.room_for_files()
            ),
        )

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:  # noqa: ARG002
        """`ssh -L`: to wherever the machine gets."""
        return True

    def server_requested(self, listen_host: str, listen_port: int) -> bool:  # noqa: ARG002
        """`ssh -R`: on loopback alone."""
        return listen_host in _LOOPBACK
