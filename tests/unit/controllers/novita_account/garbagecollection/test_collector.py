"""What a person said of orphans is remembered for as long as one of them is there."""

from __future__ import annotations

from tests.unit.support import builders as a
from tests.unit.support.builders import NOON

from novita_operator.controllers.novita_account.garbagecollection.collector import Checked
from novita_operator.controllers.novita_account.garbagecollection.orphans import Orphan, Verdict


def _verdict(*ids: str, confirmed: bool = False) -> Verdict:
    return Verdict(tuple(Orphan(a.an_instance("running", each), NOON) for each in ids), confirmed=confirmed)


def test_a_confirmation_is_spent_when_the_last_of_its_orphans_is_gone() -> None:
    checked = Checked(verdict=_verdict("o-1", "o-2", confirmed=True))
    checked.settle("2")

    checked.verdict = _verdict("o-2")
    checked.settle("2")
    assert (checked.confirmed, checked.spent) == ("2", None)

    checked.verdict = _verdict("o-3", "o-4")
    checked.settle("2")
    assert (checked.confirmed, checked.spent, checked.confirmed_ids) == (None, "2", frozenset())


def test_it_is_spent_where_nothing_is_left_at_all() -> None:
    checked = Checked(verdict=_verdict("o-1", confirmed=True))
    checked.settle("1")

    checked.verdict = _verdict()
    checked.settle(None)

    assert checked.spent == "1"
