"""One fault: its kind, and which calls it hits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from novita_operator.simulator.call import Call
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
    "renew",
    "changeBilling",
    "jobs",
    "saveImage",
    "products",
    "cpuProducts",
    "clusters",
    "templates",
    "saveTemplate",
    "deleteTemplate",
    "networkStorages",
    "saveNetworkStorage",
    "deleteNetworkStorage",
    "networks",
    "saveNetwork",
    "deleteNetwork",
    "prewarm",
    "registryAuths",
    "saveRegistryAuth",
    "deleteRegistryAuth",
    "balance",
    "bills",
    "budgets",
    "user",
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
    SSH_REFUSED = "ssh-refused"
    SSH_LATE = "ssh-late"
    SSH_WRONG_PASSWORD = "ssh-wrong-password"  # noqa: S105 - a name
    SSH_HOST_KEY_CHANGED = "ssh-host-key-changed"
    SSH_CUT = "ssh-cut"
    SSH_SILENT = "ssh-silent"
    SFTP_FULL = "sftp-full"


# These hit no call, but a step of whoever logs in to a machine.
_STEP_OF_KIND: Mapping[Kind, str] = {
    Kind.SSH_REFUSED: "sshDoor",
    Kind.SSH_LATE: "sshDoor",
    Kind.SSH_HOST_KEY_CHANGED: "sshConnect",
    Kind.SSH_CUT: "sshConnect",
    Kind.SSH_SILENT: "sshConnect",
    Kind.SSH_WRONG_PASSWORD: "sshLogin",
    Kind.SFTP_FULL: "sftp",
}
_STEPS = frozenset(_STEP_OF_KIND.values())

# These change how a call goes and leave the ending to others, so that they combine with one of the rest.
MODIFIERS = frozenset({Kind.DELAY, Kind.LIST_LAG, Kind.NOT_FOUND_MODE, *_STEP_OF_KIND})

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
    def routes(self) -> tuple[str, ...]:
        if (step := _STEP_OF_KIND.get(self.kind)) is not None:
            return (step,)
        named: tuple[Route, ...] = self.route if isinstance(self.route, tuple) else (self.route,)
        if named == (_ANY,) or self.kind is Kind.LIST_LAG:
            return (_ROUTE_OF_KIND.get(self.kind, _ANY),)
        return named

    @property
    def carries_out(self) -> bool:
        return self.kind in _CARRIED_OUT if self.commit is None else self.commit

    def shuts_for(self, up_for: float) -> float:
        """Real seconds for which the door of a machine stays shut that is up for so long."""
        match self.kind:
            case Kind.SSH_REFUSED:
                return math.inf
            case Kind.SSH_LATE:
                return self.seconds - up_for
            case _:
                return 0

    @model_validator(mode="after")
    def _door_is_shut_or_not(self) -> Self:
        countless = (self.times, self.skip, self.probability) == (None, 0, 1.0)
        if self.routes == ("sshDoor",) and not countless:
            raise ValueError(f"{self.kind} lasts until it is turned off: times, skip and probability mean nothing")
        return self

    def hits(self, call: Call, name_of: Callable[[str], str]) -> bool:
        """Whether the call is one of those that are meant; `name_of` gives the name of an instance by its id."""
        routes = self.routes
        if call.route in _STEPS if routes == (_ANY,) else call.route not in routes:
            return False
        wanted = self.match
        name = call.name or name_of(call.instance_id)
        return (
            wanted.name in (None, name)
            and (wanted.name_prefix is None or name.startswith(wanted.name_prefix))
            and wanted.instance_id in (None, call.instance_id)
            and wanted.product_id in (None, call.body.get("productId"))
            and wanted.cluster_id in (None, call.body.get("clusterId"))
            and wanted.page in (None, call.page)
        )
