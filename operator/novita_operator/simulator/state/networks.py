"""Private networks of the account (novita-api 2A.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from novita_operator.simulator import refusal
from novita_operator.simulator.state.instance import Instance

_FIRST_HOST = 10  # what comes before belongs to the network itself
_HOSTS = 240


@dataclass(slots=True)
class Network:
    """One network of one cluster; `created_at` in virtual Unix seconds."""

    id: str
    name: str
    cluster_id: str
    created_at: float
    number: int

    @property
    def prefix(self) -> str:
        return f"10.{self.number // 256 % 256}.{self.number % 256}"


class Networks:
    """In order of their making; names are not unique."""

    def __init__(self) -> None:
        self._by_id: dict[str, Network] = {}
        self._made = 0

    def __iter__(self) -> Iterator[Network]:
        return iter(self._by_id.values())

    def add(self, network_id: str, name: str, cluster_id: str, at: float) -> Network:
        self._made += 1
        self._by_id[network_id] = Network(network_id, name, cluster_id, at, self._made)
        return self._by_id[network_id]

    def get(self, network_id: str) -> Network:
        """Raises Gone."""
        found = self._by_id.get(network_id)
        if found is None:
            raise refusal.Gone("network not found", "NETWORK_NOT_FOUND")
        return found

    def remove(self, network_id: str) -> None:
        """Raises Gone."""
        self.get(network_id)
        del self._by_id[network_id]

    def ip_of(self, instance: Instance) -> str:
        """The address of an instance in its network; "" where it has none."""
        network = self._by_id.get(instance.order.network_id)
        return "" if network is None else f"{network.prefix}.{_FIRST_HOST + instance.seq % _HOSTS}"
