"""Domain values: what the rest of the operator sees of Novita.

Slim, since ten thousand of them are kept at a time: slots, and no raw JSON. `decoding.py` makes them from the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import SecretStr

from novita_operator.novita.states import InstanceState, state_of

__all__ = ["InstanceState", "state_of"]

Protocol = Literal["HTTP", "TCP"]


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A port to be made reachable."""

    port: int
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class PortMapping:
    """A port and where it can be reached; the endpoint is empty until the instance runs."""

    port: int
    protocol: Protocol
    endpoint: str


@dataclass(frozen=True, slots=True)
class Ssh:
    """The ssh command, and the password of its user."""

    command: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class WebTerminal:
    """The web terminal."""

    address: str
    username: str
    password: SecretStr


_RECLAIMED = frozenset({"notified", "reclaiming", "terminated"})


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance. `word` is Novita's own status. Lists lack ssh, jupyter and web terminal.

    `price_per_hour`: USD for the whole instance, where Novita tells it (novita-api 1.10).
    """

    id: str
    name: str
    word: str
    state: InstanceState
    error: str = ""
    cluster_id: str = ""
    cluster_name: str = ""
    product_id: str = ""
    product_name: str = ""
    gpu_count: int = 0
    price_per_hour: Decimal | None = None
    image: str = ""
    billing_mode: str = ""
    rootfs_gb: int = 0
    spot_status: str = ""
    spot_reclaim_at: datetime | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    ports: tuple[PortMapping, ...] = ()
    ssh: Ssh | None = None
    jupyter: str = ""
    web_terminal: WebTerminal | None = None
    jobs: tuple[str, ...] = ()
    bare: bool = field(default=False, compare=False)
    """Shown without times or spot fields, as documented lists do: only a check by id tells of starts and reclaims."""

    @property
    def is_spot(self) -> bool:
        """Whether it is billed as a spot instance (novita-api 1.12)."""
        return self.billing_mode.lower() == "spot"

    @property
    def reclaimed(self) -> bool:
        """Whether Novita takes a spot instance back, or has done so (novita-api 1.12).

        One that has ended with a time of reclaim was taken, whatever its spot status says (novita-api 10).
        """
        taken = self.state is InstanceState.EXITED and self.spot_reclaim_at is not None
        return taken or self.spot_status.lower() in _RECLAIMED


@dataclass(frozen=True, slots=True)
class Utilization:
    """How busy something was at one moment, in percent."""

    at: datetime
    percent: Decimal


Curve = tuple[Utilization, ...]
"""Oldest first; empty where Novita has recorded nothing."""


@dataclass(frozen=True, slots=True)
class GpuUsage:
    """One GPU of an instance."""

    id: str
    busy: Curve
    memory: Curve


@dataclass(frozen=True, slots=True)
class Usage:
    """What of an instance is used: of its GPUs the means, and each by itself; CPU, memory and root disk."""

    gpu: Curve = ()
    gpu_memory: Curve = ()
    gpus: tuple[GpuUsage, ...] = ()
    cpu: Curve = ()
    memory: Curve = ()
    disk: Curve = ()


@dataclass(frozen=True, slots=True)
class NetworkVolume:
    """A network volume; it lives in one cluster."""

    id: str
    name: str
    cluster_id: str
    size_gb: int


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """A network volume and where it is mounted."""

    volume_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product. Prices are USD per GPU and hour; None where it is not offered so. Sizes are GB."""

    id: str
    name: str
    regions: tuple[str, ...] = ()
    available: bool = True
    inventory: str = ""
    min_rootfs_gb: int = 0
    max_rootfs_gb: int = 0
    price_per_gpu_hour: Decimal | None = None
    spot_price_per_gpu_hour: Decimal | None = None
    billing_methods: tuple[str, ...] = ()
    memory_per_gpu: int = 0
    cpu_per_gpu: int = 0

    def price_per_hour(self, *, spot: bool, gpu_count: int) -> Decimal | None:
        """What so many of its GPUs cost, USD per hour; None where it is not offered so."""
        price = self.spot_price_per_gpu_hour if spot else self.price_per_gpu_hour
        return None if price is None else price * max(1, gpu_count)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A region. `code` is the part of the label before the first space, such as `US-CA-06`."""

    id: str
    name: str

    @property
    def code(self) -> str:
        return self.name.strip().split(" ", 1)[0]


@dataclass(frozen=True, slots=True)
class Template:
    """A template, as far as an instance takes anything from it."""

    id: str
    name: str
    image: str
    image_auth_id: str | None = None
    command: str = ""
    entrypoint: str = ""
    rootfs_gb: int = 0
    ports: tuple[PortSpec, ...] = ()
    env: tuple[tuple[str, SecretStr], ...] = ()
    jupyter: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """The account's money, USD."""

    available: Decimal
    credit_limit: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """A create call (novita-api 2A.1). Sizes are GB."""

    name: str
    product_id: str
    gpu_count: int
    rootfs_gb: int
    image: str
    cluster_id: str  # "" leaves the choice to Novita
    billing: Literal["OnDemand", "Spot"] = "OnDemand"
    image_auth: SecretStr | None = None
    image_auth_id: str | None = None
    ports: tuple[PortSpec, ...] = ()
    env: tuple[tuple[str, SecretStr], ...] = field(default=(), repr=False)
    jupyter: bool = False
    command: str = ""
    entrypoint: str = ""
    volumes: tuple[VolumeMount, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """The body. It holds secrets: it is handed to the transport and to nothing else."""
        body: dict[str, Any] = {
            "name": self.name,
            "kind": "gpu",
            "productId": self.product_id,
            "gpuNum": self.gpu_count,
            "rootfsSize": self.rootfs_gb,
            "imageUrl": self.image,
            "clusterId": self.cluster_id,
            "billingMode": "spot" if self.billing == "Spot" else "onDemand",
        }
        optional: dict[str, Any] = {
            "ports": ", ".join(f"{port.port}/{port.protocol.lower()}" for port in self.ports),
            "envs": [{"key": key, "value": value.get_secret_value()} for key, value in self.env],
            "command": self.command,
            "entrypoint": self.entrypoint,
            "imageAuth": self.image_auth.get_secret_value() if self.image_auth is not None else "",
            "imageAuthId": self.image_auth_id,
            "tools": [dict(_JUPYTER)] if self.jupyter else [],
            "networkStorages": [{"Id": each.volume_id, "mountPoint": each.path} for each in self.volumes],
        }
        return body | {key: value for key, value in optional.items() if value}

    def secrets(self) -> tuple[str, ...]:
        """The values that no message and no log may repeat: of the environment, and of the registry's credentials."""
        auth = self.image_auth.get_secret_value() if self.image_auth is not None else ""
        password = auth.partition(":")[2]
        return (auth, password, *(value.get_secret_value() for _, value in self.env))


# The port that Jupyter listens on in Novita's own images (novita-api 2A.1).
_JUPYTER: Mapping[str, str] = {"name": "Jupyter", "port": "8888", "type": "http"}
