"""Somebody's own ssh key, and the system's ssh that logs in by it alone: no password, no other key, no agent."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from tests.support import needs

_ALONE = {
    "BatchMode": "yes",
    "ConnectTimeout": "60",
    "IdentitiesOnly": "yes",
    "IdentityAgent": "none",
    "LogLevel": "ERROR",
    "PasswordAuthentication": "no",
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
}
_SECONDS = 60.0  # a login takes a moment, on a machine that is busy, too


@dataclass(frozen=True)
class Identity:
    """A pair. `public`: the line of its .pub file."""

    file: Path
    public: str

    @classmethod
    async def make(cls, folder: Path, name: str = "jane", kind: str = "ed25519") -> Identity:
        needs.program("ssh-keygen", package="openssh-client")
        file = folder / f"id_{name}"
        made = await asyncio.create_subprocess_exec(
            "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"{name}@example.com", "-f", file
        )
        assert await made.wait() == 0
        return cls(file, await asyncio.to_thread(lambda: file.with_suffix(".pub").read_text().strip()))

    async def gets_in(self, host: str, port: int) -> bool:
        """Whether the machine lets it in; a command runs there then."""
        options = [word for name, value in _ALONE.items() for word in ("-o", f"{name}={value}")]
        process = await asyncio.create_subprocess_exec(
            *("ssh", "-F", "none", "-i", self.file, *options, "-p", str(port), f"root@{host}", "echo in"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                out, _ = await process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return process.returncode == 0 and out == b"in\n"
