"""Going away without losing a paid call: stop taking keys, let passes end, then let kopf end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

_SECOND_SIGNAL_EXIT = 1


@dataclass
class Shutdown:
    """Set once by SIGTERM or SIGINT. A second signal ends the process at once: intents cover what is under way."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def install(self) -> None:
        """Replace kopf's own signal handlers, which would cancel passes in the middle of a paid call."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, number)

    @property
    def under_way(self) -> bool:
        return self.asked.is_set()

    def _signalled(self, number: signal.Signals) -> None:
        if self.asked.is_set():
            logger.warning("second %s: leaving at once", signal.Signals(number).name)
            os._exit(_SECOND_SIGNAL_EXIT)
        logger.info("%s: taking no more work, letting calls under way end", signal.Signals(number).name)
        self.asked.set()
