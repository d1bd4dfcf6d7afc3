"""GPUJobs, wired."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from novita_operator.api import kinds, meta
from novita_operator.controllers.gpu_job import handlers
from novita_operator.controllers.gpu_job.attending.attendant import Attendant
from novita_operator.controllers.gpu_job.observing.observation import Pauses
from novita_operator.controllers.gpu_job.reconciler import Reconciler
from novita_operator.kube.belongings import Belongings
from novita_operator.machines.pool import Pool
from novita_operator.machines.programs.programs import Programs
from novita_operator.reconciling.children import Children
from novita_operator.reconciling.claims import Claims
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.core import RESYNC_SECONDS, Core, Wired
from novita_operator.runtime.intake import Intake

# As many as there may be connections to machines: each program that runs holds one.
_MOST_PROGRAMS = 512


@dataclass(frozen=True, slots=True)
class Jobs:
    """The kind, and what works beside its reconciler."""

    kind: Wired
    attendant: Attendant


def wire(core: Core, machines: Pool) -> Jobs:
    """The kind with all its parts; nothing runs yet."""
    attendant = Attendant(Programs(machines), Belongings(core.kube), core.queue.add, core.clock, _MOST_PROGRAMS)
    claims = Claims(core.kube, core.cache, kinds.GPU_JOB, meta.JOB_LABEL, adopts=False)
    children = Children(core.kube, core.cache, meta.JOB_LABEL, claims)
    reconciler = Reconciler(
        kube=core.kube,
        cache=core.cache,
        children=children,
        publisher=Publisher(kinds.GPU_JOB, core.kube, core.cache, core.recorder, core.clock),
        recorder=core.recorder,
        clock=core.clock,
        pauses=Pauses(first=core.settings.backoff_base / 1000, longest=core.settings.backoff_max / 1000),
        resync_seconds=RESYNC_SECONDS,
        attendant=attendant,
    )
    intake = Intake(kinds.GPU_JOB, core.cache, core.queue, handlers.Ears(children))
    return Jobs(Wired(intake, reconciler, partial(handlers.register, intake=intake)), attendant)
