"""The checker sees lies of every kind of object as the real API server and the real ledger have them."""

from __future__ import annotations

import asyncio

from tests.cluster.owners import JOBS, SETS
from tests.faults import lives, planting
from tests.faults import world as worlds
from tests.faults.world import Stage
from tests.soak import checker, estate, population
from tests.soak.estate import Clock


async def test_lies_of_sets_jobs_and_instances_are_seen_where_no_operator_puts_them_right(stage: Stage) -> None:
    async with worlds.world(stage, "soak") as at:
        slots = {slot.kind: slot for slot in population.of(at, 10)}
        pool, job = slots["set"], slots["job"]
        await asyncio.gather(pool.apply(at), job.apply(at))
        uid = (await planting.held(at))["metadata"]["uid"]
        await planting.says(at, "gpu", await planting.rented(at, uid), "Stopped")
        await planting.claims(at, SETS, pool.name, {"readyReplicas": 1})
        await planting.claims(at, JOBS, job.name, {"conditions": [planting.condition("Complete", "Succeeded")]})
        clock = await Clock.of(at, speed=1)

        async def found() -> set[str]:
            return {lie.kind for lie in checker.lies(await lives.of(at.novita), await estate.seen(at, clock))}

        await at.workspace.until_novita(lambda: _bills(at), "the instance is billed")

        assert await found() == {"billed", "misnamed", "miscounted", "unrun"}


async def _bills(at: worlds.World) -> bool:
    return bool((await at.novita.ledger()).billing)
