"""The three commands: show, up, down."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.markup import escape

from demo import environment, hints
from demo.environment import Environment
from demo.steps import Steps
from demo.story import Story
from local_cluster import locking, processes

_WAITING = "another run of the demo is at work here; waiting for it"


def show(wanted: Environment, console: Console) -> None:
    """The whole life of one instance; afterwards everything is down, however it ended."""
    began = time.monotonic()
    with locking.held(wanted.directory, _WAITING):
        _clear(wanted)
        with contextlib.ExitStack() as cleanup:
            cleanup.push(_taking_down(wanted, console))
            wanted.up(Steps(console))
            Story(console, wanted).tell()
            console.print("\nstopping everything")
    console.print(f"[bold]done in {time.monotonic() - began:.0f} s; nothing is left running[/]")


def up(wanted: Environment, console: Console) -> None:
    """The same things, kept running; said so where they run already."""
    with locking.held(wanted.directory, _WAITING):
        running = environment.found_in(wanted.directory)
        if running is not None and running.running():
            console.print("the demo is running already; `make demo-down` stops it")
            console.print(hints.text(running), soft_wrap=True)
            return
        _clear(wanted)
        with contextlib.ExitStack() as cleanup:
            cleanup.push(_taking_down(wanted, console))
            wanted.up(Steps(console))
            cleanup.pop_all()
    console.print(hints.text(wanted), soft_wrap=True)


def down(wanted: Environment, console: Console) -> None:
    """Stop what `up` started and remove it, whichever cluster it runs on."""
    if not wanted.directory.exists():
        console.print("nothing was running")
        return
    with locking.held(wanted.directory, _WAITING):
        left = environment.found_in(wanted.directory)
        (left or wanted).down()
    console.print("stopped and removed" if left else "nothing was running")


def _clear(wanted: Environment) -> None:
    """Take away what a run that was killed has left."""
    left = environment.found_in(wanted.directory)
    if left is not None:
        left.down()
        wanted.directory.mkdir(parents=True, exist_ok=True)


Exit = Callable[[type[BaseException] | None, BaseException | None, TracebackType | None], None]


def _taking_down(wanted: Environment, console: Console) -> Exit:
    def take_down(kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        # A second Ctrl-C must not leave half of it running; this takes a second or two.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        failed = kind is not None and not issubclass(kind, KeyboardInterrupt)
        if failed:
            _print_logs(wanted, console)
        wanted.down(keep_logs=failed)

    return take_down


def _print_logs(wanted: Environment, console: Console) -> None:
    for name in ("operator", "simulator"):
        log = wanted.servers.log(name)
        if log.exists():
            console.print(f"\n[bold]the end of {name}.log[/]\n{escape(processes.tail(log))}", soft_wrap=True)
    console.print(f"\nall logs are in {wanted.logs}", soft_wrap=True)
