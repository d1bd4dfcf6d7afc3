"""One case's part of everything: a namespace, an account, operators of its own, and the witnesses."""

from __future__ import annotations

import asyncio
import secrets
import string
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.faults import lives
from tests.faults.api_proxy import proxied
from tests.faults.keeper import Keeper
from tests.faults.observer import Observer, Seen
from tests.faults.sentinel import Objects, Sentinel
from tests.support import kube
from tests.support.history import conditions
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import CRDS, Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

# The world is sped up as one: LIST_LAG is 60 s for users, and Novita needs minutes where this one needs tenths.
LIST_LAG_SECONDS = 1.5
LATER_SECONDS = 2.5  # longer than the list lag and several polls
API_TIMEOUT_SECONDS = 2.0
DELAYS: Mapping[str, float] = {
    "accept": 0.05,
    "create": 0.1,
    "pull": 0.2,
    "cachedPull": 0.1,
    "start": 0.1,
    "stop": 0.1,
    "restart": 0.2,
    "remove": 0.1,
    "linger": 0.3,
}
SETTINGS: Mapping[str, str] = {
    "LIST_LAG": f"{LIST_LAG_SECONDS * 1000:.0f}",
    "API_TIMEOUT": f"{API_TIMEOUT_SECONDS * 1000:.0f}",
}
PATIENCE_SECONDS = 150.0  # fifty times what a step takes on an idle machine; who is not there then needs a person
_CLUSTER_ALPHABET = string.ascii_lowercase + "234567"
_BROKEN = Path(__file__).parent / "broken_operator.py"
_WRONG_CLOCK = Path(__file__).parent / "clock_operator.py"

Check = Callable[[Body | None], bool]


@dataclass(frozen=True)
class Stage:
    """What all cases share.

    `broken`: which safety step the operators of this run lack; None for the real ones. `checkout`: the root of another
    checkout, whose operator runs instead of ours. `patience`: seconds until an object that is not where it was going
    needs a person.
    """

    plane: Plane
    simulator: Simulator
    directory: Path
    broken: str | None = None
    checkout: Path | None = None
    patience: float = PATIENCE_SECONDS

    @property
    def crds(self) -> Path:
        """Of the operator that runs."""
        return CRDS if self.checkout is None else self.checkout / "crds"


@dataclass
class World:
    """One case. `stuck`: objects that did not get where they were going.

    `relatives`: worlds whose objects share its account, such as those of another cluster. `program`: what is run by
    Python instead of the operator's own command; empty for that one.
    """

    stage: Stage
    workspace: Workspace
    directory: Path
    observer: Observer
    settings: dict[str, str]
    kubeconfig: Path
    following: asyncio.Task[None]
    heal: list[float] = field(default_factory=list)
    stuck: dict[str, str] = field(default_factory=dict)
    faults_at: list[float] = field(default_factory=list)
    keepers: list[Keeper] = field(default_factory=list)
    relatives: list[World] = field(default_factory=list)
    program: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.sentinel = Sentinel(lambda: lives.of(self.novita), self._all, self.works)

    @property
    def novita(self) -> Any:
        return self.workspace.novita

    # --- Operators --------------------------------------------------------------------------------------------

    def keeper(self, *, arms: Iterable[str] = (), replicas: int = 1, pause: float = 0.0, probe: bool = False) -> Keeper:
        """Operators for this world, started."""
        made = Keeper(self.launch, self.directory, replicas=replicas, pause=pause, probe=probe)
        made.arms.extend(arms)
        self.keepers.append(made)
        made.start()
        return made

    def launch(self, extra: Mapping[str, str]) -> OperatorProcess:
        """One operator process that nobody starts again."""
        program = list(self.program) or ["-m", "novita_operator", "run"]
        code = {} if self.stage.checkout is None else {"PYTHONPATH": str(self.stage.checkout / "operator")}
        if self.stage.broken is not None:
            program = [str(_BROKEN), self.stage.broken]
        elif {"CLOCK_OFFSET", "CLOCK_SPEED"} & set(self.settings):
            program = [str(_WRONG_CLOCK)]
        return OperatorProcess.launch(
            self.directory, self.kubeconfig, [sys.executable, *program], **{**code, **self.settings, **extra}
        )

    async def works(self) -> bool:
        """Whether an operator of this world works: it answers, and says that it is ready."""
        running = [process for keeper in self.keepers for process in keeper.running]
        return any(await asyncio.gather(*(_is_ready(process) for process in running)))

    # --- Objects ----------------------------------------------------------------------------------------------

    async def create(self, names: Iterable[str], **spec: Any) -> None:
        """Apply these objects at once."""
        await _gathered(self.workspace.create(name, **spec) for name in names)

    async def objects(self) -> list[Body]:
        """As the API server has them now."""
        return await self.stage.plane.kube.list(kube.GPU_INSTANCES, self.workspace.namespace)

    async def _all(self) -> Objects:
        others = [body for each in self.relatives for body in await each.objects()]
        return Objects(await self.objects(), others)

    def owners(self) -> Mapping[str, Seen]:
        """Every object that there ever was, by its UID."""
        return {uid: seen for each in (self, *self.relatives) for uid, seen in each.observer.by_uid.items()}

    async def edit(self, names: Iterable[str], **spec: Any) -> None:
        await _gathered(self.workspace.edit(name, **spec) for name in names)

    async def delete(self, names: Iterable[str]) -> None:
        await _gathered(self.workspace.delete(name) for name in names)

    async def reach(self, names: Iterable[str], check: Check, what: str, *, seconds: float | None = None) -> bool:
        """Wait until all objects are so; those that are not in time are stuck. Notes how long faults took to heal."""
        end, waiting = time.monotonic() + (seconds or self.stage.patience), list(names)
        while waiting and time.monotonic() < end:
            assert not self.following.done(), f"the watch of the harness ended: {self.following.exception()!r}"
            self.observer.changed.clear()
            waiting = [name for name in waiting if not check(self.observer.bodies.get(name))]
            if waiting:
                await _pause(self.observer.changed, end - time.monotonic())
        if waiting:  # on a loaded machine the watch is late, and what the API server has counts
            now = {body["metadata"]["name"]: body for body in await self.objects()}
            waiting = [name for name in waiting if not check(now.get(name))]
        for name in waiting:
            body = self.observer.bodies.get(name) or {}
            self.stuck.setdefault(name, f"{name} is not {what}: {conditions(body)}")
        self._healed()
        return not waiting

    def _healed(self) -> None:
        now = time.monotonic()
        faults = [at for keeper in self.keepers for at in keeper.fired_at] + self.faults_at
        known = len(self.heal)
        if not self.stuck:
            self.heal += [now - at for at in sorted(faults)[known:]]

    def faulted(self) -> None:
        """Something was broken right now."""
        self.faults_at.append(time.monotonic())


