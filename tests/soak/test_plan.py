"""A seed decides everything that is chosen."""

from __future__ import annotations

from itertools import islice

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
