"""Absence takes time: when an instance that nothing shows counts as gone."""

from __future__ import annotations

import pytest

from novita_operator.controllers.gpu_instance.policies import belief
from novita_operator.controllers.gpu_instance.policies.belief import Belief, Misses

LAG = 60.0


def judge(
    misses: Misses | None, *, now: float, wait: float | None = 180.0, announced: bool = False, lag: float = LAG
) -> Belief:
    return belief.judge(misses, announced=announced, wait=wait, lag=lag, now=now)


def test_before_the_first_look_one_is_due() -> None:
    assert judge(None, now=0) == Belief(believed=False, check_due=True)


@pytest.mark.parametrize(
    ("misses", "wait", "believed"),
    [
        pytest.param(Misses(2, 0, 179), 180.0, False, id="too early"),
        pytest.param(Misses(2, 0, 180), 180.0, True, id="long enough"),
        pytest.param(Misses(1, 0, 0), 180.0, False, id="a single look"),
        pytest.param(Misses(9, 0, 59), 0.0, False, id="not spread over the list lag"),
        pytest.param(Misses(9, 0, 60), 0.0, True, id="confirmed by a person, and spread over the list lag"),
        pytest.param(Misses(99, 0, 99_999), None, False, id="only a person can say"),
    ],
)
def test_looks_are_believed_when_they_have_taken_long_enough(
    misses: Misses, wait: float | None, believed: bool
) -> None:
    assert judge(misses, wait=wait, now=misses.last).believed is believed


def test_one_look_is_never_enough_even_where_nothing_is_waited_for() -> None:
    assert not judge(Misses(1, 0, 0), wait=0, lag=0, now=0).believed
    assert judge(Misses(2, 0, 0), wait=0, lag=0, now=0).believed


def test_what_is_believed_needs_no_further_look() -> None:
    assert judge(Misses(2, 0, 180), now=180) == Belief(believed=True, check_due=False)


def test_what_was_announced_takes_one_look() -> None:
    assert judge(Misses(1, 0, 0), now=0, announced=True) == Belief(believed=True, check_due=False, announced=True)
    assert judge(None, now=0, announced=True) == Belief(announced=True)


@pytest.mark.parametrize(
    ("misses", "wait", "lag", "due"),
    [
        pytest.param(Misses(1, 0, 0), 0.0, 60.0, 30, id="half of the list lag"),
        pytest.param(Misses(1, 0, 0), 600.0, 60.0, 100, id="a sixth of the wait, where that is longer"),
        pytest.param(Misses(1, 0, 0), None, 60.0, 30, id="half of the list lag, where there is no end"),
        pytest.param(Misses(1, 0, 0), None, 0.0, 0, id="at once, where there is nothing to wait for"),
        pytest.param(Misses(6, 10, 170), 180.0, 60.0, 190, id="when the time is over, where that is sooner"),
    ],
)
def test_the_next_look_is_due_after(misses: Misses, wait: float | None, lag: float, due: float) -> None:
    assert judge(misses, wait=wait, lag=lag, now=due) == Belief(check_due=True, seconds=0.0)
    assert judge(misses, wait=wait, lag=lag, now=due - 1) == Belief(check_due=False, seconds=1.0)
    assert judge(misses, wait=wait, lag=lag, now=due + 1) == Belief(check_due=True, seconds=0.0)


def test_it_is_looked_for_however_long_nobody_says_anything() -> None:
    assert judge(Misses(5, 0, 1000), wait=None, now=1030).check_due
