"""The command line of the simulator."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from novita_operator.simulator.machines.placement import Placement, is_loopback
from novita_operator.simulator.server import Config
from novita_operator.simulator.settings import Delays, Settings

_NONE, _REAL = "none", "real"


@dataclass(frozen=True)
class Options:
    """Where to listen, and what to simulate."""

    host: str
    port: int
    port_file: Path | None
    config: Config


def parse(argv: Sequence[str] | None) -> Options:
    """Reads the arguments; argparse ends the process where they are wrong."""
    parser = _parser()
    given = parser.parse_args(argv)
    settings = Settings(
        acceleration=given.acceleration,
        balance=given.balance,
        delays=Delays(**{name: getattr(given, f"{name}_delay") for name in Delays.model_fields}),
    )
    keys = tuple(key.strip() for key in given.keys.split(",") if key.strip())
    if given.machines != _REAL and (given.machines_dir is not None or given.machines_beyond_loopback):
        parser.error("--machines-dir and --machines-beyond-loopback are about real machines: add --machines real")
    machines = _placement(parser, given) if given.machines == _REAL else None
    return Options(given.host, given.port, given.port_file, Config(settings, keys, given.seed, machines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="novita-simulator", description="A Novita account in a process: the v1 GPU API, a ledger, and faults."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (%(default)s)")
    parser.add_argument("--port-file", type=Path, help="write the port into this file when listening")
    parser.add_argument("--acceleration", type=_positive, default=1.0, help="virtual seconds per second (%(default)s)")
    parser.add_argument("--balance", type=Decimal, default=Settings().balance, help="USD in the account (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="decides the chances of faults (%(default)s)")
    parser.add_argument("--keys", default="", help="API keys that are accepted, by comma; none: any sk_... key")
    machines = parser.add_argument_group("machines")
    machines.add_argument(
        "--machines",
        choices=[_NONE, _REAL],
        default=_NONE,
        help="real: each running instance has an ssh server, a disk and processes on this computer, with your rights "
        "(root's become those of nobody); a toy for your own computer (%(default)s)",
    )
    machines.add_argument(
        "--machines-dir", type=Path, help="where their folder is made, and removed in the end (temporary files)"
    )
    machines.add_argument(
        "--machines-beyond-loopback",
        action="store_true",
        help="let others reach real machines at --host, and so run programs here",
    )
    delays = parser.add_argument_group("delays, in virtual seconds")
    for name, about in Delays.model_fields.items():
        flag = f"--{name.replace('_', '-')}-delay"
        delays.add_argument(flag, type=_positive, default=about.default, help=f"{about.description} (%(default)s)")
    return parser


def _placement(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Placement:
    """Whoever reaches the API can order a machine that runs any command: that is for this computer alone."""
    if not (given.machines_beyond_loopback or is_loopback(given.host)):
        parser.error(
            f"--host {given.host} with --machines real lets everybody who reaches that address run programs here as "
            "you. Stay on 127.0.0.1, or add --machines-beyond-loopback if that is what you want."
        )
    return Placement(given.host, given.machines_dir)


def _positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError("must be a number of 0 or more")
    return value
