"""Who is let through to the password: one host key. Executed with the first connection, as asyncssh is (startup.py)."""

from __future__ import annotations

import asyncssh

from novita_operator.machines.host_keys import HostKey


class Gate(asyncssh.SSHClient):
    """Lets one host key through; the password is sent after that alone. `refused`: the fingerprint of another one."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self.refused = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        shown = read(key).fingerprint
        if shown == self._fingerprint:
            return True
        self.refused = shown
        return False


def read(key: asyncssh.SSHKey) -> HostKey:
    """The key in OpenSSH's form."""
    return HostKey.parse(key.export_public_key().decode())