async def _is_ready(process: OperatorProcess) -> bool:
    if not process.child.running:
        return False
    try:
        return (await process.page("readyz")).is_success
    except httpx.TransportError:
        return False


async def _gathered(calls: Iterable[Any]) -> None:
    for call in calls:
        await call


async def _pause(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), max(0.01, min(seconds, 1.0)))
    except TimeoutError:
        return


# --- Where objects are going ------------------------------------------------------------------------------------


def ready(body: Body | None) -> bool:
    """Ready, for its newest spec."""
    return _is(body, "Ready")


def stopped(body: Body | None) -> bool:
    """Stopped as its spec wants."""
    return _is(body, "Stopped")


def gone(body: Body | None) -> bool:
    return body is None


def _is(body: Body | None, reason: str) -> bool:
    if body is None or conditions(body).get("Ready") != ("True", reason):
        return False
    return bool((body["status"] or {}).get("observedGeneration") == body["metadata"]["generation"])


@asynccontextmanager
async def world(
    stage: Stage,
    name: str,
    *,
    settings: Mapping[str, str] | None = None,
    kubeconfig: Path | None = None,
    account: Mapping[str, Any] | None = None,
) -> AsyncIterator[World]:
    """A world of its own, taken away at the end. `settings` lie over SETTINGS, `account` over the account's spec."""
    workspace = await Workspace.make(stage.plane, stage.simulator, name, **(account or {}))
    await workspace.novita.set(acceleration=1, delays=dict(DELAYS))
    directory = stage.directory / workspace.namespace
    directory.mkdir()
    own = {
        "NOVITA_API_URL": stage.simulator.url,
        "WATCH_NAMESPACES": workspace.namespace,
        "CLUSTER_ID": "".join(secrets.choice(_CLUSTER_ALPHABET) for _ in range(8)),
    }
    observer = Observer(stage.plane.kube, workspace.namespace)
    following = asyncio.create_task(observer.follow())
    made = World(
        stage,
        workspace,
        directory,
        observer,
        {**SETTINGS, **own, **(settings or {})},
        kubeconfig or stage.plane.operator_kubeconfig,
        following,
    )
    made.sentinel.start()
    try:
        yield made
    finally:
        made.sentinel.stop()
        following.cancel()
        for keeper in made.keepers:
            await keeper.stop()
        await workspace.close()


@asynccontextmanager
async def secluded(stage: Stage, name: str, **how: Any) -> AsyncIterator[World]:
    """A world whose operators see no other account than their own: nobody else writes into its status."""
    config = stage.directory / f"{name}-{secrets.token_hex(4)}.kubeconfig"
    async with (
        proxied(stage.plane.operator_kubeconfig, config) as proxy,
        world(stage, name, kubeconfig=config, **how) as made,
    ):
        proxy.account = made.workspace.account_name
        yield made
