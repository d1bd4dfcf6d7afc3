"""What the checker holds against the ledger in one look: everything that the API server has, and the time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.cluster.owners import JOBS, SETS
from tests.faults.sentinel import Objects
from tests.faults.world import World
from tests.support.kube import Body


@dataclass(frozen=True)
class Clock:
    """The accelerated time of one account. `began`: its virtual Unix seconds at `at`, monotonic seconds of ours."""

    began: float
    at: float
    speed: float

    @classmethod
    async def of(cls, world: World, speed: float) -> Clock:
        """As the simulator has it now."""
        return cls((await world.novita.book())["now"]["at"], time.monotonic(), speed)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.began + (time.monotonic() - self.at) * self.speed, UTC)

    def ahead_seconds(self) -> float:
        """How far it is ahead of this machine's clock."""
        return self.now().timestamp() - time.time()


@dataclass(frozen=True)
class Estate(Objects):
    """`names`: of every GPUInstance that there ever was, by its UID. `now`: the accelerated time."""

    sets: Sequence[Body] = ()
    jobs: Sequence[Body] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)


async def seen(world: World, clock: Clock) -> Estate:
    """One look at the API server."""
    kube, namespace = world.stage.plane.kube, world.workspace.namespace
    sets, jobs = await kube.list(SETS, namespace), await kube.list(JOBS, namespace)
    own = await world.objects()
    names = {uid: each.name for uid, each in world.owners().items()}
    names |= {body["metadata"]["uid"]: body["metadata"]["name"] for body in own}
    return Estate(own, (), sets, jobs, names, clock.now())
