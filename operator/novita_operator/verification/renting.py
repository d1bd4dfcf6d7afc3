"""The paid part: one instance lives for some minutes, and is ended whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from novita_operator.machines.programs.program import MARK
from novita_operator.novita import decoding
from novita_operator.novita.models import Ssh
from novita_operator.novita.states import state_of
from novita_operator.verification import entering
from novita_operator.verification.budget import Rental
from novita_operator.verification.calling import GPU, Caller
from novita_operator.verification.ending import Ending
from novita_operator.verification.evidence import Ask, Item, Life, Reply, unwrapped
from novita_operator.verification.tracing import Trace

_IMAGE = "docker.io/library/ubuntu:22.04"  # small, and named in Novita's own documents
_MOST_POLLS = 12  # of the list, for a new instance: a minute
_POLL_SECONDS = 5.0  # between polls (novita-api 1.6)
_RUNNING_POLLS = 6  # connection details may come some time after `running`


@dataclass
class Tenancy:
    """One rented instance: what it says, and that it ends. `say` tells people what goes on."""

    caller: Caller
    rental: Rental
    say: Callable[[str], None]
    replies: dict[Ask, Reply] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.trace = Trace(self.caller)
        self.life = Life(self.trace.name)

    async def live(self) -> None:
        """Rent, watch, end. The end also comes when this is cancelled, or fails. Raises ending.NotEnded."""
        began = self.caller.clock.monotonic()
        creating = asyncio.ensure_future(self.caller.post(f"{GPU}/gpu/instance/create", self._order()))
        try:
            # Whoever cancels this must not cut the call off: its answer has the id of what is to be ended.
            await self._created(await asyncio.shield(creating))
            await self._watch(began + self.rental.seconds)
        finally:
            if Ask.CREATE not in self.replies:
                await self._created(await creating)
            ending = Ending(self.caller, self.trace, self.say)
            await ending.run(self.replies[Ask.CREATE])
            self.replies |= ending.replies
            self.seconds = self.caller.clock.monotonic() - began
            self.life = replace(self.life, seconds_to_end=ending.seconds)

    async def _created(self, reply: Reply) -> None:
        self.replies[Ask.CREATE] = reply
        self.trace.id = decoding.created_id(reply.body) if reply.is_success else ""
        self.say(f"the create call was answered with {reply.word}")

    def _order(self) -> dict[str, object]:
        return {
            "name": self.trace.name,
            "kind": "gpu",
            "productId": self.rental.product_id,
            "gpuNum": 1,
            "rootfsSize": self.rental.rootfs_gb,
            "imageUrl": _IMAGE,
            "clusterId": "",
            "billingMode": "onDemand",
            "ports": "8080/http, 5000/tcp",
            "command": "sleep 3600",
            "envs": [{"key": MARK, "value": self.trace.name}],
        }

    async def _watch(self, until: float) -> None:
        """Polls until it runs with its connection details, has ended by itself, or its time is over."""
        running = 0
        for poll in range(1, _MOST_POLLS + 1):
            if not self.trace.id or self.caller.clock.monotonic() >= until:
                return
            reply = await self.trace.listed()
            if self.trace.among(reply):
                self.replies[Ask.FOUND_BY_NAME] = reply
                self.life = replace(self.life, polls=poll)
                break
            await self.caller.clock.sleep(_POLL_SECONDS)
        while self.caller.clock.monotonic() < until and running < _RUNNING_POLLS:
            item = await self._read()
            running += item.get("status") == "running"
            if (ssh := _ssh(item)) is not None:
                start = {"instanceId": self.trace.id}
                self.replies[Ask.START] = await self.caller.post(f"{GPU}/gpu/instance/start", start)
                await self._enter(ssh, until - self.caller.clock.monotonic())
            if ssh is not None or _is_over(item):
                return
            await self.caller.clock.sleep(_POLL_SECONDS)

    async def _enter(self, ssh: Ssh, seconds: float) -> None:
        found = await entering.enter(ssh, self.trace.name, self.caller.clock, seconds)
        self.life = replace(self.life, entered=found)
        self.say(f"a login by ssh was tried: {found.door}")

    async def _read(self) -> Item:
        reply = await self.trace.detail()
        self.life = replace(self.life, details=(*self.life.details, reply))
        item = unwrapped(reply.body) if reply.is_success else {}
        self.say(f"the instance is {item.get('status') or 'not shown'}")
        return item


def _ssh(item: Item) -> Ssh | None:
    """How to get in, once it runs."""
    return decoding.instance(item).ssh if item.get("status") == "running" else None


def _is_over(item: Item) -> bool:
    word = str(item.get("status") or "")
    return state_of(word).is_leaving or word == "exited"
