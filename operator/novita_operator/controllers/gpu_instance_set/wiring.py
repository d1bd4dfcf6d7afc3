"""GPUInstanceSets, wired."""

from __future__ import annotations

from functools import partial

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance_set import handlers
from novita_operator.controllers.gpu_instance_set.reconciler import Reconciler
from novita_operator.kube.children import Children
from novita_operator.runtime.core import RESYNC_SECONDS, Core, Wired


def wire(core: Core) -> Wired:
    """The kind with all its parts; nothing runs yet."""
    reconciler = Reconciler(
        kube=core.kube,
        cache=core.cache,
        children=Children(core.kube, core.cache, meta.SET_LABEL),
        recorder=core.recorder,
        clock=core.clock,
        resync_seconds=RESYNC_SECONDS,
    )
    intake = handlers.Intake(reconciler, core.cache, core.queue)
    return Wired(intake, reconciler, partial(handlers.register, intake=intake))
