"""Alerts fire when they have to, and not before. The engine of Prometheus judges."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.monitoring import names, rule_tests
from tests.monitoring.rule_tests import Expectation

FILE = Path(__file__).parent / "alerts_test.yaml"
ALERTS = Path(__file__).parents[2] / "charts" / "novita-operator" / "files" / "alerts.yaml"
EXPECTATIONS = rule_tests.read(FILE)
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    samples = names.samples()

    metrics, labels = names.asked(rule["expr"])
    shown = set(re.findall(r"\$labels\.(\w+)", "".join(rule["annotations"].values())))

    assert metrics
    assert metrics <= set(samples)
    assert labels | shown <= frozenset().union(*(samples[metric] for metric in metrics))


@pytest.mark.parametrize("expected", EXPECTATIONS, ids=lambda each: each.title)
def test_an_alert_fires_exactly_when_it_has_to(expected: Expectation) -> None:
    fires = rule_tests.firing(expected)

    assert fires == list(expected.alerts)


def test_every_alert_is_seen_to_fire_and_seen_not_to() -> None:
    seen: dict[str, set[bool]] = defaultdict(set)
    for expected in EXPECTATIONS:
        seen[expected.rule["alert"]].add(bool(expected.alerts))

    assert dict(seen) == {rule["alert"]: {True, False} for rule in RULES}


def test_a_wrong_rule_is_noticed_so_that_the_tests_above_can_fail() -> None:
    quiet = next(expected for expected in EXPECTATIONS if not expected.alerts)
    loud = next(expected for expected in EXPECTATIONS if expected.alerts)

    assert rule_tests.firing(replace(quiet, rule={**quiet.rule, "expr": "vector(1)", "for": "0m"})) != []
    assert rule_tests.firing(replace(loud, rule={**loud.rule, "expr": "vector(0) > 1"})) == []
    assert rule_tests.firing(replace(loud, rule={**loud.rule, "for": "1d"})) == []


def test_the_notation_of_series_is_promtools() -> None:
    assert rule_tests.values("1 _ 3", 60) == ((0, 1), (120, 3))
    assert rule_tests.values("0+2x2 _x2 5x1", 60) == ((0, 0), (60, 2), (120, 4), (300, 5), (360, 5))
    with pytest.raises(ValueError, match="stale"):
        rule_tests.values("stale", 60)
