"""The entry of a retained instance goes only when its own key has not shown it for long."""

from __future__ import annotations

from tests.unit.support import builders as a
from tests.unit.support.builders import NAME, UID

from novita_operator.controllers.novita_account.garbagecollection import absences
from novita_operator.controllers.novita_account.garbagecollection.absences import Watched
from novita_operator.runtime.accounts.retention import Left, Record

HOUR = 3600.0
LEFT = Left(UID, "team", "gpu", NAME, "i-1", adopted=False, reason="Retain", at="2026-01-01T12:00:00Z", key="k1")
RECORD = Record({UID: LEFT})
SHOWN = [a.an_instance()]


def test_it_goes_after_an_hour_in_which_no_list_has_shown_it() -> None:
    watched = Watched()

    assert watched.gone(RECORD, [], "k1", 0.0, HOUR) == []
    assert watched.gone(RECORD, [], "k1", HOUR - 1, HOUR) == []
    assert watched.gone(RECORD, [], "k1", HOUR, HOUR) == [LEFT]


def test_an_instance_that_is_shown_again_begins_from_the_start() -> None:
    watched = Watched()
    watched.gone(RECORD, [], "k1", 0.0, HOUR)
    watched.gone(RECORD, SHOWN, "k1", HOUR / 2, HOUR)

    assert watched.gone(RECORD, [], "k1", HOUR, HOUR) == []


def test_what_the_key_of_another_account_does_not_show_stays() -> None:
    watched = Watched()
    watched.gone(RECORD, [], "k2", 0.0, HOUR)

    assert watched.gone(RECORD, [], "k2", 2 * HOUR, HOUR) == []
    assert watched.gone(RECORD, [], "k1", 2 * HOUR, HOUR) == []


def test_a_new_key_of_the_same_account_is_written_down_once_it_shows_the_instance() -> None:
    assert absences.stamped(RECORD, SHOWN, "k2") == {UID: "k2"}
    assert absences.stamped(RECORD, SHOWN, "k1") == {}
    assert absences.stamped(RECORD, [], "k2") == {}
