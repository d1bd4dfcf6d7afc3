"""Two processes: side by side without a Lease, and frozen past the end of a Lease."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.faults import judge
from tests.faults.keeper import Keeper
from tests.faults.row import Case, Row
from tests.faults.rows import crashes
from tests.faults.tally import Tally
from tests.faults.world import API_TIMEOUT_SECONDS, Stage, World, gone, ready, world
from tests.support import waiting
from tests.support.kube import Kind
from tests.support.operator_process import OperatorProcess
from tests.support.plane import OPERATOR_NAMESPACE

_LEASES = Kind("/apis/coordination.k8s.io/v1", "leases")
# A paid call needs a lease that outlasts it: with the shortest that is accepted, 1.5 timeouts, a loaded machine seldom
# renews in time to begin one.
_LEASE_SECONDS = API_TIMEOUT_SECONDS * 3
_SLOW_CREATES = {"kind": "delay", "route": "create", "seconds": 0.5, "after": True}
# Longer than a process trusts its own intent (5 s), so that one which was frozen for that long sends nothing any more.
_WITHOUT_LEASE = {"LIST_LAG": "8000"}
_FREEZE_SECONDS = 10.0
_ROUNDS = 5


async def side_by_side(count: int, stage: Stage) -> Tally:
    """No Lease, and every third reply is lost: both processes look, both want to create."""
    async with world(stage, "pair") as at:
        names = [f"n{number:02}" for number in range(count)]
        # The first for certain: of eight, chance alone would spare all in one run of seventeen.
        first = await at.novita.fault(kind="lost-reply", route="create", times=1)
        others = await at.novita.fault(kind="lost-reply", route="create", probability=0.3)
        at.keeper(replicas=2)
        await crashes.life(at, tuple(names))
        hits = await at.novita.hits()
        fired = hits[first] + hits[others]
        return await judge.verdict(at, fired=fired, not_fired=int(not fired))


async def frozen_leader(stage: Stage) -> Tally:
    """The leader is stopped in the middle of creates; the other takes over; the first one wakes up."""
    async with world(stage, "lease") as at:
        at.settings |= {
            "LEADER_ELECTION": "true",
            "LEASE_NAME": at.workspace.namespace,
            "LEASE_DURATION": f"{_LEASE_SECONDS * 1000:.0f}",
        }
        await at.novita.fault(**_SLOW_CREATES)
        keeper = at.keeper(replicas=2)
        for turn in range(_ROUNDS):
            names = [f"n{turn}{letter}" for letter in "abc"]
            leader = await waiting.until(partial(_leader, at), "somebody leads")
            await at.create(names)
            await asyncio.sleep(0.15 * turn)  # another moment of the create each time
            leader.freeze()
            at.faulted()
            await waiting.until(partial(_another_leads, at, leader), "another leads", explain=leader.child.tail)
            leader.thaw()
            await leader.child.ended()
            await at.reach(names, ready, "Ready")
            await at.delete(names)
            await at.reach(names, gone, "gone")
        await keeper.stop()
        return await judge.verdict(at, fired=_ROUNDS)


async def frozen_without_lease(stage: Stage) -> Tally:
    """One of two is stopped for longer than the list lag in the middle of creates, and goes on as if nothing were."""
    async with world(stage, "froze", settings=_WITHOUT_LEASE) as at:
        await at.novita.fault(**_SLOW_CREATES)
        keeper = at.keeper(replicas=2)
        fired = 0
        for turn in range(2):
            names = [f"n{turn}{letter}" for letter in "abcd"]
            await waiting.until(partial(_two_run, keeper), "two processes run")
            frozen = await waiting.until(partial(_one_of, keeper, turn), "both run")
            await frozen.until_ready()
            await at.create(names)
            await asyncio.sleep(0.2 + 0.3 * turn)  # another moment of the create each time
            frozen.freeze()
            at.faulted()
            await asyncio.sleep(_FREEZE_SECONDS)  # the pause itself
            frozen.thaw()
            fired += 1
            await at.reach(names, ready, "Ready")
            await at.delete(names)
            await at.reach(names, gone, "gone")
        await keeper.stop()
        return await judge.verdict(at, fired=fired)


async def _two_run(keeper: Keeper) -> bool:
    return len(keeper.running) == keeper.replicas


async def _one_of(keeper: Keeper, turn: int) -> OperatorProcess | None:
    both = len(keeper.running) == keeper.replicas
    return keeper.running[turn % keeper.replicas] if both else None


async def _holder(at: World) -> str:
    lease = await at.stage.plane.kube.find(_LEASES, at.workspace.namespace, OPERATOR_NAMESPACE)
    return str(((lease or {}).get("spec") or {}).get("holderIdentity") or "")


async def _leader(at: World) -> OperatorProcess | None:
    """Identities end with the process's number."""
    holder = await _holder(at)
    running = at.keepers[0].running
    return next((each for each in running if holder.endswith(f"_{each.child.process.pid}")), None)


async def _another_leads(at: World, before: OperatorProcess) -> bool:
    now = await _leader(at)
    return now is not None and now is not before


ROW = Row(
    "two-processes",
    "Two processes: without a Lease and with lost replies; stopped (SIGSTOP) past the Lease; stopped without one",
    (
        Case("side by side, 8 objects", partial(side_by_side, 8), quick=True),
        Case("side by side, 60 objects", partial(side_by_side, 60)),
        *(Case(f"leader stopped past its Lease, {turn}", frozen_leader, quick=turn == 1) for turn in range(1, 4)),
        *(Case(f"stopped without a Lease, {turn}", frozen_without_lease) for turn in range(1, 4)),
    ),
)
