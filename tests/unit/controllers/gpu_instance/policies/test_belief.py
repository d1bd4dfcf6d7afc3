"""Absence takes time: when an instance that nothing shows counts as gone."""

from __future__ import annotations

import pytest

from novita_operator.controllers.gpu_instance.policies import belief
from novita_operator.controllers.gpu_instance.policies.belief import Belief, Looks

LAG = 60.0


def judge(
    looks: Looks | None, *, now: float, wait: float | None = 180.0, announced: bool = False, lag: float = LAG
) -> Belief:
    return belief.judge(looks, announced=announced, wait=wait, lag=lag, now=now)


def test_before_the_first_look_one_is_due() -> None:
    assert judge(None, now=0) == Belief(believed=False, look_due=True)


@pytest.mark.parametrize(
    ("looks", "wait", "believed"),
    [
        pytest.param(Looks(2, 0, 179), 180.0, False, id="too early"),
        pytest.param(Looks(2, 0, 180), 180.0, True, id="long enough"),
        pytest.param(Looks(1, 0, 0), 180.0, False, id="a single look"),
        pytest.param(Looks(9, 0, 59), 0.0, False, id="not spread over the list lag"),
        pytest.param(Looks(9, 0, 60), 0.0, True, id="confirmed by a person, and spread over the list lag"),
        pytest.param(Looks(99, 0, 99_999), None, False, id="only a person can say"),
    ],
)
def test_looks_are_believed_when_they_have_taken_long_enough(looks: Looks, wait: float | None, believed: bool) -> None:
    assert judge(looks, wait=wait, now=looks.last).believed is believed


def test_one_look_is_never_enough_even_where_nothing_is_waited_for() -> None:
    assert not judge(Looks(1, 0, 0), wait=0, lag=0, now=0).believed
    assert judge(Looks(2, 0, 0), wait=0, lag=0, now=0).believed


def test_what_is_believed_needs_no_further_look() -> None:
    assert judge(Looks(2, 0, 180), now=180) == Belief(believed=True, look_due=False)


def test_what_was_announced_takes_one_look() -> None:
    assert judge(Looks(1, 0, 0), now=0, announced=True) == Belief(believed=True, look_due=False, announced=True)
    assert judge(None, now=0, announced=True) == Belief(announced=True)


@pytest.mark.parametrize(
    ("looks", "wait", "lag", "due"),
    [
        pytest.param(Looks(1, 0, 0), 0.0, 60.0, 30, id="half of the list lag"),
        pytest.param(Looks(1, 0, 0), 600.0, 60.0, 100, id="a sixth of the wait, where that is longer"),
        pytest.param(Looks(1, 0, 0), None, 60.0, 30, id="half of the list lag, where there is no end"),
        pytest.param(Looks(1, 0, 0), None, 0.0, 0, id="at once, where there is nothing to wait for"),
        pytest.param(Looks(6, 10, 170), 180.0, 60.0, 190, id="when the time is over, where that is sooner"),
    ],
)
def test_the_next_look_is_due_after(looks: Looks, wait: float | None, lag: float, due: float) -> None:
    assert judge(looks, wait=wait, lag=lag, now=due) == Belief(look_due=True, seconds=0.0)
    assert judge(looks, wait=wait, lag=lag, now=due - 1) == Belief(look_due=False, seconds=1.0)
    assert judge(looks, wait=wait, lag=lag, now=due + 1) == Belief(look_due=True, seconds=0.0)


def test_it_is_looked_for_however_long_nobody_says_anything() -> None:
    assert judge(Looks(5, 0, 1000), wait=None, now=1030).look_due
