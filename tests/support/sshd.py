"""Debian's own sshd on loopback, as a witness that no code of ours has a part in. Linux and root.

It runs in a mount namespace of its own, where /etc/passwd has one more root: nobody of the machine gets a password.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import waiting
from tests.support.processes import Child

PASSWORD = "canary$`'\"\\ of the witness"
_SERVER = "/usr/sbin/sshd"
_CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
PidFile none
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
StrictModes no
PermitUserEnvironment no
Subsystem sftp internal-sftp
LogLevel VERBOSE
"""
# What /etc/passwd and /etc/shadow are to this server alone. `/run/sshd` is where it locks its unprivileged half up.
_INSIDE = """\
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/shadow /etc/shadow
mount -t tmpfs -o mode=755 none /run
mkdir /run/sshd
exec {server} -D -e -f {folder}/config
"""


@dataclass(frozen=True)
class Witness:
    """`home` is where a login begins. `host_key`: type and key."""

    port: int
    home: Path
    host_key: str
    child: Child

    @property
    def entries(self) -> dict[str, str]:
        """What a connection Secret says of it, but for the instance's id."""
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "username": "root",
            "password": PASSWORD,
            "host-key": self.host_key,
        }


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Witness]:
    """Its files are in this folder."""
    port, home = _free_port(), folder / "home"
    await asyncio.to_thread(_write, folder, home, port)
    child = Child.start(["unshare", "--mount", "sh", str(folder / "start")], folder / "sshd.log", {})
    try:
        await waiting.until(lambda: _listens(child, port), "sshd listens", explain=child.tail)
        yield Witness(port, home, " ".join((folder / "host_key.pub").read_text().split()[:2]), child)
    finally:
        await child.kill()


def _write(folder: Path, home: Path, port: int) -> None:
    home.mkdir()
    _write_accounts(folder, home)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"], check=True)
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder))
    (folder / "start").write_text("set -e\n" + _INSIDE.format(folder=folder, server=_SERVER))


def _write_accounts(folder: Path, home: Path) -> None:
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD + "\n", capture_output=True, text=True, check=True
    ).stdout.strip()
    privileges = "sshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n"
    (folder / "passwd").write_text(f"root:x:0:0:root:{home}:/bin/sh\n{privileges}")
    (folder / "shadow").write_text(f"root:{hashed}:19000:0:99999:7:::\nsshd:!:19000::::::\n")
    (folder / "shadow").chmod(0o600)


async def _listens(child: Child, port: int) -> bool:
    assert child.running, await child.tail()
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
