"""What an account's status says: whether its key works, what is left, and what somebody has to look at."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api.novita_account.reasons import Reason
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.novita_account.status import Creates, Orphan
from novita_operator.controllers.novita_account.garbagecollection.orphans import Brake
from novita_operator.controllers.novita_account.polling.census import Census
from novita_operator.controllers.novita_account.reporting import status
from novita_operator.controllers.novita_account.reporting.status import Facts
from novita_operator.reconciling.account_health import (
    Health,
    Healthy,
    KeyMissing,
    KeyRejected,
    NotPolled,
    Unreachable,
)

CENSUS = Census(managed=3, foreign=2, unclaimed=(), price_per_hour=Decimal("1.05"))
ORPHAN = Orphan(id="i-9", name="nvo-abcdefgh-zzzz", price_per_hour="0.35", first_seen=ago(600))


def an_account(
    spec: dict[str, Any] | None = None,
    known: dict[str, Any] | None = None,
    *,
    deleting: bool = False,
    generation: int = 1,
) -> NovitaAccount:
    metadata = {
        "name": "default",
        "uid": "u-1",
        "generation": generation,
        "creationTimestamp": wire(ago(3600)),
    } | ({"deletionTimestamp": wire(ago(5))} if deleting else {})
    return NovitaAccount.parse({"metadata": metadata, "spec": spec or {}, "status": known or {}})


def healthy(**facts: Any) -> Facts:
    return Facts(health=Healthy(), **({"polled_at": NOON, "balance": Decimal("21.006"), "census": CENSUS} | facts))


def report(facts: Facts, later: float = 0, **account: Any) -> dict[str, Any]:
    return status.report(an_account(**account), facts, NOON + timedelta(seconds=later))


def conditions(found: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: f"{each['status']}/{each['reason']}" for each in found["conditions"]}


def text_of(found: dict[str, Any], kind: str) -> str:
    return next(str(each["message"]) for each in found["conditions"] if each["type"] == kind)


# --- Health ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "ready", "valid"),
    [
        (Healthy(), "True/Ready", "True/Ready"),
        (NotPolled(), "Unknown/NotPolled", "Unknown/NotPolled"),
        (KeyMissing("No key."), "False/KeyMissing", "False/KeyMissing"),
        (KeyRejected("Refused."), "False/CredentialsRejected", "False/CredentialsRejected"),
        (Unreachable("Down.", ago(60)), "False/NovitaUnavailable", "Unknown/NovitaUnavailable"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_each_state_of_health_has_its_conditions(health: Health, ready: str, valid: str) -> None:
    found = report(Facts(health=health))

    assert conditions(found) == {"Ready": ready, "CredentialsValid": valid}


def test_an_outage_is_told_with_its_beginning() -> None:
    found = report(Facts(health=Unreachable("Down.", ago(60))))

    assert text_of(found, "Ready") == "Down. Since 2026-11-24 11:59:00 UTC; tried again by itself."


def test_after_a_restart_the_last_word_counts_until_the_first_poll() -> None:
    known = report(healthy())

    assert report(Facts(health=NotPolled()), known=known, later=99) == known


def test_after_an_edit_the_last_word_does_not_count() -> None:
    found = report(Facts(health=NotPolled()), known=report(healthy()), generation=2)

    assert conditions(found)["Ready"] == "Unknown/NotPolled"
    assert found["observedGeneration"] == 2


# --- Money and counts -----------------------------------------------------------------------------------------------


def test_money_is_told_in_cents_and_hours_in_tenths() -> None:
    found = report(healthy(balance=Decimal("21.005")))

    assert (found["balance"], found["pricePerHour"], found["hoursLeft"]) == ("21.01", "1.05", "20.0")
    assert found["instances"] == {"managed": 3, "foreign": 2, "orphaned": 0, "retained": 0}


def test_what_costs_nothing_lasts_for_ever_and_is_not_told() -> None:
    assert "hoursLeft" not in report(healthy(census=Census(0, 0, (), Decimal(0))))


@pytest.mark.parametrize(
    ("seconds", "balance", "written"),
    [
        pytest.param(59, "21.006", False, id="no sign of life more often than once a minute"),
        pytest.param(60, "21.006", True, id="a sign of life each minute"),
        pytest.param(9, "20.00", False, id="another number not before ten seconds"),
        pytest.param(10, "20.00", True, id="another number after ten seconds"),
    ],
)
def test_numbers_are_written_no_more_often_than_somebody_reads_them(
    seconds: float, balance: str, written: bool
) -> None:
    known = report(healthy())
    polled = NOON + timedelta(seconds=seconds)

    found = report(healthy(balance=Decimal(balance), polled_at=polled), known=known, later=seconds)

    assert (found != known) is written
    assert (found["lastPolledAt"] == wire(polled)) is written


def test_a_poll_that_failed_keeps_the_last_numbers() -> None:
    known = report(healthy())

    found = report(Facts(health=Unreachable("Down.", NOON)), known=known)

    assert (found["balance"], found["instances"]) == (known["balance"], known["instances"])


# --- What somebody has to look at -----------------------------------------------------------------------------------


def test_orphans_are_told_with_what_they_cost_and_what_becomes_of_them() -> None:
    found = report(healthy(orphans=(ORPHAN, ORPHAN)))

    assert conditions(found)["OrphansFound"] == "True/Unclaimed"
    assert text_of(found, "OrphansFound") == (
        "2 instances of this cluster belong to no object and cost about 0.70 USD/h while running: see status.orphans. "
        "Nothing is deleted, as spec.orphans is Report; set it to Delete, or delete them at Novita."
    )
    assert found["instances"]["orphaned"] == 2


def test_one_orphan_is_told_in_the_singular() -> None:
    text = text_of(report(healthy(orphans=(ORPHAN,)), spec={"orphans": "Delete"}), "OrphansFound")

    assert text.startswith("1 instance of this cluster belongs to no object and costs about 0.35 USD/h")
    assert text.endswith("They are deleted when they were seen twice.")


def test_no_more_orphans_are_listed_than_an_object_can_hold() -> None:
    found = report(healthy(orphans=(ORPHAN,) * 60))

    assert len(found["orphans"]) == 50
    assert text_of(found, "OrphansFound").startswith("60 instances")


def test_a_brake_is_told() -> None:
    brake = Brake(reason=Reason.TOO_MANY, message="Too many.")

    assert conditions(report(healthy(brake=brake)))["OrphanDeletionPaused"] == "True/TooMany"


def test_frozen_creates_are_told_with_the_way_to_thaw_them() -> None:
    found = report(healthy(creates=Creates(frozen_at=NOON)))

    assert conditions(found)["CreatesFrozen"] == "True/TooManyRecreates"
    assert "gpu.novita.ai/thaw-creates=<time of now>" in text_of(found, "CreatesFrozen")


def test_thawed_creates_are_not() -> None:
    assert "CreatesFrozen" not in conditions(report(healthy(creates=Creates(thawed_by="x"))))


def test_a_deletion_names_who_is_in_its_way() -> None:
    users = tuple(f"team/{name}" for name in "abcde")

    found = report(healthy(users=users), deleting=True)

    assert text_of(found, "DeletionBlocked") == (
        "5 GPUInstances use this account: team/a, team/b, team/c and 2 more. It goes when they are gone."
    )


@pytest.mark.parametrize(("deleting", "users"), [(False, ("team/a",)), (True, ())])
def test_otherwise_nothing_is_in_the_way_of_a_deletion(deleting: bool, users: tuple[str, ...]) -> None:
    assert "DeletionBlocked" not in conditions(report(healthy(users=users), deleting=deleting))


def test_conditions_that_are_no_longer_true_are_gone() -> None:
    known = report(healthy(orphans=(ORPHAN,)))

    assert set(conditions(report(healthy(), known=known))) == {"Ready", "CredentialsValid"}


def test_an_account_that_is_not_polled_any_more_says_how_old_its_knowledge_is() -> None:
    conditions = {
        seconds: status.report(an_account(), Facts(Healthy(), polled_at=ago(seconds)), NOON)["conditions"][0]
        for seconds in (200, 600)
    }

    assert [(each["type"], each["status"]) for each in conditions.values()] == [("Ready", "True"), ("Ready", "Unknown")]
    assert "more than 10 minutes ago" in conditions[600]["message"]


def test_a_poll_that_is_seldom_on_purpose_is_not_late() -> None:
    facts = Facts(Healthy(), polled_at=ago(600), polled_every=timedelta(minutes=10))

    assert status.report(an_account(), facts, NOON)["conditions"][0]["status"] == "True"
