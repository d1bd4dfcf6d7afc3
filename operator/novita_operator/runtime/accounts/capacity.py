"""What a region was sold out of, remembered for a while; and how long the catalogue has said that there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

# So many times the memory of one refusal: the catalogue is believed for so long, and then a create call asks itself.
_BELIEVED = 2
Stock = tuple[str, str, int]
"""What the catalogue has none of: product (id or name), billing, number of GPUs."""


@dataclass
class CapacityMemory:
    """Products that a region had none of: left alone for a while, so that a sold-out offer is not asked for again."""

    seconds: float
    _until: dict[tuple[str, str, str], float] = field(default_factory=dict)
    _none_since: dict[Stock, float] = field(default_factory=dict)
    _none_seen: dict[Stock, float] = field(default_factory=dict)

    def doubts(self, stock: Stock, monotonic: float) -> bool:
        """The catalogue has none of this now: whether it has said so for so long that one object tries all the same."""
        believed = self.seconds * _BELIEVED
        if monotonic - self._none_seen.get(stock, float("-inf")) > believed:
            self._none_since[stock] = monotonic  # there was some meanwhile, or nobody has asked
        self._none_seen = {key: at for key, at in self._none_seen.items() if monotonic - at <= believed}
        self._none_seen[stock] = monotonic
        self._none_since = {key: at for key, at in self._none_since.items() if key in self._none_seen}
        if monotonic - self._none_since[stock] < believed:
            return False
        self._none_since[stock] = monotonic
        return True

    def disproved(self, stock: Stock, monotonic: float) -> None:
        """There was some all the same: the next object need not wait."""
        self._none_since[stock] = monotonic - self.seconds * _BELIEVED
        self._none_seen[stock] = monotonic

    def remember(self, product_id: str, region: str, billing: str, monotonic: float) -> None:
        self._until[(product_id, region, billing)] = monotonic + self.seconds

    def exhausted(self, monotonic: float) -> frozenset[tuple[str, str, str]]:
        """The (product id, region, billing) triples to leave alone now."""
        self._until = {offer: until for offer, until in self._until.items() if until > monotonic}
        return frozenset(self._until)

    def retry_in(self, monotonic: float) -> float:
        """Seconds until the first of them may be tried again."""
        return max(0.0, min(self._until.values(), default=monotonic) - monotonic)
