"""Conditions are calm: a transition time moves only when the status of its condition flips."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.support.builders import NOON

from novita_operator.api import conditions
from novita_operator.api.conditions import MESSAGE_CHARS, Condition


def a_condition(
    kind: str = "Ready", status: Any = "True", *, reason: str = "R", message: str = "M", at: int = 0
) -> Condition:
    moment = NOON + timedelta(seconds=at)
    return Condition(type=kind, status=status, reason=reason, message=message, last_transition_time=moment)


def test_a_new_condition_has_its_own_time() -> None:
    assert conditions.merge([], [a_condition(at=5)]) == (a_condition(at=5),)


def test_the_time_stays_while_the_status_does_whatever_else_changes() -> None:
    old = a_condition(reason="Old", message="old")
    new = a_condition(reason="New", message="new", at=5)

    (merged,) = conditions.merge([old], [new])

    assert (merged.reason, merged.message) == ("New", "new")
    assert merged.last_transition_time == old.last_transition_time


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_the_time_moves_when_the_status_flips(status: str) -> None:
    (merged,) = conditions.merge([a_condition()], [a_condition(status=status, at=5)])

    assert merged.last_transition_time == NOON + timedelta(seconds=5)


def test_a_condition_that_is_no_longer_told_is_gone() -> None:
    assert conditions.merge([a_condition("Stalled"), a_condition()], [a_condition()]) == (a_condition(),)


def test_the_order_is_that_of_the_new_ones() -> None:
    merged = conditions.merge([a_condition("B"), a_condition("A")], [a_condition("A"), a_condition("B")])

    assert [condition.type for condition in merged] == ["A", "B"]


def test_a_condition_is_found_by_its_type() -> None:
    known = [a_condition("A"), a_condition("B")]

    assert conditions.find(known, "B") == known[1]
    assert conditions.find(known, "C") is None


def test_a_long_message_is_cut_and_not_refused() -> None:
    cut = a_condition(message="x" * (MESSAGE_CHARS + 1)).message

    assert len(cut) == MESSAGE_CHARS
    assert cut.endswith("x…")
    assert a_condition(message="x" * MESSAGE_CHARS).message == "x" * MESSAGE_CHARS


def test_times_are_written_as_kubernetes_does() -> None:
    moment = (NOON + timedelta(microseconds=999)).astimezone()

    wire = a_condition().model_copy(update={"last_transition_time": moment}).to_wire()

    assert wire["lastTransitionTime"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize("wrong", [{"status": "Maybe"}, {"reason": "x" * 129}, {"observedGeneration": -1}])
def test_what_kubernetes_would_refuse_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(a_condition().to_wire() | wrong)


CONDITIONS = st.lists(
    st.builds(
        a_condition,
        st.sampled_from(["Ready", "Synced", "Stalled"]),
        st.sampled_from(["True", "False", "Unknown"]),
        reason=st.sampled_from(["A", "B"]),
        at=st.integers(0, 100),
    ),
    max_size=3,
    unique_by=lambda condition: condition.type,
)


@given(CONDITIONS, CONDITIONS)
def test_merging_twice_is_merging_once(old: list[Condition], new: list[Condition]) -> None:
    once = conditions.merge(old, new)

    assert conditions.merge(once, new) == once
    assert conditions.merge(old, once) == once


@given(CONDITIONS, CONDITIONS)
def test_merging_changes_no_status_and_no_words(old: list[Condition], new: list[Condition]) -> None:
    merged = conditions.merge(old, new)

    assert [(c.type, c.status, c.reason, c.message) for c in merged] == [
        (c.type, c.status, c.reason, c.message) for c in new
    ]


@given(CONDITIONS)
def test_a_condition_survives_the_wire(known: list[Condition]) -> None:
    assert [Condition.model_validate(condition.to_wire()) for condition in known] == known
