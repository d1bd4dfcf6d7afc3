"""Lists as the documents show them, without start times and spot fields: a check by id fills them in, now and then."""

from __future__ import annotations

from dataclasses import replace

from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.novita.models import Instance, InstanceState

# Seconds between two checks of one instance, at least, for each that the account has: ten calls a minute for all.
_SECONDS_EACH = 6.0


def pause(least: float, instances: int) -> float:
    """Seconds between two checks of an instance of an account that has so many."""
    return max(least, _SECONDS_EACH * instances)


def filled(listed: Instance, memory: Memory, now: float, pause: float) -> Instance:
    """With the spot fields of the last check by id, as long as the list shows the status that it had then.

    It stays bare where another check is due: one that runs may have been started anew after so many seconds, or since
    it was seen in another status; one in another status was not checked in it yet.
    """
    if not listed.bare:
        return listed
    if memory.checked_at is None:
        memory.checked_at = now  # by an earlier process, when the instance became Ready
    runs, checked = listed.state is InstanceState.RUNNING, memory.checked
    due = runs and now - memory.checked_at >= pause
    if not runs:
        memory.checked_at = float("-inf")
    if checked is None or checked.id != listed.id or checked.word != listed.word:
        return replace(listed, bare=due or not runs)
    spot_status, reclaim_at = checked.spot_status, checked.spot_reclaim_at
    return replace(listed, spot_status=spot_status, spot_reclaim_at=reclaim_at, bare=due)
