"""One contender at one size: all Ready, steady, restarted, deleted, with nothing limited."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import billing, floor, making
from tests.bench.contenders import POLL_SECONDS, Contender
from tests.bench.figures import Life, Spread, Usage
from tests.bench.watching import PATIENCE, Watching, watching
from tests.support import waiting
from tests.support.audit import AuditLog
from tests.support.operator_process import OperatorProcess
from tests.support.plane import OPERATOR_USER
from tests.support.workspace import Workspace

_SETTLE_SECONDS = POLL_SECONDS / 2  # what the last transitions left is over
_STEADY_SECONDS = 2 * POLL_SECONDS
_RESTART_SECONDS = 20.0  # longer than a process needs to look at every object


@dataclass
class Run:
    """The parts of one run, and which process is the operator at the moment."""

    workspace: Workspace
    contender: Contender
    objects: int
    directory: Path
    seen: Watching
    operator: OperatorProcess

    @property
    def usage(self) -> Usage:
        return Usage.of(self.operator.child.process.pid)

    async def begin(self) -> AuditLog:
        """Count writes and calls from now on."""
        await self.workspace.novita.forget_calls()
        return self.workspace.plane.audit.from_now()

    def writes(self, since: AuditLog) -> Counter[str]:
        return since.count(user=OPERATOR_USER, namespace=self.workspace.namespace)


async def measure(workspace: Workspace, contender: Contender, objects: int, directory: Path) -> Life:
    """From an empty namespace to an empty namespace."""
    base = await floor.bare_http(workspace, objects)
    operator = contender.launch(workspace, directory)
    await making.until_it_watches(workspace, contender)
    async with watching(workspace, contender) as seen:
        run = Run(workspace, contender, objects, directory, seen, operator)
        phases = [await phase(run) for phase in (_all_ready, _steady, _restart, _delete)]
    peak = run.usage.peak
    await run.operator.close()
    found = {name: value for phase in phases for name, value in phase.items()}
    found["rss_peak"] = max(peak, found["rss_peak"])
    return Life(contender=contender.name, objects=objects, floor_seconds=base, **found)


async def _all_ready(run: Run) -> dict[str, Any]:
    idle, audit, began, seen = run.usage, await run.begin(), time.monotonic(), run.seen
    await making.create(run.workspace, (f"gpu-{number}" for number in range(run.objects)))
    await seen.until(lambda: len(seen.ready) == run.objects, f"{run.objects} are Ready")
    ready, calls, writes = run.usage, await run.workspace.novita.calls(), run.writes(audit)
    return {
        "ready_seconds": max(seen.ready.values()) - began,
        "to_ready": Spread.of([at - seen.born[name] for name, at in seen.ready.items()]),
        "touched": Spread.of([seen.touched[name] - seen.born[name] for name in seen.ready]),
        "noticed": Spread.of(await _noticed(run)),
        "calls_to_ready": calls.total / run.objects,
        "writes_to_ready": _without_events(writes) / run.objects,
        "events_to_ready": writes["create events"] / run.objects,
        "cpu_to_ready": ready.cpu - idle.cpu,
        "rss_idle": idle.rss,
        "created": (await run.workspace.novita.ledger()).created - 1,  # the first object, which is gone
        "writes": _per(writes.items(), run.objects),
        "calls": _per(calls.by_route.items(), run.objects),
    }


async def _noticed(run: Run) -> list[float]:
    """From running at Novita to Ready here, for each object."""
    runs = await billing.began(run.workspace)
    return [at - runs[run.seen.instances[name]] for name, at in run.seen.ready.items()]


async def _steady(run: Run) -> dict[str, Any]:
    await asyncio.sleep(_SETTLE_SECONDS)
    before, audit = run.usage, await run.begin()
    await asyncio.sleep(_STEADY_SECONDS)
    after, calls = run.usage, await run.workspace.novita.calls()
    return {
        "rss_ready": after.rss,
        "rss_peak": after.peak,
        "steady_calls_per_hour": calls.total * 3600 / _STEADY_SECONDS / run.objects,
        "steady_writes": sum(run.writes(audit).values()),
        "steady_cpu_percent": 100 * (after.cpu - before.cpu) / _STEADY_SECONDS,
    }


async def _restart(run: Run) -> dict[str, Any]:
    """SIGTERM and a new process: seconds until a pass over an object has ended, and what it writes and calls."""
    await run.operator.terminate()
    audit, began = await run.begin(), time.monotonic()
    run.operator = run.contender.launch(run.workspace, run.directory)
    await waiting.until(
        lambda: run.contender.useful(run.workspace, run.operator), "it works again", seconds=PATIENCE, pause=0.05
    )
    took = time.monotonic() - began
    await asyncio.sleep(_RESTART_SECONDS)
    return {
        "restart_seconds": took,
        "restart_writes": sum(run.writes(audit).values()),
        "restart_calls": (await run.workspace.novita.calls()).total,
    }


async def _delete(run: Run) -> dict[str, Any]:
    audit, began = await run.begin(), time.monotonic()
    await making.delete_all(run.workspace, run.seen, run.objects)
    took, writes = max(run.seen.gone.values()) - began, run.writes(audit)
    return {
        "delete_seconds": took,
        "delete_writes": _without_events(writes) / run.objects,
        "writes_to_delete": _per(writes.items(), run.objects),
        "delete_calls": (await run.workspace.novita.calls()).total / run.objects,
        "left_billing": len((await run.workspace.novita.ledger()).billing),
    }


def _without_events(writes: Counter[str]) -> int:
    return sum(count for what, count in writes.items() if what not in {"create events", "patch events"})


def _per(counts: Iterable[tuple[str, int]], objects: int) -> dict[str, float]:
    return {what: round(count / objects, 2) for what, count in sorted(counts)}
