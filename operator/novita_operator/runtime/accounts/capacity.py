"""What a region was sold out of, remembered for a while."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class CapacityMemory:
    """Products that a region had none of: left alone for a while, so that a sold-out offer is not asked for again."""

    seconds: float
    _until: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def remember(self, product_id: str, region: str, billing: str, monotonic: float) -> None:
        self._until[(product_id, region, billing)] = monotonic + self.seconds

    def exhausted(self, monotonic: float) -> frozenset[tuple[str, str, str]]:
        """The (product id, region, billing) triples to leave alone now."""
        self._until = {offer: until for offer, until in self._until.items() if until > monotonic}
        return frozenset(self._until)

    def retry_in(self, monotonic: float) -> float:
        """Seconds until the first of them may be tried again."""
        return max(0.0, min(self._until.values(), default=monotonic) - monotonic)
