"""Absence takes time: when an instance that nothing shows counts as gone."""

from __future__ import annotations

import pytest

from novita_operator.controllers.gpu_instance.policies import belief
from novita_operator.controllers.gpu_instance.policies.belief import Belief, Looks

LAG = 60.0


def judge(looks: Looks | None, *, now: float, wait: float | None = 180.0, announced: bool = False) -> Belief:
    return belief.judge(looks, announced=announced, wait=wait, lag=LAG, now=now)


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


def test_what_was_announced_takes_one_look() -> None:
    assert judge(Looks(1, 0, 0), now=0, announced=True).believed
    assert not judge(None, now=0, announced=True).believed


def test_looks_are_spaced_and_the_last_one_comes_when_the_time_is_over() -> None:
    assert not judge(Looks(1, 0, 0), now=29).look_due
    assert judge(Looks(1, 0, 0), now=30).look_due
    assert judge(Looks(6, 0, 170), now=180).look_due
    assert judge(Looks(1, 0, 0), now=10).seconds == 20


def test_it_is_looked_for_however_long_nobody_says_anything() -> None:
    assert judge(Looks(5, 0, 1000), wait=None, now=1030).look_due
