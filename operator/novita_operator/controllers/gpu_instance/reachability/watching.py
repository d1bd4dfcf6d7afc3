"""All that is looked at in the background while an instance runs: its ports, its names, its host key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.reachability.introducing import Introductions
from novita_operator.controllers.gpu_instance.reachability.ports import Reach
from novita_operator.controllers.gpu_instance.reachability.prober import Probing
from novita_operator.kube.cache import Key
from novita_operator.novita.models import Instance


@dataclass(frozen=True, slots=True)
class Watching:
    """No pass ever waits for a look; each reads what the last ones have shown."""

    probing: Probing
    introductions: Introductions

    def follow(self, key: Key, resource: GPUInstance, instance: Instance | None, *, wanted: bool) -> Reach:
        """What is known; from now on it is looked at, or no longer where nobody wants the instance."""
        reach = self.probing.follow(key, resource, instance, wanted=wanted)
        return replace(reach, host_key=self.introductions.follow(key, resource, instance, wanted=wanted))

    def known(self, key: Key, resource: GPUInstance, instance: Instance | None) -> Reach:
        """The same where what Novita shows is not known now: what is watched goes on being watched."""
        reach = self.probing.known(key, resource, instance)
        return replace(reach, host_key=self.introductions.known(key, resource))

    def forget(self, key: Key) -> None:
        """The object is gone, or nothing is to be looked at."""
        self.probing.forget(key)
        self.introductions.forget(key)

    async def run(self) -> None:
        """Look at whatever is due, for ever."""
        async with asyncio.TaskGroup() as looks:
            looks.create_task(self.probing.run())
            looks.create_task(self.introductions.run())

    async def aclose(self) -> None:
        await self.probing.aclose()
