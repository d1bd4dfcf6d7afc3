"""`python -m demo show | up | down | load [--cluster local|kind|current]`, as `make demo`, `demo-up`, … do."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from demo import commands, environment
from demo.clusters.cluster import Source
from demo.environment import Environment
from demo.errors import DemoFailed
from local_cluster.errors import CannotProvide, CannotStart, NotOurs

_FAILURES = (DemoFailed, CannotProvide, CannotStart, NotOurs)
_INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended
_COLUMNS = 120  # where the output goes into a file: the width that `kubectl get gpui` is made for


def main() -> int:
    """Returns the exit code: 0 all as promised, 1 not, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("command", choices=["show", "up", "down", "load"])
    parser.add_argument("--cluster", choices=[each.value for each in Source], default=Source.LOCAL.value)
    parser.add_argument("--state", type=Path, default=environment.REPOSITORY / ".local", help="where state and logs go")
    parser.add_argument("--concurrent", type=int, default=3, help="load: instances at a time (%(default)s)")
    parser.add_argument("--total", type=int, default=10, help="load: instances in all (%(default)s)")
    parser.add_argument(
        "--real-machines",
        action="store_true",
        help="up: instances run what their specs say on this computer, with your rights; a toy for your own",
    )
    options = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _COLUMNS)
    # SIGTERM as Ctrl-C: what was started has to be stopped in either case.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options, console)
    except _FAILURES as error:
        console.print(f"\n[bold red]failed:[/] {escape(str(error))}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("\ninterrupted; what was started is stopped")
        return _INTERRUPTED


def _run(options: argparse.Namespace, console: Console) -> int:
    cluster, state = Source(options.cluster), options.state.resolve()
    match options.command:
        case "show":
            commands.show(Environment(state / "demo", cluster, machines=True), console)
        case "up":
            commands.up(Environment(state / "playground", cluster, machines=options.real_machines), console)
        case "load":
            wanted = Environment(state / "load", cluster)
            return commands.load(wanted, console, concurrent=options.concurrent, total=options.total)
        case _:
            commands.down(state / "playground", console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
