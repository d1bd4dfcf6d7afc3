"""`novita-simulator`, also `python -m novita_operator.simulator`: listens until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from novita_operator.simulator import options, server

_BACKLOG = 1024  # a thousand clients may connect at once
_GOODBYE = 0.5  # seconds for answers under way when it is told to stop


def main(argv: Sequence[str] | None = None) -> None:
    """The console script. A port that is taken ends it with 1."""
    given = options.parse(argv)
    try:
        asyncio.run(_serve(given))
    except OSError as error:
        sys.exit(f"cannot listen on {given.host}:{given.port}: {error.strerror or error}")


async def _serve(given: options.Options) -> None:
    runner = web.AppRunner(server.create_app(given.config), access_log=None, shutdown_timeout=_GOODBYE)
    await runner.setup()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    try:
        await web.TCPSite(runner, given.host, given.port, backlog=_BACKLOG).start()
        port = runner.addresses[0][1]
        _announce(given.host, port, given.port_file)
        await stopped.wait()
    finally:
        await runner.cleanup()


def _announce(host: str, port: int, port_file: Path | None) -> None:
    if port_file is not None:
        unfinished = port_file.with_name(f"{port_file.name}.tmp")
        unfinished.write_text(f"{port}\n", encoding="ascii")
        unfinished.replace(port_file)  # whoever waits for the file never reads half of it
    sys.stdout.write(f"listening on http://{host}:{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
