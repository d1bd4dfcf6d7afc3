"""A tenth of the objects can never work: do the others notice?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench import making
from tests.bench.contenders import OURS
from tests.bench.figures import Poison, Spread
from tests.bench.watching import watching
from tests.support.workspace import Workspace

_GOOD, _OTHERS = 900, 100
_PLAIN: Mapping[str, Any] = {}
# What the API server lets in and nobody can carry out, each in another part of the pass.
_POISONS: tuple[Mapping[str, Any], ...] = (
    {"lifetime": {"schedule": {"stop": "61 25 * * *", "timeZone": "Mars/Olympus"}}},
    {"env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "nowhere", "key": "token"}}}]},
    {"productName": "a card that nobody makes"},
    {"annotations": {"gpu.novita.ai/create-intent": "{torn"}},
)


async def measure(plain: Workspace, poisoned: Workspace, directory: Path) -> Poison:
    """Runs with as many objects, one after the other; each kind has a namespace and an account of its own.

    Plain, poisoned, poisoned, plain: what grows slower from run to run, as a control plane does, weighs on both alike.
    """
    without, amid = [], []
    without += await _good(plain, (_PLAIN,), directory / "plain-1")
    amid += await _good(poisoned, _POISONS, directory / "poisoned-1")
    amid += await _good(poisoned, _POISONS, directory / "poisoned-2")
    without += await _good(plain, (_PLAIN,), directory / "plain-2")
    return Poison(_GOOD, _OTHERS, Spread.of(without).p99, Spread.of(amid).p99, len(amid) // 2)


async def _good(workspace: Workspace, others: tuple[Mapping[str, Any], ...], directory: Path) -> list[float]:
    """Seconds from creation to Ready of the good ones, which are made among the others."""
    operator = OURS.launch(workspace, directory)
    await making.until_it_watches(workspace, OURS)
    async with watching(workspace, OURS) as seen:

        async def make_others() -> None:
            for number in range(_OTHERS):
                await workspace.create(f"other-{number}", **others[number % len(others)])

        good = [f"good-{number}" for number in range(_GOOD)]
        await asyncio.gather(making.create(workspace, good), make_others())
        await seen.until(lambda: all(name in seen.ready for name in good), "the good ones are Ready")
        found = [seen.ready[name] - seen.born[name] for name in good]
        await making.delete_all(workspace, seen, _GOOD + _OTHERS)
    await operator.close()
    return found
