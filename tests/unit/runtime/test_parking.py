"""Bounded places: never overdrawn, and whoever finds none free is woken in turn."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.support.parts import Woken

from novita_operator.kube.cache import Key
from novita_operator.runtime.parking import Parking, Parkings

A, B, C = (Key("gpuinstances", "team", name) for name in "abc")


def test_no_more_than_so_many_hold_a_place() -> None:
    places = Parking(2, Woken())

    assert [places.try_take(A), places.try_take(B), places.try_take(C)] == [True, True, False]


def test_who_found_none_is_woken_in_turn() -> None:
    woken = Woken()
    places = Parking(1, woken)
    places.try_take(A)
    places.try_take(B)
    places.try_take(C)
    places.try_take(B)

    places.give_back()
    places.give_back()

    assert woken.keys == [B, C]


def test_who_was_woken_and_finds_none_waits_again() -> None:
    woken = Woken()
    places = Parking(1, woken)
    places.try_take(A)
    places.try_take(B)
    places.give_back()
    places.try_take(C)

    assert not places.try_take(B)

    places.give_back()
    assert woken.keys == [B, B]


def test_who_has_taken_one_is_not_woken_for_it() -> None:
    woken = Woken()
    places = Parking(1, woken)
    places.try_take(A)
    places.try_take(B)
    places.give_back()
    places.try_take(B)

    places.give_back()

    assert woken.keys == [B]


@settings(max_examples=100)
@given(st.integers(1, 4), st.lists(st.sampled_from(["a", "b", "c", "d", "back"]), max_size=60))
def test_places_are_never_overdrawn_and_nobody_waits_beside_a_free_one(count: int, steps: list[str]) -> None:
    woken = Woken()
    places, taken = Parking(count, woken), 0
    waiting: set[str] = set()
    for step in steps:
        if step != "back":
            got = places.try_take(Key("k", "", step))
            taken += got
            waiting.discard(step)
            if not got:
                waiting.add(step)
        elif taken:
            before = len(woken.keys)
            places.give_back()
            taken -= 1
            assert len(woken.keys) == before + bool(waiting)
            waiting -= {key.name for key in woken.keys[before:]}
        assert taken <= count


def test_a_full_place_wakes_who_waits_in_the_order_of_coming() -> None:
    woken: list[str] = []
    places: Parkings[str, str] = Parkings(1, woken.append)

    taken = [places.try_take("slow", who) for who in ("a", "b", "c")]
    elsewhere = places.try_take("fast", "d")
    places.give_back("slow")
    places.give_back("fast")

    assert taken == [True, False, False]
    assert elsewhere
    assert woken == ["b"]
    assert places.try_take("slow", "b")
