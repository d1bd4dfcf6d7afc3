"""The bench's own arithmetic: floors, fits, and a goal that is missed is said to be missed."""

from __future__ import annotations

import pytest
from tests.bench import floor, goals
from tests.bench.figures import Churn, Limited, Spread, Timed
from tests.bench.results import Results, slope


def test_a_burst_is_free_and_the_rest_goes_through_the_limit() -> None:
    assert floor.through(10, requests_per_minute=60, clock_seconds=2) == 2
    assert floor.through(70, requests_per_minute=60, clock_seconds=2) == 62


def test_a_flat_line_has_no_slope_and_a_rising_one_has_its_own() -> None:
    assert slope([7, 7, 7]) == 0
    assert slope([1, 3, 5]) == pytest.approx(2)


def test_percentiles_are_of_the_values() -> None:
    found = Spread.of([float(value) for value in range(1, 101)])

    assert found.p50 == pytest.approx(50.5)
    assert found.p95 < found.p99 <= 101


def test_a_missed_goal_is_said_to_be_missed() -> None:
    near, far = Timed(11, 1, floor=10, one_call=10), Timed(31, 1, floor=10, one_call=10)
    results = Results(limited=[Limited(1_000, 60, ready=near, unbilled=near, gone=far, left_billing=0)])

    rows = goals.table(results).splitlines()

    assert [row for row in rows if "**no**" in row] == [
        "| 1,000 deleted under a limit, until the objects are gone: time ÷ floor | ≤ 1.2 | 3.10 | **no** |"
    ]


def test_what_grows_only_at_first_is_no_leak() -> None:
    found = Churn(10, rss=[90, 120, 121, 121], tasks=[30] * 4, files=[9, 12, 12, 12], seconds=60, left_billing=0)

    assert "**no**" not in goals.table(Results(churn=found))


def test_what_goes_on_growing_is_a_leak() -> None:
    found = Churn(10, rss=[90, 100, 110, 120], tasks=[30] * 4, files=[9] * 4, seconds=60, left_billing=0)

    assert goals.table(Results(churn=found)).count("**no**") == 1
