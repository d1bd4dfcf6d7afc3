"""`novita-simulator`, also `python -m novita_operator.simulator`: listens until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from novita_operator.simulator import options, server
from novita_operator.simulator.machines.placement import NoMachines

_BACKLOG = 1024  # a thousand clients may connect at once
_BAD_OPTIONS = 2  # as argparse has it
_GOODBYE = 0.5  # seconds for answers under way when it is told to stop


class CannotStart(Exception):
    """Other options are needed; the sentence says which."""


def main(argv: Sequence[str] | None = None) -> None:
    """The console script. A port that is taken, or a port file that cannot be written, ends it with 2."""
    given = options.parse(argv)
    try:
        asyncio.run(_serve(given))
    except CannotStart as error:
        sys.stderr.write(f"novita-simulator cannot start: {error}\n")
        sys.exit(_BAD_OPTIONS)


async def _serve(given: options.Options) -> None:
    try:
        app = server.create_app(given.config)
    except NoMachines as error:
        raise CannotStart(f"--machines real: {error}.") from error
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE)
    await runner.setup()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    try:
        port = await _listen(runner, given)
        _announce(given.host, port, given.port_file)
        await stopped.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, given: options.Options) -> int:
    try:
        await web.TCPSite(runner, given.host, given.port, backlog=_BACKLOG).start()
    except OSError as error:
        raise CannotStart(
            f"cannot listen on {given.host}:{given.port}: {_reason(error)}. Choose another --port (0 takes a free one) "
            "or --host, or end the process that has it."
        ) from error
    return int(runner.addresses[0][1])


def _reason(error: OSError) -> str:
    """The system's word: asyncio's own text names the address a second time."""
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error)


def _announce(host: str, port: int, port_file: Path | None) -> None:
    if port_file is not None:
        unfinished = port_file.with_name(f"{port_file.name}.tmp")
        try:
            unfinished.write_text(f"{port}\n", encoding="ascii")
            unfinished.replace(port_file)  # whoever waits for the file never reads half of it
        except OSError as error:
            raise CannotStart(f"--port-file: {port_file} cannot be written: {_reason(error)}.") from error
    sys.stdout.write(f"listening on http://{host}:{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
