"""Rented again and again: too often freezes, and only a person thaws."""

from __future__ import annotations

from novita_operator.runtime.accounts.money_breaker import MoneyBreaker


def _repeats(breaker: MoneyBreaker, count: int, at: float = 0.0) -> list[bool]:
    return [_rent_again(breaker, at + number) for number in range(count)]


def _rent_again(breaker: MoneyBreaker, at: float) -> bool:
    admitted = breaker.admits(repeated=True, monotonic=at)
    if admitted:
        breaker.count(at)
    return admitted


def test_first_creates_never_count() -> None:
    breaker = MoneyBreaker(most=1, window=600)

    assert all(breaker.admits(repeated=False, monotonic=number) for number in range(100))


def test_one_too_many_freezes_every_create() -> None:
    breaker = MoneyBreaker(most=3, window=600)

    assert _repeats(breaker, 4) == [True, True, True, False]
    assert not breaker.admits(repeated=False, monotonic=10_000)


def test_calls_that_cost_nothing_never_count() -> None:
    """What was never sent, or refused: a starved machine or an outage of minutes makes hundreds of them."""
    breaker = MoneyBreaker(most=1, window=600)

    assert all(breaker.admits(repeated=True, monotonic=number) for number in range(100))


def test_what_lies_outside_the_window_is_forgotten() -> None:
    breaker = MoneyBreaker(most=3, window=600)
    _repeats(breaker, 3)

    assert _rent_again(breaker, 600)
    assert not breaker.admits(repeated=True, monotonic=600.5)


def test_a_thawed_breaker_counts_anew() -> None:
    breaker = MoneyBreaker(most=2, window=600)
    _repeats(breaker, 3)

    breaker.thaw()

    assert _repeats(breaker, 3, at=3) == [True, True, False]
