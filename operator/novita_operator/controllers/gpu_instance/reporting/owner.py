"""Which set or job an object belongs to, for its status. Pure."""

from __future__ import annotations

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import OwnerStatus
from novita_operator.reconciling import owned


def of(resource: GPUInstance) -> OwnerStatus | None:
    """As its metadata says; what it has lost since stays, as `kubectl replace` keeps the status and nothing else."""
    at, old = resource.meta, resource.status.owner
    controller = at.controller
    if controller is None:
        return old
    if controller.kind not in owned.PLURALS or not controller.api_version.startswith(f"{meta.GROUP}/"):
        return None
    before = old.labels if old is not None and old.uid == controller.uid else {}
    ours = {name: value for name, value in at.labels.items() if name in owned.LABELS}
    return OwnerStatus(kind=controller.kind, name=controller.name, uid=controller.uid, labels={**before, **ours})
