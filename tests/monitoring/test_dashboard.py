"""Every query of the dashboard asks for metrics and labels that exist, and Prometheus can read it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.monitoring import engine, names
from tests.monitoring.engine import Query

DASHBOARD = json.loads(
    (Path(__file__).parents[2] / "charts" / "novita-operator" / "files" / "dashboard.json").read_text()
)
TARGETS = [(panel["title"], target) for panel in DASHBOARD["panels"] for target in panel["targets"]]
SAMPLES = names.samples()


@pytest.mark.parametrize(("title", "target"), TARGETS, ids=[f"{title} {each['refId']}" for title, each in TARGETS])
def test_a_query_asks_for_metrics_and_labels_that_exist(title: str, target: dict[str, str]) -> None:
    metrics, labels = names.asked(target["expr"])
    shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    known = frozenset().union(*(SAMPLES.get(metric, frozenset()) for metric in metrics))

    assert metrics, title
    assert metrics <= set(SAMPLES)
    assert labels | shown <= known


def test_prometheus_can_read_every_query() -> None:
    queries = [Query(target["expr"].replace("$__rate_interval", "5m"), 0, 60, 60) for _, target in TARGETS]

    assert len(engine.ask([], queries)) == len(TARGETS)


def test_prometheus_refuses_a_mistake_so_that_the_test_above_can_fail() -> None:
    with pytest.raises(AssertionError, match="parse error"):
        engine.ask([], [Query("rate(novita_queue_depth", 0, 60, 60)])


def test_panels_have_a_place_each_and_no_two_the_same() -> None:
    cells = [
        (place["x"] + column, place["y"] + row)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for column in range(place["w"])
        for row in range(place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24
