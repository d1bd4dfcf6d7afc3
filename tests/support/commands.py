"""Programs that a user would type, and what they print."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LIMIT_SECONDS = 300.0  # the longest that a test waits for one command; each has a shorter limit of its own


@dataclass(frozen=True)
class Printed:
    """Exit code, and output with errors in the order in which they came."""

    code: int
    text: str


async def run(command: Sequence[str], environment: Mapping[str, str], *, stdin: str = "") -> Printed:
    """Run it to its end with this environment and no other."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environment),
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(stdin.encode()), _LIMIT_SECONDS)
    except TimeoutError:
        process.kill()
        raise
    return Printed(process.returncode or 0, out.decode(errors="replace"))
