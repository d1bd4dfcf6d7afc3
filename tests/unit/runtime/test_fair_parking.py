"""Places that are shared fairly: nobody overtakes, and a crowd in one share holds up its own share alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from novita_operator.runtime.fair_parking import FairParking


@dataclass
class Street:
    """A parking for names such as `a/1`, whose first letter is the share; time is turned by hand."""

    count: int = 1
    now: float = 0.0
    woken: list[str] = field(default_factory=list)
    reserved: int = 0

    def __post_init__(self) -> None:
        self.parking: FairParking[str] = FairParking(
            self.count, self.woken.append, lambda who: who[0], lambda: self.now, reserved=self.reserved
        )

    def ask(self, *names: str) -> list[bool]:
        return [self.parking.try_take(name) for name in names]

    def serve_all(self) -> list[str]:
        """Each that is woken takes its place and gives it back, until nobody is woken any more."""
        before = len(self.woken)
        self.parking.give_back()
        while len(self.woken) > before:
            who, before = self.woken[before], before + 1
            assert self.parking.try_take(who)
            self.parking.give_back()
        return self.woken


def test_there_are_so_many_places_and_no_more() -> None:
    assert Street(count=2).ask("a/1", "a/2", "a/3") == [True, True, False]


def test_the_shares_get_places_by_turns_however_many_wait_in_one() -> None:
    street = Street()
    street.ask("a/0", *(f"a/{number}" for number in range(1, 5)), "b/1", "b/2", "c/1")

    assert street.serve_all() == ["a/1", "b/1", "c/1", "a/2", "b/2", "a/3", "a/4"]


def test_nobody_overtakes_whose_turn_it_is() -> None:
    street = Street()
    street.ask("a/0", "a/1")
    street.parking.give_back()

    assert street.ask("b/new", "a/1") == [False, True]


def test_a_place_is_not_kept_for_ever_for_one_that_does_not_come() -> None:
    street = Street()
    street.ask("a/0", "a/gone")
    street.parking.give_back()
    street.now = 5.0

    assert street.ask("b/1") == [True]


def test_whoever_asks_twice_waits_in_one_place() -> None:
    street = Street()
    street.ask("a/0", "a/1", "a/1", "a/2")

    assert street.serve_all() == ["a/1", "a/2"]


def test_what_was_kept_for_one_that_does_not_come_is_given_to_the_next_as_soon_as_anybody_asks() -> None:
    street = Street()
    street.ask("a/0", "a/gone", "a/2")
    street.parking.give_back()
    street.now = 5.0

    street.ask("b/1")

    assert street.woken == ["a/gone", "a/2"]


def test_whoever_leaves_the_line_frees_what_was_kept_for_it_at_once() -> None:
    street = Street()
    street.ask("a/0", "a/1", "b/2", "b/3")
    street.parking.give_back()

    street.parking.leave("b/2")
    street.parking.leave("a/1")

    assert street.woken == ["a/1", "b/3"]


def test_reserved_places_are_for_who_is_urgent() -> None:
    street = Street(count=3, reserved=1)

    assert street.ask("a/1", "a/2", "a/3") == [True, True, False]
    assert street.parking.try_take("b/end", urgent=True)
    assert not street.parking.try_take("b/end 2", urgent=True)


def test_who_is_urgent_goes_before_all_others() -> None:
    street = Street(count=2, reserved=1)
    street.ask("a/0", "a/1", "b/1")
    street.parking.try_take("a/end 1", urgent=True)
    street.parking.try_take("a/end 2", urgent=True)

    street.parking.give_back()
    street.parking.give_back()

    assert street.woken == ["a/end 2"]
    assert street.parking.try_take("a/end 2", urgent=True)
    street.parking.give_back()
    assert street.woken == ["a/end 2", "a/1"]


def test_who_comes_first_of_its_share_overtakes_its_own_share_alone() -> None:
    street = Street()
    street.ask("a/0", "b/1", "a/1", "a/2")
    street.parking.try_take("a/3", first=True)

    assert street.serve_all() == ["b/1", "a/3", "a/1", "a/2"]
