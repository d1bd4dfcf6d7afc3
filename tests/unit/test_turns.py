"""A line by shares: each share as it came, those that go first before the others of theirs, the shares by turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_operator.turns import Turns


def a_line(*names: str) -> Turns[str]:
    """`a1` is of share a; `a1!` goes before the others of it."""
    turns: Turns[str] = Turns(lambda who: who[0])
    for name in names:
        turns.add(name.rstrip("!"), first=name.endswith("!"))
    return turns


def served(turns: Turns[str]) -> list[str]:
    names = []
    while turns:
        names.append(turns.next())
    return names


@pytest.mark.parametrize(
    ("came", "are_served"),
    [
        (["a1", "a2", "b1"], ["a1", "b1", "a2"]),
        (["a1", "a2", "a3!", "a4!"], ["a3", "a4", "a1", "a2"]),
        (["a1", "a2", "b1", "b2!"], ["a1", "b2", "a2", "b1"]),
        (["a1", "a2", "a2!"], ["a2", "a1"]),
        (["a1!", "a2!", "a1", "a1!"], ["a1", "a2"]),
    ],
)
def test_who_goes_first_does_so_in_its_share_alone_and_as_it_came(came: list[str], are_served: list[str]) -> None:
    assert served(a_line(*came)) == are_served


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123"), st.sampled_from(["", "!", "-"]))))
def test_each_is_served_once_unless_it_went_away(steps: list[tuple[str, str, str]]) -> None:
    turns, waiting = a_line(), set()
    for share, number, step in steps:
        who = share + number
        if step == "-":
            turns.forget(who)
            waiting.discard(who)
        else:
            turns.add(who, first=step == "!")
            waiting.add(who)

    assert sorted(served(turns)) == sorted(waiting)
