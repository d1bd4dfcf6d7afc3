"""The table, the machine-readable file and the picture."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.figures import Figures

_ROWS: tuple[tuple[str, Callable[[Figures], float | str]], ...] = (
    ("all Ready, s", lambda each: each.ready_seconds),
    ("  floor by bare HTTP, s", lambda each: each.floor_seconds),
    ("  ratio to the floor", lambda each: each.ready_seconds / each.floor_seconds),
    ("  object to Ready p50, s", lambda each: each.ready_p50),
    ("  object to Ready p99, s", lambda each: each.ready_p99),
    ("Novita calls per object to Ready", lambda each: each.calls_to_ready),
    ("Novita calls per object and hour, steady", lambda each: each.steady_calls_per_hour),
    ("API writes per object to Ready, Events apart", lambda each: each.writes_to_ready),
    ("Events per object to Ready", lambda each: each.events_to_ready),
    ("API writes in a steady minute, all objects", lambda each: each.steady_writes),
    ("CPU s to Ready", lambda each: each.cpu_to_ready),
    ("CPU steady, % of a core", lambda each: each.steady_cpu_percent),
    ("RSS idle, MiB", lambda each: each.rss_idle),
    ("RSS with all Ready, MiB", lambda each: each.rss_ready),
    ("RSS peak, MiB", lambda each: each.rss_peak),
    ("restart: first look at Novita, s", lambda each: each.restart_seconds),
    ("restart: API writes", lambda each: each.restart_writes),
    ("all deleted, s", lambda each: each.delete_seconds),
    ("API writes per object to delete", lambda each: each.delete_writes),
    ("Novita calls per object to delete", lambda each: each.delete_calls),
    ("instances rented per object", lambda each: each.created / each.objects),
    ("left billing at the end", lambda each: each.left_billing),
)


def write(found: Sequence[Figures], directory: Path) -> str:
    """RESULTS.md, results.json and, where matplotlib is there, results.png. Returns the table."""
    table = markdown(found)
    (directory / "RESULTS.md").write_text(table)
    (directory / "results.json").write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    _plot(found, directory / "results.png")
    return table


def markdown(found: Sequence[Figures]) -> str:
    """One column for each contender and size."""
    names = [f"{each.contender}, {each.objects}" for each in found]
    machine = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}; a real API server, the simulator and the "
        "operator share them. `make bench` writes this file. Only ratios within one run mean anything; the load of the "
        f"machine was {os.getloadavg()[0]:.1f} at the end."
    )
    lines = [
        "# Measured",
        "",
        machine,
        "",
        "| | " + " | ".join(names) + " |",
        "|---|" + "--:|" * len(found),
    ]
    lines += [
        f"| {what.strip()} | " + " | ".join(_shown(figure(each)) for each in found) + " |" for what, figure in _ROWS
    ]
    lines += ["", "Growth of the time to Ready, as an exponent of the number of objects: " + _growth(found) + "."]
    lines += ["", "Writes and calls per object to Ready:", ""]
    lines += [f"- {each.contender}, {each.objects}: {_counts(each.writes)}; {_counts(each.calls)}" for each in found]
    return "\n".join(lines) + "\n"


def _counts(counts: object) -> str:
    assert isinstance(counts, dict)
    return ", ".join(f"{what} {count:g}" for what, count in counts.items() if count >= 0.01)


def _growth(found: Sequence[Figures]) -> str:
    parts = []
    for name in dict.fromkeys(each.contender for each in found):
        sizes = sorted((each for each in found if each.contender == name), key=lambda each: each.objects)
        if len(sizes) > 1:
            small, large = sizes[0], sizes[-1]
            exponent = math.log(large.ready_seconds / small.ready_seconds) / math.log(large.objects / small.objects)
            parts.append(f"{name} {exponent:.2f}")
    return ", ".join(parts) or "one size only"


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value == int(value) or value >= 100 else f"{value:.2f}"


def _plot(found: Sequence[Figures], path: Path) -> None:
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        return
    panels: tuple[tuple[str, Callable[[Figures], float]], ...] = (
        ("Novita calls per object and hour", lambda each: each.steady_calls_per_hour),
        ("API writes per object to Ready", lambda each: each.writes_to_ready),
        ("RSS, MiB", lambda each: each.rss_ready),
        ("all Ready, s", lambda each: each.ready_seconds),
    )
    figure, axes = plt.subplots(1, len(panels), figsize=(16, 3.6))
    for axis, (title, value) in zip(axes, panels, strict=True):
        for name in dict.fromkeys(each.contender for each in found):
            sizes = sorted((each for each in found if each.contender == name), key=lambda each: each.objects)
            axis.plot([each.objects for each in sizes], [value(each) for each in sizes], marker="o", label=name)
        axis.set_title(title)
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel("objects")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
