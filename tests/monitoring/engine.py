"""PromQL by Prometheus' own engine: a small Go program (`promql/`), built once into the user's cache.

`python -m tests.monitoring.engine` builds it; `make binaries` does so before any test asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local_cluster import cache, catalogue, locking, toolchain
from local_cluster.errors import CannotProvide

_SOURCE = Path(__file__).parent / "promql"
_SECONDS = 120  # a question takes milliseconds; a build on two busy cores about a minute

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """What one series was at which time; times in seconds."""

    labels: Labels
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, evaluated at every step from start to end, both included; times in seconds."""

    expr: str
    start: float
    end: float
    step: float


def ask(series: Iterable[Series], queries: Sequence[Query]) -> list[list[Series]]:
    """What each query finds. Raises AssertionError with what the engine says against one."""
    question = {"series": [_wire(each) for each in series], "queries": [_milliseconds(query) for query in queries]}
    answer = subprocess.run(
        [str(program())], input=json.dumps(question), capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert answer.returncode == 0, answer.stderr
    return [[_series(each) for each in found] for found in json.loads(answer.stdout)]


def program() -> Path:
    """The engine; it is built where the cache has none of this source. Raises CannotProvide."""
    built = cache.folder(os.environ, "promql", _fingerprint(), "promql")
    if not toolchain.runs(built):
        with locking.held(built.parent, "another run is building the engine of PromQL; waiting for it"):
            if not toolchain.runs(built):
                build(_SOURCE, built, ".")
    return built


def build(source: Path, built: Path, package: str) -> None:
    """Build one program of a Go module. Raises CannotProvide."""
    go = toolchain.find_go(os.environ, catalogue.BY_NAME["kube-apiserver"].module.go_version())
    half = built.with_suffix(".building")
    command = ["nice", go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(half), package]
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotProvide(f"{built.name} cannot be built: {done.stderr}")
    half.rename(built)


def _fingerprint() -> str:
    text = b"".join(path.read_bytes() for path in sorted(_SOURCE.iterdir()))
    return hashlib.sha256(text).hexdigest()[:16]


def _wire(series: Series) -> dict[str, Any]:
    points = [{"t": round(at * 1000), "v": value} for at, value in series.points]
    return {"labels": dict(series.labels), "points": points}


def _milliseconds(query: Query) -> dict[str, Any]:
    return {key: value if key == "expr" else round(value * 1000) for key, value in asdict(query).items()}


def _series(wire: Mapping[str, Any]) -> Series:
    return Series(wire["labels"] or {}, tuple((point["t"] / 1000, point["v"]) for point in wire["points"]))


if __name__ == "__main__":
    print(f"the engine of PromQL is {program()}")  # noqa: T201 - a command-line program
