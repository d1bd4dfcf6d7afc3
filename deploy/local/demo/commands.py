"""The four commands: show, up, down, load."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape

from demo import environment, hints
from demo.environment import Environment
from demo.steps import Steps
from demo.story import Story
from local_cluster import locking, processes

_LOAD_TEST = environment.REPOSITORY / "deploy" / "samples" / "seed" / "load-test" / "load.py"


def show(wanted: Environment, console: Console) -> None:
    """The whole life of one instance; afterwards everything is down, however it ended."""
    began = time.monotonic()
    with _held(wanted.directory):
        _clear(wanted)
        wanted.cluster.prepare()
        with contextlib.ExitStack() as cleanup:
            cleanup.push(_taking_down(wanted, console))
            wanted.up(Steps(console))
            Story(console, wanted).tell()
            console.print("\nstopping everything")
    console.print(f"[bold]done in {time.monotonic() - began:.0f} s; nothing is left running[/]")


def load(wanted: Environment, console: Console, *, concurrent: int, total: int) -> int:
    """The load test of the samples on the demo's parts; its exit code. Afterwards everything is down."""
    with _held(wanted.directory):
        _clear(wanted)
        wanted.cluster.prepare()
        with contextlib.ExitStack() as cleanup:
            cleanup.push(_taking_down(wanted, console))
            wanted.up(Steps(console))
            command = [sys.executable, str(_LOAD_TEST), "--concurrent", str(concurrent), "--total", str(total)]
            here = os.environ | {"KUBECONFIG": str(wanted.cluster.kubeconfig)}
            return subprocess.run(command, env=here, check=False).returncode


def up(wanted: Environment, console: Console) -> None:
    """The same things, kept running; said so where they run already."""
    with _held(wanted.directory):
        running = environment.found_in(wanted.directory)
        if running is not None and running.running():
            console.print("the demo is running already; `make demo-down` stops it")
            console.print(hints.text(running), soft_wrap=True)
            return
        _clear(wanted)
        wanted.cluster.prepare()
        with contextlib.ExitStack() as cleanup:
            cleanup.push(_taking_down(wanted, console))
            wanted.up(Steps(console))
            cleanup.pop_all()
    console.print(hints.text(wanted), soft_wrap=True)


def down(directory: Path, console: Console) -> None:
    """Stop what `up` started and remove it, whichever cluster it runs on."""
    if not directory.exists():
        console.print("nothing was running")
        return
    with _held(directory):
        left = environment.found_in(directory)
        if left is not None:
            left.down()
    console.print("stopped and removed" if left else "nothing was running")


@contextlib.contextmanager
def _held(directory: Path) -> Iterator[None]:
    """One run at a time in the directory; an empty one does not stay."""
    with locking.held(directory, "another run of the demo is at work here; waiting for it"):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # it holds a running demo or the logs of a failed one
                directory.rmdir()
                directory.parent.rmdir()


def _clear(wanted: Environment) -> None:
    """Take away what a run that was killed has left."""
    left = environment.found_in(wanted.directory)
    if left is not None:
        left.down()


Exit = Callable[[type[BaseException] | None, BaseException | None, TracebackType | None], None]


def _taking_down(wanted: Environment, console: Console) -> Exit:
    def take_down(kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        failed = kind is not None and not issubclass(kind, KeyboardInterrupt)
        with _uninterrupted():
            wanted.down(keep_logs=failed)
        if failed:
            _print_logs(wanted.logs, console)

    return take_down


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave half of it running; stopping takes a second or two."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_logs(logs: Path, console: Console) -> None:
    for log in (logs / "operator.log", logs / "simulator.log"):
        if log.exists():
            console.print(f"\n[bold]the end of {log.name}[/]\n{escape(processes.tail(log))}", soft_wrap=True)
    console.print(f"\nall logs stay in {logs}", soft_wrap=True)
