"""How much memory operators took beyond what they had once they worked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.operator_process import OperatorProcess
from tests.support.processes import Child

_PERIOD_SECONDS = 0.2
_FIELDS = re.compile(r"^(VmHWM|VmRSS):\s+(\d+) kB", re.MULTILINE)
_KIB = 1024


@dataclass
class Memory:
    """`growth`: MiB, from what a process had when it first served its pages to the most that it ever had."""

    running: Callable[[], Sequence[OperatorProcess]]
    growth: float = 0.0
    _first: dict[int, int] = field(default_factory=dict)

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            for operator in self.running():
                if operator.port_file.exists() and isinstance(operator.child, Child):
                    self._look(operator.child)
            await asyncio.sleep(_PERIOD_SECONDS)

    def _look(self, child: Child) -> None:
        try:
            text = Path(f"/proc/{child.process.pid}/status").read_text()
        except OSError:
            return  # it has just ended
        found = {name: int(kib) for name, kib in _FIELDS.findall(text)}
        if found:  # one that has ended and that nobody has waited for has none
            first = self._first.setdefault(child.process.pid, found["VmRSS"])
            self.growth = max(self.growth, (found["VmHWM"] - first) / _KIB)
