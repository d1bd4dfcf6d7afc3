"""The dashboard as a picture: each panel's own queries over recorded series, evaluated by Prometheus' engine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec, SubplotSpec
from tests.monitoring import engine
from tests.monitoring.engine import Query, Series

_DASHBOARD = Path(__file__).parents[2] / "charts" / "novita-operator" / "files" / "dashboard.json"
_STEP_SECONDS = 5.0
_COLUMNS = 24  # of Grafana's grid
_INCHES = (18.0, 0.42)  # width; height of one row of the grid
_LONGEST_LEGEND = 8
_UNITS = {
    "s": "seconds",
    "reqps": "calls per second",
    "ops": "per second",
    "currencyUSD": "USD per hour",
    "short": "",
}


def draw(series: Sequence[Series], target: Path, *, title: str) -> None:
    """Write the picture."""
    panels = json.loads(_DASHBOARD.read_text())["panels"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = plt.figure(figsize=(_INCHES[0], _INCHES[1] * rows), layout="constrained")
    figure.suptitle(title, fontsize=11)
    grid = GridSpec(rows, _COLUMNS, figure=figure)
    for panel in panels:
        axes = figure.add_subplot(_place(grid, panel["gridPos"]))
        axes.set_title(panel["title"], fontsize=10, loc="left")
        (_number if panel["type"] == "stat" else _lines)(axes, panel, series)
    figure.savefig(target, dpi=70)
    plt.close(figure)


def answers(panel: Mapping[str, Any], series: Sequence[Series]) -> list[tuple[str, Series]]:
    """What a panel shows: each series that its queries find, below its legend."""
    span = _span(series)
    found = engine.ask(series, [Query(target["expr"], *span, _STEP_SECONDS) for target in panel["targets"]])
    return [
        (_legend(target["legendFormat"], each), each)
        for target, several in zip(panel["targets"], found, strict=True)
        for each in several
        if each.points
    ]


def _place(grid: GridSpec, at: Mapping[str, int]) -> SubplotSpec:
    return grid[at["y"] : at["y"] + at["h"], at["x"] : at["x"] + at["w"]]


def _lines(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series]) -> None:
    start, end = _span(series)
    highest_first = sorted(answers(panel, series), key=lambda found: -max(value for _, value in found[1].points))
    for number, (legend, each) in enumerate(highest_first):
        minutes = [(at - start) / 60 for at, _ in each.points]
        label = legend if number < _LONGEST_LEGEND else None
        axes.plot(minutes, [value for _, value in each.points], label=label)
    axes.set_xlim(0, (end - start) / 60)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(_UNITS[panel["fieldConfig"]["defaults"]["unit"]], fontsize=8)
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=8)
    if any(legend for legend, _ in highest_first):
        axes.legend(fontsize=7, loc="best")


def _number(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series]) -> None:
    value = sum(each.points[-1][1] for _, each in answers(panel, series))
    axes.axis("off")
    axes.text(0.5, 0.5, f"{value:.3g}", ha="center", va="center", fontsize=40)


def _span(series: Sequence[Series]) -> tuple[float, float]:
    times = [at for each in series for at, _ in each.points]
    return min(times), max(times)


def _legend(form: str, series: Series) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda label: series.labels.get(label[1], ""), form).strip()
