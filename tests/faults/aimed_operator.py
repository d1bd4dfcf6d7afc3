"""The operator, killed at one moment of its work on each job, once for each.

`python aimed_operator.py MOMENT FOLDER`: a crash point, or `first>then`: at the second one in a pass over the job
itself, once this process has been at the first one for it. Right before, a file with the job's name is made in FOLDER;
a job that has one is left in peace. Names of jobs have no dash, those of their instances begin with it. The product has
no such switch: that one job among many is meant is known from outside, by what each task works on.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from novita_operator import cli, crashpoints
from novita_operator.controllers.gpu_instance import reconciler as instances
from novita_operator.controllers.gpu_job import reconciler as jobs
from novita_operator.controllers.gpu_job.attending.attendant import Attendant
from novita_operator.kube.cache import Key

_worked_on: ContextVar[str] = ContextVar("the object that this task works on", default="")


def aim(moment: str, folder: Path) -> None:
    """From now on each job's moment ends the process."""
    first, _, then = moment.rpartition(">")
    been_at: set[str] = set()

    def reached(name: str) -> None:
        worked_on = _worked_on.get()
        job = worked_on.partition("-")[0]
        if not job or (folder / job).exists():
            return
        if name == then and (not first or (job in been_at and worked_on == job)):
            (folder / job).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if name == first:
            been_at.add(job)

    crashpoints.reached = reached


def _noted(whole: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def noting(self: Any, key: Key, *rest: Any) -> Any:
        _worked_on.set(key.name)
        return await whole(self, key, *rest)

    return noting


def main() -> None:
    for owner, name in ((jobs.Reconciler, "reconcile"), (instances.Reconciler, "reconcile"), (Attendant, "_visit")):
        setattr(owner, name, _noted(getattr(owner, name)))
    aim(sys.argv[1], Path(sys.argv[2]))
    cli.app(["run"])


if __name__ == "__main__":
    main()
