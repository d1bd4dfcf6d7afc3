"""The operator, telling how many asyncio tasks it has: `python -m tests.bench.counted_operator run`.

A thread of its own writes the number to `TASKS_FILE` once a second; the operator itself is as it is.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path


class _Policy(asyncio.DefaultEventLoopPolicy):
    """Remembers the loop that the operator runs on: the first that is made."""

    loop: asyncio.AbstractEventLoop | None = None

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        made = super().new_event_loop()
        _Policy.loop = _Policy.loop or made
        return made


def _count(path: Path) -> None:
    while True:
        time.sleep(1)
        if _Policy.loop is not None:
            unfinished = path.with_suffix(".tmp")
            unfinished.write_text(str(len(asyncio.all_tasks(_Policy.loop))))
            unfinished.replace(path)


def main() -> None:
    asyncio.set_event_loop_policy(_Policy())
    threading.Thread(target=_count, args=(Path(os.environ["TASKS_FILE"]),), daemon=True).start()
    from novita_operator.cli import app

    app()


if __name__ == "__main__":
    main()
