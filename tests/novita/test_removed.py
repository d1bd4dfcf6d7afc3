"""A total beyond the list: what was seen to go explains it; an empty list takes a minute."""

from __future__ import annotations

from tests.novita.clocks import TurnedClock

from novita_operator.novita.removed import Removed


def test_a_total_counts_no_more_than_what_was_seen_to_go() -> None:
    removed = Removed(TurnedClock())
    removed.goes("i-1")

    assert removed.explain(["i-1", "i-2"], 2)
    assert removed.explain(["i-2"], 2)
    assert not removed.explain([], 2)


def test_what_was_accepted_once_counts_from_then_on() -> None:
    removed = Removed(TurnedClock())
    removed.accept(["i-1"], 7)

    assert removed.explain(["i-1", "i-2"], 8)
    assert not removed.explain(["i-1"], 8)


async def test_an_empty_list_is_believed_after_a_minute_of_nothing_else() -> None:
    clock = TurnedClock()
    removed = Removed(clock)

    assert not removed.is_believable([])
    await clock.advance(59)
    assert not removed.is_believable([])
    assert removed.is_believable(["i-1"])
    assert not removed.is_believable([])
    await clock.advance(60)
    assert removed.is_believable([])
