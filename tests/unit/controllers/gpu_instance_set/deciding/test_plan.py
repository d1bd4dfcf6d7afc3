"""What is decided for a set: how many instances, in which order they come and go, how old ones are replaced."""

from __future__ import annotations

import pytest
from tests.unit.controllers.gpu_instance_set import sets as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.controllers.gpu_instance_set.action import Make, Nothing, Remove, Step, Wait
from novita_operator.controllers.gpu_instance_set.deciding import plan
from novita_operator.controllers.gpu_instance_set.observing.observation import Observation


def decide(seen: Observation) -> Step:
    return plan.decide(seen, NOON)


def removed(step: Step) -> list[str]:
    assert isinstance(step, Remove)
    return [child.name for child in step.children]


# --- Too few --------------------------------------------------------------------------------------------------------


def test_the_first_instance_has_the_index_nought() -> None:
    assert decide(a.seen(a.a_set())) == Make("web-0")


def test_the_lowest_free_index_comes_next() -> None:
    assert decide(a.seen(a.a_set(), a.an_instance(0), a.an_instance(2))) == Make("web-1")


def test_a_name_that_belongs_to_somebody_else_is_left_out() -> None:
    assert decide(a.seen(a.a_set(), a.an_instance(0), taken=("web-1",))) == Make("web-2")


def test_an_instance_that_is_being_deleted_keeps_its_place_until_it_is_gone() -> None:
    assert decide(a.seen(a.a_set(replicas=2), a.an_instance(0), a.going(1))) == Wait()


def test_no_more_than_so_many_are_on_their_way_at_a_time() -> None:
    seen = a.seen(a.a_set(replicas=9, maxConcurrent=2), a.an_instance(0), a.starting(1), a.starting(2))

    assert decide(seen) == Wait()


@pytest.mark.parametrize(
    "other",
    [a.broken(2), a.starting(2, trouble=a.NO_STOCK), a.an_instance(2), a.an_instance(2, ready=False)],
    ids=["failed for good", "without stock", "Ready", "was Ready once"],
)
def test_one_that_is_not_on_its_first_way_to_ready_holds_no_other_one_back(other: a.Child) -> None:
    seen = a.seen(a.a_set(replicas=9, maxConcurrent=2), a.an_instance(0), a.starting(1), other)

    assert decide(seen) == Make("web-3")


def test_the_interval_counts_from_the_youngest_instance() -> None:
    seen = a.seen(a.a_set(createIntervalSeconds=5), a.an_instance(0, age=60), a.starting(1, age=2))

    # 5 s after its creation, and the second that the API server cuts off.
    assert decide(seen) == Wait(4.0)


def test_the_interval_counts_from_the_last_create_though_the_instance_is_gone() -> None:
    seen = a.seen(a.a_set(createIntervalSeconds=5, status={"lastCreatedAt": wire(ago(1))}))

    assert decide(seen) == Wait(5.0)


def test_a_clock_that_was_set_back_holds_the_set_back_for_the_interval_only() -> None:
    seen = a.seen(a.a_set(createIntervalSeconds=5, status={"lastCreatedAt": wire(ago(-86_400))}))

    assert decide(seen) == Wait(6.0)


def test_when_the_interval_is_over_the_next_one_is_made() -> None:
    assert decide(a.seen(a.a_set(createIntervalSeconds=5), a.starting(0, age=6))) == Make("web-1")


# --- Enough, or too many ----------------------------------------------------------------------------------------------


def test_a_set_that_is_as_wanted_is_left_alone() -> None:
    assert decide(a.seen(a.a_set(replicas=1), a.an_instance(0))) == Nothing()


def test_a_set_that_nobody_wants_instances_of_is_left_alone() -> None:
    assert decide(a.seen(a.a_set(replicas=0))) == Nothing()


def test_what_failed_for_good_is_left_for_a_person() -> None:
    assert decide(a.seen(a.a_set(replicas=2), a.an_instance(0), a.broken(1))) == Nothing()


@pytest.mark.parametrize("other", [a.starting(1), a.starting(1, trouble=a.NO_STOCK), a.an_instance(1, ready=False)])
def test_what_may_still_become_ready_is_waited_for(other: a.Child) -> None:
    assert decide(a.seen(a.a_set(replicas=2), a.an_instance(0), other)) == Wait()


def test_the_failed_the_not_ready_the_dearest_and_the_youngest_go_in_this_order() -> None:
    everyone = (
        a.an_instance(0, age=900),
        a.an_instance(1, age=800),
        a.an_instance(2, price="2.00"),
        a.starting(3),
        a.broken(4),
        a.an_instance(5, age=700),
    )

    orders = [removed(decide(a.seen(a.a_set(replicas=left), *everyone))) for left in range(6)]

    assert orders[0] == ["web-4", "web-3", "web-2", "web-5", "web-1", "web-0"]
    assert orders[1:] == [orders[0][: 6 - left] for left in range(1, 6)]


