"""OpenSSH's own server, in namespaces as in a container: nobody else sees its user, password and files.

The first process has the container's environment and only waits, as the container of a job does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from tests.machines.conftest import dialer
from tests.simulator import landlord

from novita_operator.machines.login import Login, Place

PROGRAM = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
HERE = PROGRAM is not None and os.geteuid() == 0
"""Only root may make such namespaces."""
_PASSWORD = "letmein-to-the-machine"
_HASH = "$6$novitatest$fLXgTu7KccYLRzEFbr9NvxqC9jZN/T6GLvH9V3FS6UmNR0BCc/M2xR7qS9OudCzS/T9WVqkcjGNv3GiGLqdGS0"
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
"""
_CONTAINER = """\
set -eu
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/shadow /etc/shadow
mount -t tmpfs none /run
mkdir /run/sshd
{sshd} -D -e -f {folder}/sshd_config 2>{folder}/sshd.log &
cd {folder}/home
exec tail -f /dev/null
"""


@dataclass(frozen=True)
class Server:
    """What is known of it. `folder`: the home of the user that logs in."""

    login: Login
    folder: Path


@asynccontextmanager
async def serving(folder: Path, **environment: str) -> AsyncIterator[Server]:
    """It listens on loopback; every process of it is gone in the end."""
    port = landlord.free_port()
    await asyncio.to_thread(_furnish, folder, port)
    key = await asyncio.create_subprocess_exec("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key")
    assert await key.wait() == 0
    namespaces = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    script = _CONTAINER.format(folder=folder, sshd=PROGRAM)
    given = {"PATH": os.environ["PATH"], **environment}
    container = await asyncio.create_subprocess_exec("unshare", *namespaces, "sh", "-c", script, env=given)
    try:
        await landlord.until(lambda: landlord.can_connect("127.0.0.1", port))
        place = Place("127.0.0.1", port)
        shown = (await dialer().host_key(place)).fingerprint
        yield Server(Login(place, "root", SecretStr(_PASSWORD), shown), folder / "home")
    finally:
        container.kill()
        await container.wait()


def _furnish(folder: Path, port: int) -> None:
    (folder / "home").mkdir()
    (folder / "sshd_config").write_text(_CONFIG.format(port=port, folder=folder))
    (folder / "passwd").write_text(
        f"root:x:0:0::{folder}/home:/bin/sh\nsshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n"
    )
    (folder / "shadow").write_text(f"root:{_HASH}:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n")
