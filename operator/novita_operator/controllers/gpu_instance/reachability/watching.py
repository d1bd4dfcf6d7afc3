"""All that is looked at in the background while an instance runs: ports, names, host key, and the keys of people."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.reachability.authorized_keys import Granted
from novita_operator.controllers.gpu_instance.reachability.authorizing import Authorizing
from novita_operator.controllers.gpu_instance.reachability.host_keys import Shown
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
    authorizing: Authorizing

    def follow(self, key: Key, resource: GPUInstance, instance: Instance | None, *, wanted: bool) -> Reach:
        """What is known; from now on it is looked at, or no longer where nobody wants the instance."""
        return together(
            self.probing.follow(key, resource, instance, wanted=wanted),
            self.introductions.follow(key, resource, instance, wanted=wanted),
            self.authorizing.follow(key, resource, instance, wanted=wanted),
        )

    def known(self, key: Key, resource: GPUInstance, instance: Instance | None) -> Reach:
        """The same where what Novita shows is not known now: what is watched goes on being watched."""
        return together(
            self.probing.known(key, resource, instance),
            self.introductions.known(key, resource),
            self.authorizing.known(key, resource, instance),
        )

    def forget(self, key: Key) -> None:
        """The object is gone, or nothing is to be looked at."""
        self.probing.forget(key)
        self.introductions.forget(key)
        self.authorizing.forget(key)

    async def run(self) -> None:
        """Look at whatever is due, for ever."""
        async with asyncio.TaskGroup() as looks:
            looks.create_task(self.probing.run())
            looks.create_task(self.introductions.run())
            looks.create_task(self.authorizing.run())

    async def aclose(self) -> None:
        await self.probing.aclose()


def together(reach: Reach, host_key: Shown, keys: Granted) -> Reach:
    """Keys that are not there yet stand in the way as a silent port does, and after it."""
    reach = replace(reach, host_key=host_key, keys=keys)
    if keys.usable or not reach.usable:
        return reach
    hindrance = keys.known.hindrance
    said = f" (it {host_key.why})" if host_key.why and host_key.key is None else ""
    return replace(reach, usable=False, why=f"{keys.why}{said}", stalled=hindrance is not None and hindrance.stalled)
