"""One process with all accounts and objects: the operator's own parts, wired as in production, and what steps take."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bench.figures import Usage
from tests.bench.scale.population import Resident
from tests.support.plane import Plane
from tests.support.workspace import Workspace

from novita_operator import composition
from novita_operator.controllers.novita_account.reconciler import Reconciler as AccountReconciler
from novita_operator.runtime.core import Core


@dataclass
class Step:
    """What one step took of this process: CPU and wall seconds, and what was counted."""

    what: str
    cpu: float = 0.0
    wall: float = 0.0
    counted: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count what happens inside."""
        cpu, wall = time.process_time(), time.monotonic()
        yield
        self.cpu, self.wall = self.cpu + time.process_time() - cpu, self.wall + time.monotonic() - wall

    @property
    def row(self) -> str:
        counts = ", ".join(f"{counted:,} {what}" for what, counted in self.counted.items())
        return f"| {self.what} | {self.cpu:.1f} | {self.wall:.1f} | {counts} |"


@dataclass
class Scale:
    """One process with all its accounts and objects."""

    plane: Plane
    workspaces: list[Workspace]
    parts: Core
    controllers: composition.Controllers
    steps: list[Step] = field(default_factory=list)
    rss: dict[str, float] = field(default_factory=dict)

    @property
    def accounts(self) -> AccountReconciler:
        found = next(each.reconciler for each in self.controllers.kinds if not each.intake.kind.namespaced)
        assert isinstance(found, AccountReconciler)
        return found

    async def open_accounts(self) -> None:
        intake = next(each for each in self.controllers.intakes if not each.kind.namespaced)
        async for body in self.parts.kube.each(intake.kind):
            await intake.seen(body)
        await self.drain()

    async def take_in(self, residents: list[Resident]) -> None:
        """As if the watch brought them all."""
        intake = next(each for each in self.controllers.intakes if each.kind.plural == "gpuinstances")
        for each in residents:
            await intake.seen(each.body)

    async def poll(self) -> None:
        for account in self.parts.accounts:
            account.poll_by(0.0)
            account.polled_at = float("-inf")
        await asyncio.gather(*(self.accounts.poller.tick(account) for account in self.parts.accounts))

    async def drain(self, *, only_count: bool = False) -> int:
        """A pass over every key that waits, one after the other. Returns how many there were."""
        done, queue = 0, self.parts.queue
        while len(queue):
            key = await queue.take()
            if not only_count:
                await self.controllers.reconcilers[key.kind].reconcile(key)
            queue.done(key)
            done += 1
        return done

    async def forget_calls(self) -> None:
        for each in self.workspaces:
            await each.novita.forget_calls()

    async def calls(self) -> int:
        return sum([(await each.novita.calls()).total for each in self.workspaces])

    def weigh(self, what: str) -> None:
        """Note how much memory the process holds now."""
        self.rss[what] = Usage.of(os.getpid()).rss

    def begin(self, what: str) -> Step:
        sys.stdout.write(f"{what}\n")
        sys.stdout.flush()
        self.steps.append(Step(what))
        return self.steps[-1]
