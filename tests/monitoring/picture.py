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
from matplotlib.gridspec import GridSpec
from tests.monitoring import engine
from tests.monitoring.engine import Query, Series

_DASHBOARD = Path(__file__).parents[2] / "charts" / "novita-operator" / "files" / "dashboard.json"
_STEP_SECONDS = 5.0
_COLUMNS = 24  # of Grafana's grid
_INCHES = (18.0, 0.42)  # width; height of one row of the grid
_LONGEST_LEGEND = 8
_UNITS = {"s": "seconds", "reqps": "calls per second", "ops": "per second", "short": ""}


def draw(series: Sequence[Series], target: Path, *, title: str) -> None:
    """Write the picture."""
    panels = json.loads(_DASHBOARD.read_text())["panels"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = plt.figure(figsize=(_INCHES[0], _INCHES[1] * rows), layout="constrained")
    figure.suptitle(title, fontsize=11)
    grid = GridSpec(rows, _COLUMNS, figure=figure)
    start = min(at for each in series for at, _ in each.points)
    end = max(at for each in series for at, _ in each.points)
    for panel in panels:
        place = panel["gridPos"]
        cell = grid[place["y"] : place["y"] + place["h"], place["x"] : place["x"] + place["w"]]
        _panel(figure.add_subplot(cell), panel, series, (start, end))
    figure.savefig(target, dpi=70)
    plt.close(figure)


def _panel(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series], span: tuple[float, float]) -> None:
    queries = [Query(target["expr"], *span, _STEP_SECONDS) for target in panel["targets"]]
    answers = engine.ask(series, queries)
    axes.set_title(panel["title"], fontsize=10, loc="left")
    axes.set_ylabel(_UNITS[panel["fieldConfig"]["defaults"]["unit"]], fontsize=8)
    if panel["type"] == "stat":
        _number(axes, answers[0])
        return
    for target, found in zip(panel["targets"], answers, strict=True):
        for each in found:
            minutes = [(at - span[0]) / 60 for at, _ in each.points]
            axes.plot(minutes, [value for _, value in each.points], label=_legend(target["legendFormat"], each))
    axes.set_xlim(0, (span[1] - span[0]) / 60)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=8)
    handles, labels = axes.get_legend_handles_labels()
    if any(labels):
        axes.legend(handles[:_LONGEST_LEGEND], labels[:_LONGEST_LEGEND], fontsize=7, loc="upper left")


def _number(axes: Axes, found: Sequence[Series]) -> None:
    value = sum(each.points[-1][1] for each in found)
    axes.axis("off")
    axes.text(0.5, 0.5, f"{value:g}", ha="center", va="center", fontsize=40)


def _legend(form: str, series: Series) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda label: series.labels.get(label[1], ""), form).strip()
