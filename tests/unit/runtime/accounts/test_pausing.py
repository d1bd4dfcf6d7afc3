"""What Novita refuses for the account: one tries for all, by turns and ever more rarely, unless something may help."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from tests.unit.support.parts import HandClock, Woken

from novita_operator.kube.cache import Key
from novita_operator.novita import errors
from novita_operator.runtime.accounts.pause import Need
from novita_operator.runtime.accounts.pausing import Pauses

A, B, C = (Key("gpuinstances", "team", name) for name in "abc")
OTHER = Key("gpuinstances", "other", "d")
RENT = Need("rent", "4090", "RTX 4090 24GB", "AS-SGP-02", "OnDemand", 1, Decimal("0.35"), "as-sgp-2")
POOR = errors.InsufficientBalance("balance not enough", status=400, reason="BALANCE_NOT_ENOUGH")


def full(message: str = "limit reached", reason: str = "CREATE_INSTANCE_LIMIT") -> errors.QuotaExceeded:
    return errors.QuotaExceeded(message, status=400, reason=reason)


@dataclass
class Scene:
    """Pauses of 10 s, 20 s, … up to 60 s."""

    clock: HandClock = field(default_factory=HandClock)
    woken: Woken = field(default_factory=Woken)

    def __post_init__(self) -> None:
        self.pauses = Pauses(10.0, 60.0, self.clock, self.woken)

    def tries(self, who: Key, need: Need = RENT, request: str | None = None) -> bool:
        return self.pauses.admit(who, need, request) is None

    def refuse(self, who: Key, need: Need = RENT, error: errors.NovitaError = POOR) -> None:
        self.pauses.refused(who, need, error)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_after_a_refusal_the_others_wait_and_one_of_them_tries_when_it_is_time(scene: Scene) -> None:
    scene.refuse(A)
    assert [scene.tries(who) for who in (B, C)] == [False, False]

    scene.clock.turned += 10

    assert [scene.tries(who) for who in (C, A, B, C)] == [False, True, False, False]


def test_each_refusal_of_the_one_that_tries_doubles_the_pause_up_to_the_longest(scene: Scene) -> None:
    scene.refuse(A)
    waits = []
    for _ in range(4):
        due = next(iter(scene.pauses.standing())).next_at
        waits.append((due - scene.clock.now()).total_seconds())
        scene.clock.turned += waits[-1]
        assert scene.tries(A)
        scene.refuse(A)

    assert waits == [10, 20, 40, 60]


def test_calls_that_were_under_way_at_the_refusal_lengthen_and_lift_nothing(scene: Scene) -> None:
    scene.refuse(A)

    scene.refuse(B)
    scene.pauses.succeeded(C)

    (standing,) = scene.pauses.standing()
    assert (standing.next_at - scene.clock.now()).total_seconds() == 10
    assert not scene.tries(C)


def test_a_success_of_the_one_that_tries_wakes_all(scene: Scene) -> None:
    scene.refuse(A)
    for who in (B, C):
        scene.tries(who)
    scene.clock.turned += 10
    assert scene.tries(A)

    scene.pauses.succeeded(A)

    assert set(scene.woken.keys) == {B, C}
    assert [scene.tries(who) for who in (B, C)] == [True, True]


def test_one_that_stepped_aside_after_its_refusal_goes_on_with_the_others(scene: Scene) -> None:
    scene.refuse(A)
    scene.tries(B)
    assert scene.pauses.step_aside(A) is not None
    scene.clock.turned += 10
    assert scene.tries(B)

    scene.pauses.succeeded(B)

    assert scene.woken.keys[-1] == A
    assert scene.pauses.step_aside(A) is None


def test_one_that_learns_nothing_gives_its_turn_to_the_next(scene: Scene) -> None:
    scene.refuse(A)
    scene.tries(B)
    scene.clock.turned += 10
    assert scene.tries(A)

    scene.pauses.settle(A)

    assert scene.woken.keys == [B]
    assert scene.tries(B)


def test_the_namespaces_try_by_turns(scene: Scene) -> None:
    scene.refuse(A)
    for who in (B, C, OTHER):
        scene.tries(who)

    order = []
    for _ in range(3):
        scene.pauses.hasten()
        order.append(scene.woken.keys[-1])
        assert scene.tries(order[-1])
        scene.refuse(order[-1])

    assert order == [A, OTHER, B]


def test_a_turn_that_nobody_takes_goes_to_the_next_that_comes(scene: Scene) -> None:
    scene.refuse(A)
    scene.tries(B)

    scene.clock.turned += 10 + 1

    assert scene.tries(B)


def test_a_persons_request_on_an_object_tries_at_once(scene: Scene) -> None:
    scene.refuse(A)
    scene.tries(B, request="old")

    assert not scene.tries(B, request="old")
    assert scene.tries(B, request="new")


def test_a_persons_request_on_the_account_lets_the_first_try_and_an_old_one_does_not(scene: Scene) -> None:
    scene.pauses.requested("old")
    scene.refuse(A)
    scene.pauses.requested("old")
    assert scene.woken.keys == []

    scene.pauses.requested("new")

    assert scene.woken.keys == [A]
    assert scene.tries(A)


def test_what_frees_an_instance_helps_a_quota_and_no_balance(scene: Scene) -> None:
    scene.refuse(A)

    scene.pauses.hasten("quota")

    assert not scene.tries(A)
    scene.pauses.hasten("balance")
    assert scene.tries(A)


def test_what_costs_less_than_what_was_refused_is_not_held_up(scene: Scene) -> None:
    dear = replace(RENT, gpus=8, price=Decimal("2.80"))
    scene.refuse(A, dear)

    assert scene.tries(B)
    assert not scene.tries(C, dear)


def test_a_smaller_one_tries_at_once_where_a_bigger_one_was_refused_in_its_turn(scene: Scene) -> None:
    dear = replace(RENT, price=Decimal("2.80"))
    scene.refuse(A)
    assert [scene.tries(OTHER, dear), scene.tries(B)] == [False, False]
    scene.clock.turned += 10
    assert scene.tries(A)
    scene.refuse(A)
    scene.clock.turned += 20
    assert scene.tries(OTHER, dear)

    scene.refuse(OTHER, dear)

    assert scene.woken.keys[-1] in {A, B}
    assert scene.tries(scene.woken.keys[-1])
    scene.pauses.succeeded(scene.woken.keys[-1])
    assert scene.tries(C)


def test_a_bigger_one_costs_the_smaller_ones_no_longer_pauses(scene: Scene) -> None:
    dear = replace(RENT, price=Decimal("2.80"))
    scene.refuse(A)
    assert not scene.tries(OTHER, dear)
    for _ in range(2):
        scene.clock.turned += 60
        assert scene.tries(OTHER, dear)
        scene.refuse(OTHER, dear)
        assert scene.tries(A)
        scene.refuse(A)

    (standing,) = scene.pauses.standing()
    assert (standing.next_at - scene.clock.now()).total_seconds() == 40


def test_who_was_refused_what_another_then_got_pauses_nobody_for_a_while(scene: Scene) -> None:
    scene.refuse(A)
    assert not scene.tries(C)
    scene.clock.turned += 10
    assert scene.tries(A)
    scene.refuse(A)
    scene.clock.turned += 20
    assert scene.tries(C)
    scene.pauses.succeeded(C)

    scene.refuse(A)

    assert [scene.tries(who) for who in (A, B, C)] == [True, True, True]
    scene.refuse(B)
    assert not scene.tries(C)


def test_who_was_refused_before_a_person_paid_in_is_believed_afterwards(scene: Scene) -> None:
    scene.refuse(A)
    assert not scene.tries(B)
    scene.pauses.hasten("balance")
    scene.clock.turned += 2
    assert scene.tries(B)
    scene.pauses.succeeded(B)

    scene.refuse(A)

    assert not scene.tries(C)


@pytest.mark.parametrize(
    ("error", "held"),
    [
        (POOR, {"product", "region", "billing"}),
        (full(), {"region", "billing"}),
        (full("quota of your account is used up"), {"product", "region", "billing"}),
        (full("no", "CREATE_GPU_NUM_LIMIT"), {"product", "region", "billing"}),
        (full("your account's quota for RTX 4090 24GB is used up"), {"region", "billing"}),
        (full("user quota exceeded for 4090"), {"region", "billing"}),
        (full("quota exceeded in this region"), {"billing"}),
        (full("the account's spot quota is used up"), {"product", "region"}),
        (full("the account's quota in as-sgp-2 is used up"), {"product", "billing"}),
        (errors.OutOfCapacity("sold out"), set()),
        (errors.Invalid("no"), set()),
    ],
)
def test_a_refusal_holds_up_what_its_words_speak_of(scene: Scene, error: errors.NovitaError, held: set[str]) -> None:
    others = {
        "product": replace(RENT, product="3090", product_name="RTX 3090 24GB"),
        "region": replace(RENT, region="US-CA-06", cluster_id="us-ca-6"),
        "billing": replace(RENT, billing="Spot"),
        "step": replace(RENT, step="start"),
    }
    scene.refuse(A, error=error)

    assert {what for what, need in others.items() if not scene.tries(B, need)} == held


def test_one_that_is_gone_is_in_nobodys_way_and_a_pause_that_nobody_waits_for_ends(scene: Scene) -> None:
    scene.refuse(A)
    scene.tries(B)
    scene.pauses.forget(A)
    scene.clock.turned += 10
    assert scene.tries(B)
    scene.pauses.settle(B)
    scene.pauses.forget(B)

    scene.clock.turned += 200

    assert list(scene.pauses.standing()) == []


def test_an_object_alone_is_not_promised_a_try_before_its_own_settles(scene: Scene) -> None:
    waiting = scene.pauses.refused(A, RENT, POOR, 45.0)

    assert waiting is not None
    assert (waiting.next_at - scene.clock.now()).total_seconds() == 45


@pytest.mark.parametrize("ends", ["refused", "succeeded", "settled"])
def test_one_that_goes_while_it_tries_for_all_leaves_the_next_turn_to_another(scene: Scene, ends: str) -> None:
    scene.refuse(A)
    scene.tries(B)
    scene.clock.turned += 10
    assert scene.tries(A)
    scene.pauses.forget(A)

    match ends:
        case "refused":
            scene.refuse(A)
        case "succeeded":
            scene.pauses.succeeded(A)
    scene.pauses.settle(A)
    scene.clock.turned += 20

    assert scene.tries(B)


def test_a_namespace_that_was_refused_what_another_got_pauses_nobody_but_itself(scene: Scene) -> None:
    hostile = [Key("gpuinstances", "hostile", f"h-{number}") for number in range(4)]
    scene.refuse(hostile[0])
    assert not scene.tries(A)
    scene.clock.turned += 10 + 1  # the one that was refused does not come
    assert scene.tries(A)
    scene.pauses.succeeded(A)

    scene.refuse(hostile[1])

    assert [scene.tries(who) for who in (A, B, OTHER)] == [True, True, True]
    assert [scene.tries(who) for who in hostile[2:]] == [False, False]
    (standing,) = scene.pauses.standing()
    assert standing.scope.namespace == "hostile"
    scene.clock.turned += 10
    assert [scene.tries(who) for who in hostile[1:]] == [True, False, False]


def test_a_namespace_is_believed_again_after_a_while(scene: Scene) -> None:
    scene.refuse(OTHER)
    scene.clock.turned += 10 + 1  # the one that was refused does not come
    assert scene.tries(A)
    scene.pauses.succeeded(A)
    scene.clock.turned += 601

    scene.refuse(OTHER)

    assert not scene.tries(A)


def test_two_of_one_namespace_say_nothing_against_it(scene: Scene) -> None:
    scene.refuse(A)
    scene.clock.turned += 10 + 1  # the one that was refused does not come
    assert scene.tries(B)
    scene.pauses.succeeded(B)

    scene.refuse(C)

    assert not scene.tries(OTHER)


def test_after_a_restart_one_finds_out_for_all_what_is_still_refused(scene: Scene) -> None:
    scene.pauses.recall("balance", scene.clock.now())
    start = replace(RENT, step="start")

    assert [scene.tries(A), scene.tries(B), scene.tries(C, start), scene.tries(OTHER)] == [True, False, False, False]
    scene.refuse(A)

    assert set(scene.woken.keys) == {B, C, OTHER}
    assert [scene.tries(B), scene.tries(C, start), scene.tries(OTHER)] == [False, True, False]
    (standing,) = scene.pauses.standing()
    assert (standing.scope.step, standing.least) == ("rent", RENT.price)


def test_after_a_restart_all_go_on_when_the_first_one_succeeds(scene: Scene) -> None:
    scene.pauses.recall("quota", scene.clock.now())
    assert [scene.tries(A), scene.tries(B)] == [True, False]

    scene.pauses.succeeded(A)

    assert scene.woken.keys == [B]
    assert scene.tries(B)


def test_after_a_restart_one_that_is_refused_for_itself_alone_leaves_it_to_the_next(scene: Scene) -> None:
    scene.pauses.recall("balance", scene.clock.now())
    assert [scene.tries(A), scene.tries(B), scene.tries(C)] == [True, False, False]

    scene.refuse(A, error=errors.Invalid("no"))
    scene.pauses.settle(A)

    assert scene.woken.keys == [B]
    assert [scene.tries(B), scene.tries(C)] == [True, False]


def test_what_was_refused_before_a_restart_and_nobody_waits_for_is_told_no_longer(scene: Scene) -> None:
    scene.pauses.recall("balance", scene.clock.now())
    assert len(list(scene.pauses.standing())) == 1

    scene.clock.turned += 121

    assert list(scene.pauses.standing()) == []


def test_news_that_comes_during_a_try_is_followed_by_another_try_at_once(scene: Scene) -> None:
    scene.refuse(A)
    assert not scene.tries(B)
    scene.clock.turned += 10
    assert scene.tries(A)
    scene.pauses.hasten("balance")

    scene.refuse(A)

    assert scene.woken.keys == [B]
    assert scene.tries(B)
    scene.refuse(B)
    assert [scene.tries(who) for who in (A, B, C)] == [False, False, False]
