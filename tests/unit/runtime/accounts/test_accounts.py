"""What a process knows of its accounts: offers left alone for a while, polls in one row of numbers."""

from __future__ import annotations

from tests.unit.support.parts import an_account

from novita_operator.kube.cache import Key
from novita_operator.runtime.accounts.capacity import CapacityMemory
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.tenancy.allowance import Selected

A, B, C = (Key("gpuinstances", "team", name) for name in "abc")


# --- Offers without stock -------------------------------------------------------------------------------------------


def test_an_offer_without_stock_is_left_alone_for_a_while() -> None:
    memory = CapacityMemory(seconds=180)
    memory.remember("p", "CN-HK-01", "OnDemand", 1000)

    assert memory.exhausted(1179.9) == {("p", "CN-HK-01", "OnDemand")}
    assert memory.exhausted(1180) == frozenset()


def test_a_second_refusal_begins_the_while_anew() -> None:
    memory = CapacityMemory(seconds=180)
    memory.remember("p", "r", "Spot", 1000)
    memory.remember("p", "r", "Spot", 1100)

    assert memory.exhausted(1200) == {("p", "r", "Spot")}


def test_the_next_look_is_due_when_the_first_of_them_may_be_tried_again() -> None:
    memory = CapacityMemory(seconds=180)
    memory.remember("p", "r", "Spot", 1000)
    memory.remember("q", "r", "Spot", 1100)

    assert memory.retry_in(1100) == 80
    assert memory.retry_in(1190) == 0
    memory.exhausted(1190)
    assert memory.retry_in(1190) == 90


def test_nothing_to_wait_for_is_no_wait() -> None:
    assert CapacityMemory(seconds=180).retry_in(1000) == 0


# --- One account ----------------------------------------------------------------------------------------------------


def test_without_a_list_every_namespace_is_admitted() -> None:
    assert an_account().allowance("whoever").admitted


def test_an_empty_list_admits_nobody() -> None:
    assert not an_account(spec={"namespaces": {}}).allowance("team").admitted


def test_a_namespace_is_admitted_by_name_or_by_label() -> None:
    account = an_account(spec={"namespaces": {"names": ["a"]}})
    account.selected = Selected(frozenset({"b"}))

    assert [account.allowance(name).admitted for name in ("a", "b", "c")] == [True, True, False]


def test_the_account_is_moving_while_any_object_is() -> None:
    account = an_account()
    account.set_moving(A, moving=True)
    account.set_moving(B, moving=True)
    account.set_moving(A, moving=False)
    assert account.moving

    account.set_moving(B, moving=False)
    account.set_moving(C, moving=False)

    assert not account.moving


def test_each_object_is_woken_once_by_the_next_poll() -> None:
    account = an_account()
    for key in (A, B, A):
        account.wake_after_poll(key)

    assert account.take_waiting() == {A, B}
    assert account.take_waiting() == frozenset()


_STOCK = ("RTX 4090 24GB", "Spot", 8)


def test_a_catalogue_that_has_none_is_believed_for_a_while_and_then_tried_by_one() -> None:
    memory = CapacityMemory(seconds=180)

    asked = {at: memory.doubts(_STOCK, at) for at in (0, 180, 359, 360, 361, 719, 720)}

    assert [at for at, doubts in asked.items() if doubts] == [360, 720]


def test_a_none_after_some_were_there_is_believed_again_and_each_kind_of_stock_by_itself() -> None:
    memory = CapacityMemory(seconds=180)
    memory.doubts(_STOCK, 0)

    assert not memory.doubts(("RTX 4090 24GB", "OnDemand", 8), 360)
    assert not memory.doubts(_STOCK, 1000)
    assert memory.doubts(_STOCK, 1360)


def test_what_was_had_in_spite_of_a_none_lets_the_next_one_try_at_once() -> None:
    memory = CapacityMemory(seconds=180)
    memory.doubts(_STOCK, 0)

    memory.disproved(_STOCK, 10)

    assert (memory.doubts(_STOCK, 11), memory.doubts(_STOCK, 12)) == (True, False)


def test_a_poll_may_be_asked_for_earlier_and_never_put_off() -> None:
    account = an_account()
    account.poll_due = 100
    account.poll_by(50)
    account.poll_by(200)

    assert account.poll_due == 50


# --- All accounts ---------------------------------------------------------------------------------------------------


def test_accounts_are_found_by_name_until_they_are_removed() -> None:
    accounts, account = Accounts(), an_account("a")
    accounts.put(account)

    assert accounts.find("a") is account
    assert list(accounts) == [account]
    assert accounts.remove("a") is account
    assert accounts.remove("a") is None
    assert accounts.find("a") is None


def test_accounts_may_be_removed_while_they_are_gone_through() -> None:
    accounts = Accounts()
    for name in ("a", "b"):
        accounts.put(an_account(name))

    for account in accounts:
        accounts.remove(account.name)

    assert list(accounts) == []


def test_polls_of_all_accounts_are_numbered_in_one_row() -> None:
    accounts, one, other = Accounts(), an_account("a"), an_account("b")

    numbers = [accounts.begin_poll(account) for account in (one, other, one)]

    assert numbers == sorted(set(numbers))
    assert (one.polls_begun, other.polls_begun) == (numbers[2], numbers[1])


def test_an_instance_name_belongs_to_the_object_that_claims_it() -> None:
    accounts = Accounts()
    accounts.claim_for("uid-a", "nvo-x", A)
    accounts.claim_for("uid-b", "nvo-y", B)

    accounts.release("uid-a")
    accounts.release("uid-unknown")

    assert accounts.claims == {"nvo-y": B}


def test_an_object_whose_name_becomes_another_one_has_only_that() -> None:
    accounts = Accounts()
    accounts.claim_for("uid-a", "nvo-x", A)

    accounts.claim_for("uid-a", "nvo-z", A)

    assert accounts.claims == {"nvo-z": A}


def test_instances_under_another_cluster_id_are_told_of_by_account_and_number() -> None:
    renamed = Accounts().renamed
    renamed.see("uid-a", "default", "aaaabbbb")
    renamed.see("uid-b", "default", "aaaabbbb")

    said = renamed.explain("default", "ccccdddd") or ""

    assert all(word in said for word in ("is ccccdddd", "2 objects carry aaaabbbb", "FORMER_CLUSTER_IDS=aaaabbbb"))
    assert (renamed.explain("another", "ccccdddd"), renamed.among("another")) == (None, False)
    renamed.see("uid-a", "default", None)
    renamed.forget("uid-b")
    assert renamed.explain("default", "ccccdddd") is None
