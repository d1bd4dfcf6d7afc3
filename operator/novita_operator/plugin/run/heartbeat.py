"""The sign of life of a run: the annotation gpu.novita.ai/last-used, by which spec.lifetime.idle knows that it goes on.

It is written by another thread, since the run itself waits for programs.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing

PERIOD_SECONDS = 60.0
"""Four may be missing before the machine ends."""


@dataclass
class Heart:
    """Beats for one object, known by its UID, until it is stopped or the object is gone."""

    found: GPUInstance
    _began: float = field(default_factory=time.monotonic)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _told: bool = False

    def beat(self) -> bool:
        """Whether another one makes sense."""
        try:
            cluster.ask(self._write)
        except (errors.NotFound, errors.Conflict):
            return False
        except errors.KubeError as error:
            if not self._told:
                printing.note(f"The sign of life of {self.found.meta.name} could not be written: {error}. Tried again.")
            self._told = True
        else:
            self._told = False
        return True

    def go_on(self) -> None:
        """Until it is stopped."""
        while self.beat() and not self._stopped.wait(PERIOD_SECONDS):
            pass

    def stop(self) -> None:
        self._stopped.set()

    async def _write(self, reader: Reader) -> None:
        at = self.found.meta
        # The cluster's time carried on: this computer's clock may be wrong by hours.
        now = at.created_at + timedelta(seconds=time.monotonic() - self._began)
        change = {"metadata": {"uid": at.uid, "annotations": {meta.LAST_USED: f"{now:%Y-%m-%dT%H:%M:%SZ}"}}}
        await reader.patch(cluster.INSTANCES, at.namespace, at.name, change)


@contextlib.contextmanager
def beating(found: GPUInstance) -> Iterator[None]:
    """From now on to the end of the block."""
    heart, context = Heart(found), contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(heart.go_on,), daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        heart.stop()
        thread.join(timeout=5)  # a call that hangs does not hold up the end
