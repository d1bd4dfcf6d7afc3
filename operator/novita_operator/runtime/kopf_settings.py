"""How kopf runs here: a source of watch events and of the account timer, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator

import kopf

from novita_operator.api import meta


class _EndlessBackoff:
    """1, 2, 4, … 60 s with jitter, for ever: an API server that is down must not end the watch silently."""

    def __iter__(self) -> Iterator[float]:
        pause = 1.0
        while True:
            yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
            pause = min(60.0, pause * 2)


class _NoDiffs(kopf.DiffBaseStorage):
    """We compare nothing by what kopf remembers: its copy of each object, at each change, is work for nothing."""

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:  # noqa: ARG002 - kopf's names
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Nowhere."""


def configure(settings: kopf.OperatorSettings, *, grace_seconds: float) -> None:
    """Settings that were measured (reliability: kopf's traps). Nothing may ever write kopf's own annotations."""
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.finalizer = f"{meta.GROUP}/account-timer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=meta.GROUP)
    settings.persistence.diffbase_storage = _NoDiffs()
    # A watch is renewed every few minutes, on the server's side first, so that a frozen connection is noticed.
    settings.watching.server_timeout = 290
    settings.watching.client_timeout = 300
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1.0
    settings.watching.chunk_size = 500
    settings.networking.request_timeout = 30
    settings.networking.error_backoffs = _EndlessBackoff()
    # kopf's finalizer goes once the timer has ended: a tick takes milliseconds, a whole poll seconds. By default kopf
    # looks again after a minute only, and an account is that long in deletion.
    settings.background.instant_exit_timeout = 0.1
    settings.background.cancellation_polling = 1.0
    settings.queueing.exit_timeout = 2.0
    # For each object that has changed, kopf keeps a task with its last event for so long; five seconds by default.
    settings.queueing.idle_timeout = 0.5
    settings.process.ultimate_exiting_timeout = grace_seconds + 10
