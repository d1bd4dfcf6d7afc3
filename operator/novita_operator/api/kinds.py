"""The kinds, by name: group, plural and short name stand here once."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import meta


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of ours. `plural` is what URLs, keys and RBAC say; `short` is for kubectl."""

    name: str
    plural: str
    short: str
    namespaced: bool = True

    @property
    def path(self) -> str:
        """The URL of its objects, below the API server's."""
        where = "/namespaces/{namespace}" if self.namespaced else ""
        return f"/apis/{meta.GROUP}/{meta.VERSION}{where}/{self.plural}"

    @property
    def path_of_all(self) -> str:
        """The URL of its objects in all namespaces."""
        return f"/apis/{meta.GROUP}/{meta.VERSION}/{self.plural}"


GPU_INSTANCE = Kind("GPUInstance", "gpuinstances", "gpui")
NOVITA_ACCOUNT = Kind("NovitaAccount", "novitaaccounts", "nva", namespaced=False)
GPU_INSTANCE_SET = Kind("GPUInstanceSet", "gpuinstancesets", "gpuset")
GPU_JOB = Kind("GPUJob", "gpujobs", "gpujob")

ALL = (GPU_INSTANCE, NOVITA_ACCOUNT, GPU_INSTANCE_SET, GPU_JOB)
OWNERS = (GPU_INSTANCE_SET, GPU_JOB)
"""Those that own GPUInstances."""


def of(plural: str) -> Kind:
    """The kind of this plural name. Raises KeyError."""
    return {kind.plural: kind for kind in ALL}[plural]
