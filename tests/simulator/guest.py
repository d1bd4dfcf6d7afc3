"""Whoever logs in to a simulated machine: the system's own ssh, scp and sftp, as the instance's reply says."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = 60.0  # a session takes half a second, on a machine that is busy, too
_OPTIONS = {
    "LogLevel": "ERROR",
    "NumberOfPasswordPrompts": "1",
    "StrictHostKeyChecking": "accept-new",
}


@dataclass(frozen=True)
class Said:
    """What a program has answered with."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


@dataclass(frozen=True)
class Guest:
    """`folder` holds the host keys that it knows, and how it tells the password."""

    folder: Path
    user: str
    host: str
    port: str
    password: str

    @classmethod
    def of(cls, detail: dict[str, Any], folder: Path, *, user: str = "root") -> Guest:
        """Knows of the machine what its instance's reply says, and nothing else."""
        block = detail["connectComponentSSH"]
        found = re.fullmatch(r"ssh -p (\d+) root@(\S+)", block["sshCommand"])
        assert found is not None, block
        ask = folder / f"askpass-{found[1]}"
        ask.write_text(f"#!/bin/sh\necho '{block['password']}'\n")
        ask.chmod(0o700)
        return cls(folder, user, found[2], found[1], block["password"])

    @property
    def place(self) -> str:
        return f"{self.user}@{self.host}"

    async def ssh(self, *command: str, options: Sequence[str] = (), stdin: bytes = b"") -> Said:
        return await self._run("ssh", *options, "-p", self.port, self.place, *command, stdin=stdin)

    async def scp(self, *arguments: str) -> Said:
        """`:` at the beginning of a path is the machine."""
        paths = [f"{self.place}{each}" if each.startswith(":") else each for each in arguments]
        return await self._run("scp", "-P", self.port, *paths)

    async def sftp(self, batch: str) -> Said:
        return await self._run(
            "sftp", "-o", "BatchMode=no", "-b", "-", "-P", self.port, self.place, stdin=batch.encode()
        )

    @asynccontextmanager
    async def going_on(self, *command: str, options: Sequence[str] = ()) -> AsyncIterator[asyncio.subprocess.Process]:
        """A session that is under way; it is broken off in the end."""
        process = await self._start("ssh", *options, "-p", self.port, self.place, *command)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def _run(self, program: str, *arguments: str, stdin: bytes = b"") -> Said:
        process = await self._start(program, *arguments)
        out, err = await asyncio.wait_for(process.communicate(stdin), _SECONDS)
        assert process.returncode is not None
        return Said(process.returncode, out, err.decode())

    async def _start(self, program: str, *arguments: str) -> asyncio.subprocess.Process:
        options = {**_OPTIONS, "UserKnownHostsFile": str(self.folder / "known_hosts")}
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        ask = {
            "SSH_ASKPASS": str(self.folder / f"askpass-{self.port}"),
            "SSH_ASKPASS_REQUIRE": "force",
            "DISPLAY": ":0",
        }
        return await asyncio.create_subprocess_exec(
            *(program, "-F", "/dev/null", *given, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **ask},
            start_new_session=True,
        )
