"""The operator with clocks of its own.

CLOCK_OFFSET: its wall clock is wrong by so many seconds; monotonic time goes on as it does.
CLOCK_SPEED: all of its time passes so many times as fast, every timer and time-out included. What takes minutes for
users takes seconds then, and no setting has to be shortened for it.
"""

from __future__ import annotations

import importlib
import os
import selectors
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

_OFFSET = timedelta(seconds=float(os.environ.get("CLOCK_OFFSET", "0")))
_SPEED = float(os.environ.get("CLOCK_SPEED", "1"))
_BEGAN_AT, _BEGAN = datetime.now(UTC), time.monotonic()


def _hurry() -> None:
    """Before anything else is imported, so that everybody gets the fast clock: asyncio asks `time.monotonic`, too."""
    monotonic, select = time.monotonic, selectors.DefaultSelector.select

    def fast() -> float:
        return _BEGAN + (monotonic() - _BEGAN) * _SPEED

    def selected(self: selectors.BaseSelector, timeout: float | None = None) -> object:
        return select(self, timeout if timeout is None else timeout / _SPEED)

    time.monotonic = fast
    selectors.DefaultSelector.select = selected  # type: ignore[method-assign, assignment]


def _now(_self: object) -> datetime:
    return _BEGAN_AT + timedelta(seconds=time.monotonic() - _BEGAN) + _OFFSET


def _be_patient(kopf_settings: Any) -> None:
    """Nor is it for kopf: with lists that are cut off, a start with some hundred objects took ten times as long."""
    configure = kopf_settings.configure

    def patient(settings: Any, **more: Any) -> None:
        configure(settings, **more)
        settings.networking.request_timeout *= _SPEED
        settings.watching.connect_timeout *= _SPEED
        settings.watching.client_timeout *= _SPEED
        settings.watching.inactivity_timeout *= _SPEED

    kopf_settings.configure = patient


def main() -> None:
    if _SPEED != 1:
        _hurry()
    # Only now: what is imported earlier keeps the slow clock.
    from novita_operator import cli
    from novita_operator.kube import client

    # Other checkouts can be judged, too: older ones have two clocks, elsewhere.
    for name in ("clock", "novita.clock", "runtime.clock"):
        with suppress(ModuleNotFoundError):
            importlib.import_module(f"novita_operator.{name}").SystemClock.now = _now
    client._TIMEOUT_SECONDS *= _SPEED  # the API server is no faster than ever
    with suppress(ModuleNotFoundError):
        pages = importlib.import_module("novita_operator.kube.pages")
        pages._QUICK_SECONDS *= _SPEED
        pages._SLOW_SECONDS *= _SPEED
    with suppress(ModuleNotFoundError):
        _be_patient(importlib.import_module("novita_operator.runtime.kopf_settings"))
    for name in ("controllers.gpu_instance.launch", "controllers.gpu_instance.launching.launcher"):
        with suppress(ModuleNotFoundError):
            launcher = importlib.import_module(f"novita_operator.{name}")
            launcher._INTENT_VALID_SECONDS *= _SPEED  # nor is the way from the note of intent to the call
    cli.app(["run"])


if __name__ == "__main__":
    main()
