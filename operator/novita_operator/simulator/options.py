"""The command line of the simulator."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from novita_operator.simulator.server import Config
from novita_operator.simulator.settings import Delays, Settings


@dataclass(frozen=True)
class Options:
    """Where to listen, and what to simulate."""

    host: str
    port: int
    port_file: Path | None
    config: Config


def parse(argv: Sequence[str] | None) -> Options:
    """Reads the arguments; argparse ends the process where they are wrong."""
    given = _parser().parse_args(argv)
    settings = Settings(
        acceleration=given.acceleration,
        balance=given.balance,
        delays=Delays(**{name: getattr(given, f"{name}_delay") for name in Delays.model_fields}),
    )
    keys = tuple(key.strip() for key in given.keys.split(",") if key.strip())
    return Options(given.host, given.port, given.port_file, Config(settings, keys, given.seed))


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
    delays = parser.add_argument_group("delays, in virtual seconds")
    for name, about in Delays.model_fields.items():
        flag = f"--{name.replace('_', '-')}-delay"
        delays.add_argument(flag, type=_positive, default=about.default, help=f"{about.description} (%(default)s)")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError("must be a number of 0 or more")
    return value
