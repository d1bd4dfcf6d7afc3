"""One simulated instance: what was ordered, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from novita_operator.simulator.offer.catalog import Shelf
from novita_operator.simulator.state.order import Order, Port


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach it; a new one each time that it is placed on a node."""

    ssh_port: int
    ssh_password: str
    terminal_password: str
    host_ports: tuple[int, ...]
    address: str


@dataclass(slots=True)
class Failure:
    """`statusError` of the API."""

    state: str = ""
    message: str = ""


@dataclass(slots=True, eq=False)
class Instance:
    """Changed by `lifecycle` and `actions` only. Times are virtual Unix seconds, 0 = never."""

    id: str
    seq: int
    order: Order
    shelf: Shelf
    price_per_hour: Decimal
    created_at: float
    word: str = ""
    token: int = 0  # of the status clock: a transition that was planned for an earlier token is void
    holding: bool = True
    frozen: bool = False
    failure: Failure = field(default_factory=Failure)
    ports: tuple[Port, ...] = field(init=False)
    rootfs_gb: int = field(init=False)
    connection: Connection | None = None
    endpoints: Mapping[str, str] | None = None  # where `ssh` and ports really lead, if a machine stands behind it
    image_cached: bool = False
    spot_status: str = ""
    spot_reclaim_at: float = 0
    started_at: float = 0
    first_started_at: float = 0
    stopped_at: float = 0
    running_since: float = 0
    job_id: str = ""
    paid_until: float = 0  # of a subscription; 0 = pay as you go
    auto_renew_months: int = 0
    auto_migrate: bool = False
    auto_migrate_disk: bool = False
    utilisation: float = 55.0  # percent of the GPU; what the metrics endpoint swings around
    extra: dict[str, Any] = field(default_factory=dict)  # raw fields laid over the reply, by control only

    def __post_init__(self) -> None:
        self.ports = self.order.ports
        self.rootfs_gb = self.order.rootfs_gb

    @property
    def name(self) -> str:
        return self.order.name

    @property
    def sort_key(self) -> tuple[float, int]:
        return (self.created_at, self.seq)
