"""Faults: which calls they hit, how often, and how often they did."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from novita_operator.simulator.api.call import Call
from novita_operator.simulator.settings import Dials

_ANY: Literal["any"] = "any"

# A closed list, so that a misspelt route is an error and not a fault that never fires.
Route = Literal[
    "any",
    "create",
    "list",
    "get",
    "start",
    "stop",
    "restart",
    "delete",
    "edit",
    "upgrade",
    "migrate",
    "setAutoMigrate",
    "jobs",
    "products",
    "clusters",
    "templates",
    "saveTemplate",
    "deleteTemplate",
    "registryAuths",
    "saveRegistryAuth",
    "deleteRegistryAuth",
    "balance",
    "bills",
    "metrics",
    "unknown",
]


class Kind(StrEnum):
    """What goes wrong. `effects` says in which order things happen."""

    LOST_REPLY = "lost-reply"
    ERROR_AFTER_COMMIT = "error-after-commit"
    ERROR_BEFORE = "error-before"
    LATE_COMMIT = "late-commit"
    STATUS = "status"
    RATE_LIMITED = "rate-limited"
    UNAUTHORIZED = "unauthorized"
    DELAY = "delay"
    TRICKLE = "trickle"
    TRUNCATED_BODY = "truncated-body"
    HTML_502 = "html-502"
    EMPTY_BODY = "empty-body"
    NO_ID = "no-id"
    HUGE_BODY = "huge-body"
    DEEP_JSON = "deep-json"
    GZIP_BOMB = "gzip-bomb"
    REDIRECT = "redirect"
    LIST_LAG = "list-lag"
    FAILING_PAGE = "failing-page"
    EMPTY_LIST = "empty-list"
    NOT_FOUND_MODE = "not-found-mode"
    INVALID_STATE = "invalid-state"
    BALANCE = "balance"
    NO_STOCK = "no-stock"
    DOWN = "down"


# These change how a call goes and leave the ending to others, so that they combine with one of the rest.
MODIFIERS = frozenset({Kind.DELAY, Kind.LIST_LAG, Kind.NOT_FOUND_MODE})

# These answer a call that was carried out; the others answer instead of carrying it out. `commit` overrides.
_CARRIED_OUT = frozenset(
    {
        Kind.LOST_REPLY,
        Kind.ERROR_AFTER_COMMIT,
        Kind.TRICKLE,
        Kind.TRUNCATED_BODY,
        Kind.EMPTY_BODY,
        Kind.NO_ID,
        Kind.HUGE_BODY,
        Kind.DEEP_JSON,
        Kind.GZIP_BOMB,
        Kind.EMPTY_LIST,
    }
)

# Kinds that make sense on one route only, whatever route was named.
_ROUTE_OF_KIND: Mapping[Kind, Route] = {
    Kind.LIST_LAG: "create",
    Kind.NO_ID: "create",
    Kind.LATE_COMMIT: "create",
    Kind.FAILING_PAGE: "list",
    Kind.EMPTY_LIST: "list",
}


class Match(Dials):
    """Which calls of the route; what is absent matches everything."""

    name: str | None = None
    name_prefix: str | None = None
    instance_id: str | None = None
    product_id: str | None = None
    cluster_id: str | None = None
    page: int | None = None


class Fault(Dials):
    """One switch. `times` null: for ever. `skip`: so many matching calls pass first. `seconds` are real seconds."""

    kind: Kind
    route: Route | tuple[Route, ...] = _ANY
    times: int | None = Field(None, ge=0)
    skip: int = Field(0, ge=0)
    probability: float = Field(1.0, ge=0, le=1)
    match: Match = Match()
    commit: bool | None = None
    seconds: float = Field(0.0, ge=0)
    status: int | None = Field(None, ge=200, le=599)
    reason: str | None = None
    message: str | None = None
    retry_after: float | None = Field(None, ge=0)
    body: Any = None
    location: str = ""
    bytes: int | None = Field(None, ge=1)
    also_get: bool = False
    after: bool = False  # of a delay: wait when the call has been carried out, and not before

    @property
    def routes(self) -> tuple[Route, ...]:
        named: tuple[Route, ...] = self.route if isinstance(self.route, tuple) else (self.route,)
        if named == (_ANY,) or self.kind is Kind.LIST_LAG:
            return (_ROUTE_OF_KIND.get(self.kind, _ANY),)
        return named

    @property
    def carries_out(self) -> bool:
        return self.kind in _CARRIED_OUT if self.commit is None else self.commit


@dataclass(slots=True)
class Switch:
    """A fault that is on, with its counts."""

    number: int
    fault: Fault
    chance: random.Random
    seen: int = 0
    fired: int = 0

    @property
    def is_spent(self) -> bool:
        return self.fault.times is not None and self.fired >= self.fault.times

    def fires(self, call: Call, name_of: Callable[[str], str]) -> bool:
        """Whether it hits this call; counts it."""
        if self.is_spent or not _matches(self.fault, call, name_of):
            return False
        self.seen += 1
        if self.seen <= self.fault.skip or self.chance.random() >= self.fault.probability:
            return False
        self.fired += 1
        return True

    def to_wire(self) -> dict[str, Any]:
        fault = self.fault.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {"id": self.number, **fault, "seen": self.seen, "fired": self.fired, "spent": self.is_spent}


class FaultBook:
    """The switches of one account, in the order in which they were turned on."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.late = {"pending": 0, "committed": 0, "refused": 0}
        self._switches: list[Switch] = []
        self._added = 0

    def add(self, fault: Fault) -> Switch:
        """Turns one on. Its chance depends on the seed and on how many came before, on nothing else."""
        self._added += 1
        chance = random.Random(f"fault {self.seed} {self._added}")  # noqa: S311 - repeatable on purpose
        switch = Switch(self._added, fault, chance)
        self._switches.append(switch)
        return switch

    def clear(self, number: int | None = None) -> None:
        """Turns all off, or one."""
        self._switches = [each for each in self._switches if number is not None and each.number != number]

    def fire(self, call: Call, name_of: Callable[[str], str]) -> Sequence[Fault]:
        """The faults that hit this call: every modifier, and the first of the others."""
        hit: list[Fault] = []
        ended = False
        for switch in self._switches:
            modifier = switch.fault.kind in MODIFIERS
            if (modifier or not ended) and switch.fires(call, name_of):
                hit.append(switch.fault)
                ended = ended or not modifier
        return hit

    def report(self) -> dict[str, Any]:
        """For `GET /_simulator/faults`."""
        return {
            "faults": [switch.to_wire() for switch in self._switches],
            "fired": sum(switch.fired for switch in self._switches),
            "lateCommits": dict(self.late),
        }


def _matches(fault: Fault, call: Call, name_of: Callable[[str], str]) -> bool:
    routes = fault.routes
    if routes != (_ANY,) and call.route not in routes:
        return False
    wanted = fault.match
    name = call.name or name_of(call.instance_id)
    return (
        wanted.name in (None, name)
        and (wanted.name_prefix is None or name.startswith(wanted.name_prefix))
        and wanted.instance_id in (None, call.instance_id)
        and wanted.product_id in (None, call.body.get("productId"))
        and wanted.cluster_id in (None, call.body.get("clusterId"))
        and wanted.page in (None, call.page)
    )
