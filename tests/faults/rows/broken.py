"""The judge judged: operators that lack one safety step, in cases that need it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tests.faults import judge
from tests.faults.programs.disturbances import KILLED_AFTER_A_START, UNDISTURBED, Disturbance
from tests.faults.programs.program import PROGRAMS
from tests.faults.row import Case, Row
from tests.faults.rows import crashes, exit_codes, novita_faults
from tests.faults.rows.novita_faults import Broken
from tests.faults.tally import Tally
from tests.faults.world import LIST_LAG_SECONDS, Stage, world

_LOST = {"kind": "lost-reply", "route": "create", "times": 4}
_BEHIND = {"listLag": {"seconds": LIST_LAG_SECONDS * 0.75}}

# A list that is behind for longer than a process needs to start: whoever starts anew cannot see what the last one made.
_LONG_LAG = {"LIST_LAG": "16000"}
_LONG_BEHIND_SECONDS = 14.0  # a busy machine takes ten to start an operator


async def lost_replies(step: str, stage: Stage) -> Tally:
    """Creates whose reply is lost, and a list that is behind."""
    return await novita_faults.lived(Broken("", [_LOST], _BEHIND), replace(stage, broken=step))


async def killed(step: str, point: str, stage: Stage) -> Tally:
    """A life with kills at one point, with a list that is behind."""
    async with world(replace(stage, broken=step), "broken", settings=_LONG_LAG) as at:
        await at.novita.set(listLag={"seconds": _LONG_BEHIND_SECONDS})
        keeper = at.keeper(arms=[f"{point}:kill"] * 3)
        await crashes.life(at)
        # Without its finalizer an object is gone as soon as the API server has the write, before the crash after it.
        await keeper.until_fired()
        await keeper.stop()
        return await judge.verdict(at, fired=len(keeper.fired_at), not_fired=keeper.not_fired)


async def ran(step: str, disturbance: Disturbance, stage: Stage) -> Tally:
    """Programs of jobs: one that ends well, and one that does not."""
    return await exit_codes.disturbed(disturbance, PROGRAMS[:2], replace(stage, broken=step))


def _row(step: str, title: str, *cases: Case) -> Row:
    return Row(f"broken-{step}", title, cases, must_fail=True)


ROWS = (
    _row("lookup", "Look-up by name switched off", Case("lost replies", partial(lost_replies, "lookup"), quick=True)),
    _row(
        "intent",
        "Intent not written",
        Case("killed after the create", partial(killed, "intent", "create.after-call"), quick=True),
    ),
    _row(
        "finalizer",
        "Finalizer dropped before the delete",
        Case("killed before the delete", partial(killed, "finalizer", "release.after-write"), quick=True),
    ),
    _row(
        "lock",
        "Nobody asks whether a job's program was started",
        Case("killed after the start", partial(ran, "lock", KILLED_AFTER_A_START), quick=True),
    ),
    _row(
        "exit-code",
        "Every exit code read as 0",
        Case("undisturbed", partial(ran, "exit-code", UNDISTURBED), quick=True),
    ),
)
