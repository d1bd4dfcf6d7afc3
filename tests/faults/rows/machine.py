"""A state machine that plays user, Novita and fate at random; the ledger judges when it has come to rest."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from tests.faults import judge
from tests.faults.keeper import Keeper
from tests.faults.row import Case, Row
from tests.faults.rows.crashes import POINTS
from tests.faults.tally import Tally, total
from tests.faults.world import Stage, World, gone, ready, stopped, world
from tests.support import waiting

T = TypeVar("T")
_NAMES = ("a", "b", "c")
_CLOCKS = (0, 3600, -3600)  # an hour ahead, an hour behind: a node without NTP
_FAULTS = (
    {"kind": "lost-reply"},
    {"kind": "error-after-commit", "status": 502},
    {"kind": "error-before", "status": 500},
    {"kind": "truncated-body"},
    {"kind": "rate-limited"},
)


class Machine(RuleBasedStateMachine):
    """One world. `wanted`: what the user has asked for, by name; None means gone."""

    stage: Stage
    loop: asyncio.AbstractEventLoop
    found: list[Tally]

    def __init__(self) -> None:
        super().__init__()
        self.stack = AsyncExitStack()
        self.wanted: dict[str, str] = {}
        self.offset = 0
        self.fired = 0
        self.at: World = self.do(self.stack.enter_async_context(world(self.stage, "machine")))
        self.keeper: Keeper = self.do(_started(self.at))

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        """Carry out a step on the harness' event loop."""
        return asyncio.run_coroutine_threadsafe(step, self.loop).result()

    @initialize(fault=st.sampled_from(_FAULTS))
    def begin(self, fault: dict[str, Any]) -> None:
        """A game with nothing in it proves nothing: all objects are there, and the first create goes wrong."""
        self.do(self.at.novita.fault(route="create", times=1, **fault))
        for name in _NAMES:
            self.create(name)
        self.do(waiting.until(self.went_wrong, "the first create has gone wrong"))

    async def went_wrong(self) -> bool:
        return sum((await self.at.novita.hits()).values()) > 0

    @rule(name=st.sampled_from(_NAMES))
    def create(self, name: str) -> None:
        """Apply it, also while one of this name is still on its way out: then it waits for its end."""
        if name in self.wanted:
            return
        if not self.do(self.at.reach([name], gone, "gone")):
            return
        self.do(self.at.create([name]))
        self.do(self.at.reach([name], lambda body: body is not None, "there"))
        self.wanted[name] = "Running"

    @precondition(lambda self: self.wanted)
    @rule(data=st.data(), power=st.sampled_from(("Running", "Stopped")))
    def edit(self, data: st.DataObject, power: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.wanted)))
        self.do(self.at.edit([name], powerState=power))
        self.wanted[name] = power

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.wanted)))
        self.do(self.at.delete([name]))
        del self.wanted[name]

    @rule(fault=st.sampled_from(_FAULTS), route=st.sampled_from(("create", "stop", "start", "delete")))
    def fault(self, fault: dict[str, Any], route: str) -> None:
        """The next call of a route goes wrong."""
        self.do(self.at.novita.fault(route=route, times=1, **fault))

    @rule(seconds=st.sampled_from((0.0, 0.5, 1.0)))
    def lag(self, seconds: float) -> None:
        """From now on the list hides new instances for so long."""
        self.do(self.at.novita.set(listLag={"seconds": seconds}))

    @rule(point=st.sampled_from(POINTS), how=st.sampled_from(("kill", "term")))
    def crash_next(self, point: str, how: str) -> None:
        """The next process ends at this point, wherever that comes."""
        self.keeper.arms.append(f"{point}:{how}")

    @rule(clock=st.sampled_from(_CLOCKS), pause=st.sampled_from((0.0, 1.0)))
    def kill(self, clock: int, pause: float) -> None:
        """Whatever runs is killed, and starts anew after a pause, perhaps with a wrong clock."""
        self.at.settings["CLOCK_OFFSET"] = str(clock)
        self.keeper.pause = pause
        self.do(_killed(self.keeper))
        self.fired += 1

    @rule(seconds=st.sampled_from((0.2, 1.0, 2.0)))
    def wait(self, seconds: float) -> None:
        """Time passes: what the others do meanwhile is up to them."""
        self.do(asyncio.sleep(seconds))

    def teardown(self) -> None:
        """Fate leaves it alone: everything must get where it was going."""
        try:
            self.found.append(self.do(self._judged()))
        finally:
            self.do(self.stack.aclose())

    async def _judged(self) -> Tally:
        at, names = self.at, list(self.wanted)
        self.keeper.arms.clear()
        hits = sum((await at.novita.hits()).values())
        await at.novita.end_faults()
        await at.reach([name for name in names if self.wanted[name] == "Running"], ready, "Ready")
        await at.reach([name for name in names if self.wanted[name] == "Stopped"], stopped, "Stopped")
        await at.delete(names)
        await at.reach(_NAMES, gone, "gone")
        await self.keeper.stop()
        crashes = len(self.keeper.fired_at)
        tally = await judge.verdict(at, fired=self.fired + crashes + hits)
        assert tally.clean, "\n".join(tally.complaints)
        return tally


async def _started(at: World) -> Keeper:
    return at.keeper()


async def _killed(keeper: Keeper) -> None:
    for process in list(keeper.running):
        await process.kill()


async def played(examples: int, steps: int, seed: int, stage: Stage) -> Tally:
    """So many games of so many steps."""
    found: list[Tally] = []
    played_here = type("Game", (Machine,), {"stage": stage, "loop": asyncio.get_running_loop(), "found": found})
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],  # a failing game is printed as it was: shrinking would play for hours
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    random.seed(seed)
    await asyncio.to_thread(run_state_machine_as_test, played_here, settings=how)
    return total(found)


ROW = Row(
    "state-machine",
    "Random games (hypothesis): create, edit, delete, re-create, faults, list lag, crashes, kills, clocks an hour off",
    (
        Case("3 games of 12 steps", partial(played, 3, 12, 1), quick=True),
        *(Case(f"8 games of 20 steps, {seed}", partial(played, 8, 20, seed)) for seed in range(2, 8)),
    ),
)
