"""Looks in a row -> verdict."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_operator.probes.tally import Tally, Thresholds

_GOOD, _BAD, _WORSE = "", "port 22 refuses", "port 22 answers 502"


def _after(looks: list[str], start: Tally | None = None, *, success: int = 2, failure: int = 3) -> Tally:
    return reduce(lambda tally, probe: tally.after(probe, Thresholds(success, failure)), looks, start or Tally())


@pytest.mark.parametrize(
    ("looks", "reachable"),
    [
        ([], None),
        ([_GOOD], None),
        ([_GOOD, _GOOD], True),
        ([_BAD], False),
        ([_GOOD, _BAD], False),
        ([_BAD, _GOOD], False),
        ([_BAD, _GOOD, _GOOD], True),
        ([_GOOD, _GOOD, _BAD, _BAD], True),
        ([_GOOD, _GOOD, _BAD, _BAD, _BAD], False),
        ([_GOOD, _GOOD, _BAD, _BAD, _GOOD, _BAD, _BAD], True),
        ([_GOOD, _GOOD, _BAD, _WORSE, _BAD], False),
    ],
)
def test_so_many_looks_in_a_row_decide(looks: list[str], reachable: bool | None) -> None:
    assert _after(looks).reachable is reachable


def test_what_was_ready_before_the_first_look_stays_so_until_enough_have_failed() -> None:
    assumed = Tally(reachable=True)

    assert _after([_BAD, _BAD], assumed).reachable is True
    assert _after([_BAD, _BAD, _BAD], assumed).reachable is False


def test_another_complaint_is_told_once_it_lasts() -> None:
    assert _after([_BAD, _WORSE, _WORSE]).complaint == _BAD
    assert _after([_BAD, _WORSE, _WORSE, _WORSE]).complaint == _WORSE


def test_complaints_that_take_turns_are_no_news() -> None:
    first = _after([_BAD])

    assert _after([_WORSE, _BAD] * 10, first).decides_as(first)


@given(st.lists(st.sampled_from([_GOOD, _BAD, _WORSE])), st.integers(1, 4), st.integers(1, 4))
def test_the_last_looks_alone_decide_once_there_are_enough(looks: list[str], success: int, failure: int) -> None:
    tally = _after(looks, success=success, failure=failure)

    if len(looks) >= success and not any(looks[-success:]):
        assert tally.reachable is True
    if len(looks) >= failure and all(looks[-failure:]):
        assert tally.reachable is False
    assert bool(tally.complaint) == (tally.reachable is False)


@given(st.lists(st.sampled_from([_GOOD, _BAD])), st.integers(2, 4))
def test_a_single_bad_look_never_takes_ready_away(looks: list[str], failure: int) -> None:
    ready = _after([*looks, _GOOD], success=1, failure=failure)

    assert _after([_BAD], ready, success=1, failure=failure).reachable is True
