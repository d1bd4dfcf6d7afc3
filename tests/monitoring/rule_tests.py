"""The test files of `promtool test rules`, judged by the same engine and without promtool.

What is read: input_series in promtool's notation, alert_rule_test with exp_labels and exp_annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.monitoring import engine
from tests.monitoring.engine import Labels, Series

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RUN = re.compile(r"(?P<start>-?[\d.]+)(?:(?P<step>[+-][\d.]+))?x(?P<times>\d+)")
_SELECTOR = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})?")
_TEMPLATE = re.compile(r"\{\{ *\$labels\.(\w+) *\}\}")


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that fires: all its labels but `alertname`, and its annotations with their templates filled in."""

    labels: Labels
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What has to fire of one rule at one moment of a test."""

    test: str
    rule: Mapping[str, Any]
    series: tuple[Series, ...]
    interval: float
    at: float
    alerts: tuple[Alert, ...]

    @property
    def title(self) -> str:
        return f"{self.test}: {self.rule['alert']} at {self.at / 60:g}m"


def read(path: Path) -> tuple[Expectation, ...]:
    """All expectations of a file."""
    said = yaml.safe_load(path.read_text())
    loaded = [yaml.safe_load((path.parent / name).read_text()) for name in said["rule_files"]]
    rules = {rule["alert"]: rule for file in loaded for group in file["groups"] for rule in group["rules"]}
    return tuple(found for test in said["tests"] for found in _expectations(test, rules))


def firing(asked: Expectation) -> list[Alert]:
    """What fires of the rule at that moment: active at every evaluation for as long as the rule says."""
    query = engine.Query(asked.rule["expr"], 0, asked.at, asked.interval)
    (found,) = engine.ask(asked.series, [query])
    held = seconds(asked.rule["for"])
    return [_alert(asked.rule, series.labels) for series in found if _active_for(series, asked) >= held]


def seconds(duration: str) -> float:
    """`1h30m` in seconds."""
    return sum(float(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhd])", duration))


def values(notation: str, interval: float) -> tuple[tuple[float, float], ...]:
    """Times and values of promtool's notation: `1`, `0+1x5`, `_`, `_x3`. Raises ValueError for anything else."""
    slots = [value for word in notation.split() for value in _slots(word)]
    return tuple((number * interval, value) for number, value in enumerate(slots) if value is not None)


def _slots(word: str) -> list[float | None]:
    if word.startswith("_"):
        return [None] * int(word.removeprefix("_x") or 1) if word != "_" else [None]
    run = _RUN.fullmatch(word)
    if run is None:
        return [float(word)]
    start, step = float(run["start"]), float(run["step"] or 0)
    return [start + step * number for number in range(int(run["times"]) + 1)]


def _active_for(series: Series, asked: Expectation) -> float:
    """For how long the series is there without a gap, up to the moment of the question; -1 if it is not now."""
    times = {at for at, _ in series.points}
    moment, active = asked.at, -1.0
    while moment in times:
        active = asked.at - moment
        moment -= asked.interval
    return active


def _alert(rule: Mapping[str, Any], labels: Labels) -> Alert:
    known = {name: value for name, value in labels.items() if name != "__name__"}
    annotations = {
        name: _TEMPLATE.sub(lambda found: known.get(found[1], ""), text) for name, text in rule["annotations"].items()
    }
    return Alert(known | rule["labels"], annotations)


def _expectations(test: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[Expectation]:
    interval = seconds(test["interval"])
    series = tuple(_series(each["series"], each["values"], interval) for each in test["input_series"])
    for asked in test["alert_rule_test"]:
        alerts = tuple(Alert(each["exp_labels"], each["exp_annotations"]) for each in asked.get("exp_alerts", []))
        yield Expectation(
            test["name"], rules[asked["alertname"]], series, interval, seconds(asked["eval_time"]), alerts
        )


def _series(selector: str, notation: str, interval: float) -> Series:
    found = _SELECTOR.fullmatch(selector)
    if found is None:
        raise ValueError(f"no series: {selector}")
    labels = dict(re.findall(r'(\w+)="([^"]*)"', found["labels"] or ""))
    return Series({"__name__": found["name"], **labels}, values(notation, interval))
