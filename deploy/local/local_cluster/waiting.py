"""Wait for a server that was started, as long as it lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local_cluster import processes
from local_cluster.errors import CannotStart
from local_cluster.processes import Started

Ready = Callable[[], bool]
_START_SECONDS = 240.0  # 3 s on an idle machine; two cores with sixty processes that want them have needed 110
_LOOK_SECONDS = 0.05  # between looks at whether it is ready: a twentieth of a step that takes about a second


def until(ready: Ready, name: str, started: Mapping[str, Started], log_of: Callable[[str], Path]) -> None:
    """Until `ready`. Raises CannotStart with the end of a log when one of the processes ends, or after four minutes."""
    end = time.monotonic() + _START_SECONDS
    while not ready():
        dead = next((each for each, process in started.items() if not process.alive), None)
        if dead is not None or time.monotonic() > end:
            what = f"{dead} ended" if dead else f"{name} was not ready within {_START_SECONDS:.0f} s"
            log = log_of(dead or name)
            raise CannotStart(f"{what}; the end of {log}:\n{processes.tail(log)}")
        time.sleep(_LOOK_SECONDS)
