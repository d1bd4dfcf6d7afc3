"""GPUInstanceSets, wired."""

from __future__ import annotations

from functools import partial

from novita_operator.api import kinds, meta
from novita_operator.controllers.gpu_instance_set import handlers
from novita_operator.controllers.gpu_instance_set.reconciler import Reconciler
from novita_operator.reconciling.children import Children
from novita_operator.reconciling.claims import Claims
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.core import RESYNC_SECONDS, Core, Wired
from novita_operator.runtime.intake import Intake


def wire(core: Core) -> Wired:
    """The kind with all its parts; nothing runs yet."""
    claims = Claims(core.kube, core.cache, kinds.GPU_INSTANCE_SET, meta.SET_LABEL, adopts=True)
    children = Children(core.kube, core.cache, meta.SET_LABEL, claims)
    reconciler = Reconciler(
        kube=core.kube,
        cache=core.cache,
        children=children,
        publisher=Publisher(kinds.GPU_INSTANCE_SET, core.kube, core.cache, core.recorder, core.clock),
        clock=core.clock,
        resync_seconds=RESYNC_SECONDS,
    )
    intake = Intake(kinds.GPU_INSTANCE_SET, core.cache, core.queue, handlers.Ears(children))
    return Wired(intake, reconciler, partial(handlers.register, intake=intake))
