"""Every dial of a simulated account. Delays are virtual seconds; `listLag` is real seconds."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from novita_operator.simulator.names import Rendering


class Dials(BaseModel):
    """Frozen, camelCase on the wire, and a misspelt dial is an error and not ignored."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )


class Delays(Dials):
    """How long a status lasts, in virtual seconds; by default an instance runs six seconds after its create call."""

    accept: float = Field(0.5, ge=0, description="every to... word and `pending`, until it is executed")
    create: float = Field(2.5, ge=0, description="creating, until pulling")
    pull: float = Field(3.0, ge=0, description="pulling an image for the first time, until running")
    cached_pull: float = Field(0.5, ge=0, description="pulling an image that the node has already")
    start: float = Field(1.0, ge=0, description="starting, until pulling")
    stop: float = Field(1.0, ge=0, description="stopping, until exited")
    restart: float = Field(2.0, ge=0, description="restarting, until running")
    reset: float = Field(1.0, ge=0, description="resetting (an upgrade), until pulling")
    migrate: float = Field(3.0, ge=0, description="migrating, until pulling")
    remove: float = Field(1.0, ge=0, description="removing, until removed")
    linger: float = Field(5.0, ge=0, description="removed and still listed, until not found")
    freeze: float = Field(2.0, ge=0, description="freezing, until exited")
    edit: float = Field(0.5, ge=0, description="until edited ports are mapped")
    connect: float = Field(0.0, ge=0, description="running, until the connection blocks are filled")
    crash: float = Field(5.0, ge=0, description="running, until an image of the kind `exits` or `node-fault` ends")


class ErrorBody(StrEnum):
    """The bodies that clients of the live service have met (novita-api 1.4)."""

    KRATOS = "kratos"
    MESSAGE = "message"
    REASON_IN_MESSAGE = "reason-in-message"
    ERROR_OBJECT = "error-object"
    ERROR_STRING = "error-string"
    CODE_STRING = "code-string"
    TITLE = "title"
    HTML_502 = "html-502"
    OK_WITH_ERROR = "ok-with-error"


class ImageOutcome(StrEnum):
    """What becomes of an instance whose image URL contains a given text."""

    NOT_FOUND = "not-found"
    TOO_LARGE = "too-large"
    STUCK = "stuck"
    EXITS = "exits"
    NODE_FAULT = "node-fault"
    NO_SHELL = "no-shell"
    HIDES_ENVIRONMENT = "hides-environment"


class ListLag(Dials):
    """How long a created instance stays invisible, in real seconds."""

    seconds: float = Field(0.0, ge=0)
    also_get: bool = False


class RateLimit(Dials):
    """The server's own limit over a sliding minute of real time; none by default."""

    per_minute: int | None = Field(None, ge=0)
    retry_after: float | None = Field(None, ge=0)


class Quota(Dials):
    """What the account may hold at once."""

    instances: int = Field(20_000, ge=0)
    gpus: int = Field(100_000, ge=0)


class NetworkVolume(Dials):
    """A network volume that the account has (novita-api 2A.5)."""

    storage_id: str = Field(min_length=1)
    storage_name: str = ""
    storage_size: int = Field(10, ge=10)
    cluster_id: str = Field(min_length=1)


class MemberBudget(Dials):
    """What a member of the team may spend, in 1/10000 USD (novita-api 2A.9)."""

    email: str
    member_id: str
    budget_type: Literal["Unlimited", "OneTime", "Recurring"] = "Recurring"
    budget_limit: int = Field(0, ge=0)
    used: int = Field(0, ge=0)


class Spot(Dials):
    """Virtual seconds of novita-api 1.12. `reclaim_after` null: nothing is reclaimed unless it is forced."""

    notice_seconds: float = Field(3600.0, ge=0)
    reclaiming_seconds: float = Field(2.0, ge=0)
    reclaim_after: float | None = Field(None, ge=0)
    status_after: str = Field("terminated", description="`spotStatus` of an instance that was reclaimed and is exited")


