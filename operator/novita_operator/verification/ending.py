"""Ending what was rented: tried until Novita shows that it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from novita_operator.novita import errors
from novita_operator.novita.states import state_of
from novita_operator.verification.calling import GPU, Caller
from novita_operator.verification.evidence import Ask, Reply, unwrapped
from novita_operator.verification.tracing import Trace

_POLL_SECONDS = 5.0
_PATIENT_SECONDS = 30.0  # between polls after the first minute
_SOON_SECONDS = 60.0
# A create call whose outcome nobody knows may show late (novita-api 1.8): a minute of polls without a trace of it.
_POLLS_IN_DOUBT = 12
_GIVES_UP_SECONDS = 1800.0  # a refused deletion is repeated for so long; leaving it costs more


class NotEnded(Exception):
    """The instance may still be there and cost money; the sentence names it."""


@dataclass
class Ending:
    """`seconds` until it was gone. `replies`: what the first deletion and a repeated one were answered with."""

    caller: Caller
    trace: Trace
    say: Callable[[str], None]
    replies: dict[Ask, Reply] = field(default_factory=dict)
    seconds: float = 0.0

    async def run(self, created: Reply) -> None:
        """Returns when nothing of it is left. Raises NotEnded after half an hour: a person must see to it."""
        began, silent = self.caller.clock.monotonic(), 0
        needed = 1 if self.trace.id or _is_refusal(created) else _POLLS_IN_DOUBT
        while silent < needed:
            alive = await self._alive()
            silent = silent + 1 if alive == set() else 0
            for instance_id in alive or ():
                await self._delete(instance_id)
            self.seconds = self.caller.clock.monotonic() - began
            if self.seconds >= _GIVES_UP_SECONDS:
                raise NotEnded(f"{self.trace.name} ({self.trace.id or 'its id was not told'}) was not seen to end")
            if silent < needed:
                await self.caller.clock.sleep(_POLL_SECONDS if self.seconds < _SOON_SECONDS else _PATIENT_SECONDS)
        if self.trace.id:
            self.replies[Ask.DELETE_AGAIN] = await self._post_delete(self.trace.id)
            self.say("the instance is gone")

    async def _alive(self) -> set[str] | None:
        """Ids of what is still there; None where a read failed, which proves nothing."""
        listed = await self.trace.listed()
        found = {str(each["id"]) for each in self.trace.among(listed) if each.get("id") and not _is_removed(each)}
        if not self.trace.id:
            return found if listed.is_success and isinstance(listed.body, dict) else found or None
        reply = await self.trace.detail()
        if reply.is_success and not _is_removed(unwrapped(reply.body)):
            return found | {self.trace.id}
        return found if reply.is_success or _is_not_found(reply) else found or None

    async def _delete(self, instance_id: str) -> None:
        reply = await self._post_delete(instance_id)
        self.replies.setdefault(Ask.DELETE, reply)
        if not self.trace.id:
            self.trace.id = instance_id  # now there is one to read
        self.say(f"the deletion was answered with {reply.word}")

    async def _post_delete(self, instance_id: str) -> Reply:
        return await self.caller.post(f"{GPU}/gpu/instance/delete", {"instanceId": instance_id})


def _is_removed(item: object) -> bool:
    return isinstance(item, dict) and state_of(str(item.get("status"))).is_gone


def _is_not_found(reply: Reply) -> bool:
    return isinstance(errors.from_response(reply.status or 0, reply.text), errors.NotFound)


def _is_refusal(reply: Reply) -> bool:
    """Surely not done: a 4xx of the API itself, with words."""
    if reply.status is None or not HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    return isinstance(errors.from_response(reply.status, reply.text), errors.Refused | errors.RateLimited)
