"""The kinds, as their CRDs need them: names, scope, columns of `kubectl get`, subresources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from novita_operator.api import kinds
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.api.gpu_instance_set.spec import GPUInstanceSetSpec
from novita_operator.api.gpu_instance_set.status import GPUInstanceSetStatus
from novita_operator.api.gpu_job.spec import GPUJobSpec
from novita_operator.api.gpu_job.status import GPUJobStatus
from novita_operator.api.kinds import Kind
from novita_operator.api.meta import LABEL_CHARS, Model
from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.api.novita_account.status import NovitaAccountStatus

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; wide ones appear with `-o wide`."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False
    format: str | None = None

    def to_wire(self) -> Schema:
        wire: Schema = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return wire | ({"priority": 1} if self.wide else {}) | ({"format": self.format} if self.format else {})


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind, as a CRD needs it. `name_chars`: the longest name, where it is shorter than Kubernetes allows."""

    of: Kind
    description: str
    spec: type[Model]
    status: type[Model]
    columns: tuple[Column, ...]
    scalable: bool = False
    name_chars: int | None = None

    @property
    def kind(self) -> str:
        return self.of.name

    @property
    def plural(self) -> str:
        return self.of.plural

    @property
    def short(self) -> str:
        return self.of.short

    @property
    def scope(self) -> str:
        return "Namespaced" if self.of.namespaced else "Cluster"


_READY = '.status.conditions[?(@.type=="Ready")]'
_AGE = Column("Age", ".metadata.creationTimestamp", "date")

RESOURCES = (
    Resource(
        of=kinds.GPU_INSTANCE,
        description="One GPU instance rented at Novita.ai: running, reachable, and gone when this object is gone.",
        spec=GPUInstanceSpec,
        status=GPUInstanceStatus,
        columns=(
            Column("Phase", ".status.phase"),
            Column("Ready", _READY + ".status"),
            Column("GPU", ".status.product.name"),
            Column("Count", ".spec.gpuCount", "integer"),
            Column("Region", ".status.region"),
            Column("$/h", ".status.pricePerHour"),
            # Novita's host names are so long that, shown always, it would not fit into 120 characters.
            Column("Endpoint", ".status.connection.endpoint", wide=True),
            _AGE,
            Column("ID", ".status.instanceId", wide=True),
            Column("Billing", ".spec.billing", wide=True),
            Column("Cost", ".status.cost.amount", wide=True),
            Column("Reason", _READY + ".reason", wide=True),
        ),
    ),
    Resource(
        of=kinds.NOVITA_ACCOUNT,
        description="One API key at Novita.ai: who may use it, its limits, its health, and what it pays for.",
        spec=NovitaAccountSpec,
        status=NovitaAccountStatus,
        columns=(
            Column("Ready", _READY + ".status"),
            Column("Balance", ".status.balance"),
            Column("$/h", ".status.pricePerHour"),
            Column("Hours-Left", ".status.hoursLeft"),
            Column("Managed", ".status.instances.managed", "integer"),
            Column("Orphaned", ".status.instances.orphaned", "integer"),
            _AGE,
            Column("Class", ".spec.className", wide=True),
        ),
    ),
    Resource(
        of=kinds.GPU_INSTANCE_SET,
        description="A number of GPUInstances made from one template, a few at a time.",
        spec=GPUInstanceSetSpec,
        status=GPUInstanceSetStatus,
        columns=(
            Column("Desired", ".spec.replicas", "integer"),
            Column("Current", ".status.replicas", "integer"),
            Column("Ready", ".status.readyReplicas", "integer"),
            Column("Updated", ".status.updatedReplicas", "integer"),
            Column("Failed", ".status.failedReplicas", "integer"),
            Column("$/h", ".status.pricePerHour"),
            _AGE,
            Column("Reason", _READY + ".reason", wide=True),
            Column("Selector", ".status.selector", wide=True),
        ),
        scalable=True,
        name_chars=LABEL_CHARS,
    ),
    Resource(
        of=kinds.GPU_JOB,
        description="A program that runs on a rented GPU instance until it ends; then the instance is released.",
        spec=GPUJobSpec,
        status=GPUJobStatus,
        columns=(
            Column("Status", ".status.phase"),
            Column("Attempts", ".status.attempts", "integer"),
            Column("Failed", ".status.failed", "integer"),
            Column("Instance", ".status.instanceName"),
            Column("Started", ".status.startTime", "date"),
            Column("Completed", ".status.completionTime", "date"),
            _AGE,
            Column("Reason", _READY + ".reason", wide=True),
            Column("Message", _READY + ".message", wide=True),
        ),
        name_chars=LABEL_CHARS,
    ),
)
