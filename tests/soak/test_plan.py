"""A seed decides everything that is chosen."""

from __future__ import annotations

from itertools import islice

import pytest
from tests.soak import plan


def test_the_same_seed_makes_the_same_choices_and_another_one_makes_others() -> None:
    one, again, other = (list(islice(plan.steps(seed, 40), 200)) for seed in (1, 1, 2))

    assert one == again
    assert one != other


def test_every_deed_is_done_and_only_to_objects_that_it_fits() -> None:
    chosen = list(islice(plan.steps(1, 40), 5000))

    assert {step.deed for step in chosen} == set(plan.DEEDS)
    assert {plan.kind_of(step.number) for step in chosen if step.deed == "scale"} == {"set"}
    assert {plan.kind_of(step.number) for step in chosen if step.deed == "reclaim"} == {"spot"}
    assert {plan.kind_of(step.number) for step in chosen if step.deed == "program ends"} == {"job"}


def test_ten_objects_are_of_every_kind() -> None:
    assert {plan.kind_of(number) for number in range(10)} == {"instance", "spot", "schedule", "set", "job"}


@pytest.mark.parametrize("objects", [10, 40, 200])
def test_the_operator_is_killed_about_once_a_minute_however_many_objects_there_are(objects: int) -> None:
    minutes = 100

    chosen = list(islice(plan.steps(1, objects), objects * minutes))

    kills = sum(step.deed == "kill operator" for step in chosen)
    assert minutes / 2 < kills < minutes * 2
