"""OpenSSH's own server on loopback: a witness that no code of ours has a part in. Linux and root.

It runs in namespaces, as in a container: nobody else sees its user, password and files. The first process has the
container's environment and only waits, as the container of a job does.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.simulator import landlord
from tests.support import needs, waiting
from tests.support.processes import Child

PASSWORD = "canary$`'\"\\ of the witness"
_HASH = "$6$novitatest$6kWOKXdasI0sCGSnTPcy.nRAHkjd0A822bBVwpwbxwBCn5CHzo4sA8JVDa9L./2JvDw7l3o9G8nXkr/K45VDP0"
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
LoginGraceTime 0
StrictModes no
Subsystem sftp internal-sftp
"""
# What /etc/passwd and /etc/shadow are to this server alone. `/run/sshd` is where it locks its unprivileged half up.
_CONTAINER = """\
set -eu
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/shadow /etc/shadow
mount -t tmpfs -o mode=755 none /run
mkdir /run/sshd
{sshd} -D -e -f {folder}/sshd_config &
cd {folder}/home
exec tail -f /dev/null
"""


@dataclass(frozen=True)
class Server:
    """What is known of it. `home` is where a login begins. `host_key`: type and key."""

    port: int
    home: Path
    host_key: str

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
async def serving(folder: Path, **environment: str) -> AsyncIterator[Server]:
    """It listens on loopback, its files in this folder; every process of it is gone in the end."""
    needs.program("unshare", package="util-linux")
    program = needs.program("sshd", package="openssh-server")
    needs.root("sshd reads the passwords of the system")
    port = landlord.free_port()
    await asyncio.to_thread(_furnish, folder, port)
    namespaces = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    script = _CONTAINER.format(folder=folder, sshd=program)
    container = Child.start(["unshare", *namespaces, "sh", "-c", script], folder / "sshd.log", environment)
    try:
        await waiting.until(lambda: _listens(container, port), "sshd listens", explain=container.tail)
        shown = " ".join((folder / "host_key.pub").read_text().split()[:2])
        yield Server(port, folder / "home", shown)
    finally:
        await container.kill()


def _furnish(folder: Path, port: int) -> None:
    (folder / "home").mkdir()
    (folder / "sshd_config").write_text(_CONFIG.format(port=port, folder=folder))
    (folder / "passwd").write_text(
        f"root:x:0:0::{folder}/home:/bin/sh\nsshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n"
    )
    (folder / "shadow").write_text(f"root:{_HASH}:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"], check=True)


async def _listens(container: Child, port: int) -> bool:
    assert container.running, await container.tail()
    return await landlord.can_connect("127.0.0.1", port)