def test_of_those_that_are_as_wanted_the_ended_go_first_then_the_stopped_then_those_that_run() -> None:
    everyone = (a.an_instance(0), a.over(1), a.stopped(2), a.starting(3), a.broken(4))

    orders = [removed(decide(a.seen(a.a_set(replicas=left), *everyone))) for left in range(5)]

    assert orders[0] == ["web-4", "web-1", "web-3", "web-2", "web-0"]
    assert orders[1:] == [orders[0][: 5 - left] for left in range(1, 5)]


def test_what_spec_lifetime_has_ended_is_not_replaced_and_a_larger_set_gets_new_ones() -> None:
    ended = (a.over(0), a.over(1, reason="Stopped"))

    assert decide(a.seen(a.a_set(replicas=2), *ended)) == Nothing()
    assert decide(a.seen(a.a_set(replicas=3), *ended)) == Make("web-2")


def test_recreate_replaces_the_ended_of_an_older_template_before_those_that_run() -> None:
    renewing = a.a_set(replicas=2, updateStrategy={"type": "Recreate"})

    assert removed(decide(a.seen(renewing, a.an_instance(0, hashed=a.OLD), a.over(1, hashed=a.OLD)))) == ["web-1"]
    assert decide(a.seen(renewing, a.an_instance(0), a.over(1))) == Nothing()


def test_those_that_are_being_deleted_do_not_count_as_too_many() -> None:
    assert decide(a.seen(a.a_set(replicas=1), a.an_instance(0), a.going(1), a.going(2))) == Wait()


# --- A changed template -----------------------------------------------------------------------------------------------

RECREATE = {"updateStrategy": {"type": "Recreate", "maxUnavailable": 1}}


def test_on_delete_leaves_old_instances_alone() -> None:
    assert decide(a.seen(a.a_set(replicas=1), a.an_instance(0, hashed=a.OLD))) == Nothing()


def test_recreate_deletes_one_old_instance_at_a_time() -> None:
    olds = [a.an_instance(index, age=600 - index, hashed=a.OLD) for index in range(3)]

    step = decide(a.seen(a.a_set(**RECREATE), *olds))

    assert removed(step) == ["web-2"]
    assert isinstance(step, Remove)
    assert step.why == "Outdated"


@pytest.mark.parametrize(
    "third", [a.going(2), a.starting(2), a.broken(2), a.starting(2, trouble=a.NO_STOCK)],
    ids=["on its way out", "on its way in", "broken in its new form", "without stock"],
)  # fmt: skip
def test_the_next_old_one_is_kept_until_the_one_before_is_replaced_and_ready(third: a.Child) -> None:
    olds = [a.an_instance(index, hashed=a.OLD) for index in range(2)]

    assert not isinstance(decide(a.seen(a.a_set(**RECREATE), *olds, third)), Remove)


def test_the_next_old_one_goes_once_the_one_before_is_ready() -> None:
    olds = [a.an_instance(index, age=600 - index, hashed=a.OLD) for index in range(2)]

    assert removed(decide(a.seen(a.a_set(**RECREATE), *olds, a.an_instance(2)))) == ["web-1"]


def test_old_ones_that_are_not_ready_go_first_and_a_set_of_broken_ones_can_be_mended() -> None:
    olds = [a.an_instance(0, hashed=a.OLD), a.broken(1, hashed=a.OLD), a.broken(2, hashed=a.OLD)]

    assert removed(decide(a.seen(a.a_set(**RECREATE), *olds))) in (["web-1"], ["web-2"])


def test_as_many_old_ones_go_at_a_time_as_may_be_unavailable() -> None:
    strategy = {"updateStrategy": {"type": "Recreate", "maxUnavailable": 2}}
    olds = [a.an_instance(index, age=600 - index, hashed=a.OLD) for index in range(3)]

    assert removed(decide(a.seen(a.a_set(**strategy), *olds))) == ["web-2", "web-1"]


# --- Hands off --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [{"annotations": {"gpu.novita.ai/paused": "true"}}, {"deleting": True}, {"maxConcurrent": "many"}],
    ids=["paused", "being deleted", "unreadable"],
)
@pytest.mark.parametrize("replicas", [0, 9])
def test_nothing_is_made_or_deleted_while_the_set_is(parts: dict[str, object], replicas: int) -> None:
    assert decide(a.seen(a.a_set(replicas=replicas, **parts), a.an_instance(0), a.an_instance(1))) == Nothing()