class Settings(Dials):
    """One account's dials; `merged` makes a changed copy."""

    acceleration: float = Field(1.0, ge=0)
    delays: Delays = Delays()
    balance: Decimal = Field(Decimal(100_000), description="USD before what the ledger says was used")
    credit_limit: Decimal = Decimal(0)
    quota: Quota = Quota()
    spot: Spot = Spot()
    list_lag: ListLag = ListLag()
    rate_limit: RateLimit = RateLimit()
    images: dict[str, ImageOutcome] = Field(
        default_factory=lambda: {
            "does-not-exist": ImageOutcome.NOT_FOUND,
            "too-large": ImageOutcome.TOO_LARGE,
            "stuck-pulling": ImageOutcome.STUCK,
            "exits-at-once": ImageOutcome.EXITS,
            "node-fault": ImageOutcome.NODE_FAULT,
        }
    )
    error_body: ErrorBody = ErrorBody.KRATOS
    not_found: Literal[400, 404] = 404
    mutation_reply: Literal["live", "object", "empty", "no-content"] = "live"
    total_as: Literal["string", "int", "absent"] = "string"
    page_base: Literal["either", "zero", "one"] = Field(
        "either", description="the number of the first page; `either`: 0 and 1 are the same page, `one`: 0 is empty"
    )
    list_items: Literal["live", "bare"] = Field(
        "live", description="`bare`: what the documents show of an item: no endpoints, spot fields or times"
    )
    empty_list: Literal["array", "null"] = Field("array", description="`instances` of a page with nothing on it")
    ssh_form: Literal["component", "top-level", "old"] = Field(
        "component", description="where the ssh command and password are; the component is empty elsewhere"
    )
    small_numbers: Literal["integer", "string"] = Field(
        "integer", description="memory of a product, ports of ssh and Jupyter"
    )
    node_as: Literal["object", "array"] = "object"
    storage_reply: Literal["object", "string"] = Field(
        "object", description="what a new network volume is told as: an object with its id, or the id alone"
    )
    network_reply: Literal["object", "array"] = "object"
    stock_counts: Literal["asked", "any", "none"] = Field(
        "asked",
        description=(
            "what products say of stock: for the billing method and GPUs asked for, for one GPU of any kind, or none"
        ),
    )
    list_order: Literal["newest", "oldest"] = "newest"
    default_page_size: int = Field(10, ge=1)
    max_page_size: int = Field(100, ge=1)
    wrap_instance: bool = False
    first_status: Literal["toCreate", "pending"] = "toCreate"
    stop_from: tuple[str, ...] = ("running", "pulling")
    invalid_state_reason: str = "REQUEST"
    tcp_endpoint_scheme: bool = False
    names: Rendering = Field(
        "as-sent", description="how replies show the names of instances, and what the list's filter compares"
    )
    ids: Literal["as-made", "upper"] = Field(
        "as-made", description="how replies to list and get show ids; `upper` takes them in any case"
    )
    total_counts: Literal["present", "ever"] = Field(
        "present", description="whether the list's total counts what was removed, too"
    )
    tell_price: bool = Field(False, description="whether the detail has `instancePrice`, an undocumented live extra")
    blind: bool = Field(
        False, description="lists are empty and no id is known, as when Novita's own database is lost for a while"
    )
    overlay: dict[str, Any] = Field(
        default_factory=dict, description="raw fields laid over every instance in replies, as `extra` of one"
    )
    endpoint_host: str = Field("", description="the host of ssh and TCP ports, instead of a proxy of the cluster")
    endpoints: dict[str, str] = Field(
        default_factory=dict,
        description="where a container port, or `ssh`, really leads: an address by port, such as a local listener's",
    )
    keep_data_days: int = 7
    network_volumes: tuple[NetworkVolume, ...] = ()
    budgets: tuple[MemberBudget, ...] = ()

    def image_outcome(self, image: str) -> ImageOutcome | None:
        """What images of this URL are known for."""
        return next((outcome for text, outcome in self.images.items() if text in image), None)

    def merged(self, change: dict[str, Any]) -> Settings:
        """A copy with `change` (camelCase, nested as in `GET settings`) laid over it. Raises ValidationError."""
        return Settings.model_validate(_overlay(self.model_dump(mode="json", by_alias=True), change))


# Tables, which are sent whole: a row that is left out is taken away.
_REPLACED = frozenset({"images", "endpoints", "overlay"})


def _overlay(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in change.items():
        below = result.get(key)
        nested = isinstance(below, dict) and isinstance(value, dict) and key not in _REPLACED
        result[key] = _overlay(below, value) if nested and isinstance(below, dict) else value
    return result
