"""Lists without start times and spot fields: when an instance is checked by id, and what that fills in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from novita_operator.controllers.gpu_instance.observing import bare_lists
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.novita.models import Instance, state_of

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_BARE = Instance(id="i-1", name="n", word="running", state=state_of("running"), billing_mode="spot", bare=True)
_EXITED = replace(_BARE, word="exited", state=state_of("exited"))


def _due(memory: Memory, now: float, *, listed: Instance = _BARE, instances: int = 1) -> bool:
    return bare_lists.filled(listed, memory, now, bare_lists.pause(300, instances)).bare


def test_one_that_runs_is_checked_by_id_after_a_pause_and_again_after_the_next() -> None:
    memory = Memory(unseen_before=0)

    due = [_due(memory, at) for at in (0, 299, 300)]
    memory.checked_at = 300

    assert due == [False, False, True]
    assert [_due(memory, at) for at in (301, 600)] == [False, True]


def test_one_that_was_seen_in_another_status_meanwhile_is_due_at_once() -> None:
    memory = Memory(unseen_before=0)
    _due(memory, 0)

    assert _due(memory, 10, listed=_EXITED)
    assert _due(memory, 11)


def test_the_more_instances_an_account_has_the_longer_the_pause() -> None:
    memory = Memory(unseen_before=0)
    _due(memory, 0)

    assert [_due(memory, at, instances=1000) for at in (300, 5999, 6000)] == [False, False, True]


def test_what_the_list_shows_in_full_is_never_checked_for_that() -> None:
    memory = Memory(unseen_before=0)
    full = replace(_BARE, bare=False)

    assert not any(_due(memory, at, listed=full) for at in (0, 1e9))


def test_a_check_fills_in_the_spot_fields_while_the_status_is_the_same() -> None:
    memory = Memory(unseen_before=0)
    memory.checked = replace(_EXITED, spot_status="", spot_reclaim_at=_AT, bare=False)

    same = bare_lists.filled(_EXITED, memory, 0, 300)
    other = bare_lists.filled(_BARE, memory, 0, 300)

    assert (same.reclaimed, same.bare) == (True, False)
    assert other.reclaimed is False
