"""What was asked and what came back, as it came: assumptions are judged by nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

Json = object
Item = Mapping[str, Json]


class Ask(StrEnum):
    """One question each. The texts name the call in reports."""

    WRONG_KEY = "GET clusters with a wrong key"
    UNKNOWN_ROUTE = "GET a route that does not exist"
    INSTANCES = "GET gpu/instances"
    SECOND_PAGE = "GET gpu/instances, page 2"
    NO_INSTANCES = "GET gpu/instances with a name that nothing has"
    DETAIL = "GET gpu/instance"
    NO_INSTANCE = "GET gpu/instance with an id that nothing has"
    PRODUCTS = "GET products"
    PRODUCTS_ON_DEMAND = "GET products, on demand"
    PRODUCTS_SPOT = "GET products, spot"
    PRODUCTS_OF_ONE = "GET products, one GPU"
    PRODUCTS_OF_EIGHT = "GET products, eight GPUs"
    PRODUCTS_IN = "GET products of one cluster"
    CLUSTERS = "GET clusters"
    TEMPLATES = "GET templates, 100 a page"
    TEMPLATES_0 = "GET templates, page 0 of one each"
    TEMPLATES_1 = "GET templates, page 1 of one each"
    TEMPLATES_2 = "GET templates, page 2 of one each"
    TEMPLATE = "GET template"
    NO_TEMPLATE = "GET template with an id that nothing has"
    VOLUMES = "GET networkstorages/list"
    REGISTRIES = "GET repository/auths"
    JOBS = "GET jobs"
    BALANCE = "GET billing/balance/detail"
    METRICS = "GET metrics/gpu/instance"
    CREATE = "POST gpu/instance/create"
    FOUND_BY_NAME = "GET gpu/instances with the name of the rented one"
    START = "POST gpu/instance/start of a running one"
    DELETE = "POST gpu/instance/delete"
    DELETE_AGAIN = "POST gpu/instance/delete of a gone one"


class NotSeen(Exception):
    """There is nothing to judge by; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP status and a body: JSON, a text where it is none, None where it is empty. No status: no answer."""

    status: int | None
    body: Json = field(default=None, repr=False)
    is_json: bool = True

    @property
    def is_success(self) -> bool:
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def text(self) -> str:
        """The body as it was sent, or nearly."""
        if self.body is None:
            return ""
        return json.dumps(self.body) if self.is_json else str(self.body)

    @property
    def word(self) -> str:
        """For people: `200`, or `no answer`."""
        return "no answer" if self.status is None else str(self.status)


class Door(StrEnum):
    """How far a login to the rented machine has come."""

    UNREACHED = "nobody answered"
    REFUSED = "refused"
    ANOTHER_KEY = "another host key than a moment before"
    NO_SHELL = "no shell"
    NO_ENVIRONMENT = "no variables of the container"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Entered:
    """What a login has met, in words of ours alone."""

    door: Door
    said: str


@dataclass(frozen=True, slots=True)
class Life:
    """The life of the instance that was rented. `details` in order; `polls` until the list showed it, None: never.

    `entered`: None where it did not come to run with an ssh command.
    """

    name: str
    polls: int | None = None
    details: tuple[Reply, ...] = ()
    seconds_to_end: float = 0.0
    entered: Entered | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen. Its readers raise NotSeen where there is nothing to read."""

    replies: Mapping[Ask, Reply]
    life: Life | None = None

    def reply(self, ask: Ask) -> Reply:
        """Whatever came back, also a refusal."""
        found = self.replies.get(ask)
        if found is None:
            raise NotSeen(f"{ask} was not asked")
        if found.status is None:
            raise NotSeen(f"{ask} got no answer")
        return found

    def answer(self, ask: Ask) -> Item:
        """The JSON object of a success."""
        reply = self.reply(ask)
        if not (reply.is_success and isinstance(reply.body, dict)):
            raise NotSeen(f"{ask} was answered with {reply.word} and no JSON object")
        return reply.body

    def items(self, ask: Ask, key: str) -> Sequence[Item]:
        """The objects of a list, at least one."""
        listed = self.answer(ask).get(key)
        found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        if not found:
            raise NotSeen(f"{ask} showed none")
        return found

    def rented(self) -> Life:
        """The life of the rented instance."""
        if self.life is None:
            raise NotSeen("nothing was rented (`--spend`)")
        return self.life

    def entered(self) -> Entered:
        """What a login to it has met. Where nobody answered, something between here and there may be why."""
        found = self.rented().entered
        if found is None:
            raise NotSeen("the instance did not run with an ssh command")
        if found.door is Door.UNREACHED:
            raise NotSeen(f"its ssh {found.said}, seen from here")
        return found

    def listed(self) -> Sequence[Item]:
        """Instances as lists show them."""
        return self._some(list(self._items_of(Ask.INSTANCES, Ask.FOUND_BY_NAME)))

    def shown(self) -> Sequence[Reply]:
        """The answers to calls for one instance that exists."""
        lived = self.life.details if self.life is not None else ()
        return [reply for reply in (self.replies.get(Ask.DETAIL), *lived) if reply is not None and reply.is_success]

    def details(self) -> Sequence[Item]:
        """Instances as the call for one shows them, bare or wrapped."""
        bodies = [unwrapped(reply.body) for reply in self.shown()]
        return self._some([body for body in bodies if body.get("id")])

    def running(self) -> Sequence[Item]:
        """Details of instances that run."""
        found = [each for each in self.details() if each.get("status") == "running"]
        if not found:
            raise NotSeen("no instance ran")
        return found

    def every(self) -> Sequence[Item]:
        """Instances as they are shown anywhere."""
        return self._some([*self._items_of(Ask.INSTANCES, Ask.FOUND_BY_NAME), *map(unwrapped, self._bodies())])

    def _bodies(self) -> Iterator[Json]:
        return (reply.body for reply in self.shown())

    def _items_of(self, *asks: Ask) -> Iterator[Item]:
        for ask in asks:
            if ask in self.replies:
                try:
                    yield from self.items(ask, "instances")
                except NotSeen:
                    continue

    @staticmethod
    def _some(found: Sequence[Item]) -> Sequence[Item]:
        if not found:
            raise NotSeen("the account has no instance (`--spend` rents one)")
        return found


def unwrapped(body: Json) -> Item:
    """An instance, bare or in its envelope; empty where it is none."""
    inner = body.get("instance", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {}
