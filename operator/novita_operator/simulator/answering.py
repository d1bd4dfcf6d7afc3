"""Answering one call over HTTP, with whatever fault hits it.

The order is always the same: wait, carry out (or not), wait, answer (or drop the connection). Carrying out is one
step without awaiting, so that an account never sees half a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import bodies
from novita_operator.simulator.api.table import Endpoint
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.faults.fault import MODIFIERS, Fault, Kind
from novita_operator.simulator.settings import ListLag
from novita_operator.simulator.state.calls import Entry

_OK = range(200, 300)
_HOLLOW: Mapping[Kind, object] = {Kind.NO_ID: {}, Kind.EMPTY_LIST: {"instances": [], "total": "0"}}
_TRICKLES = 20  # pieces of a body that comes slowly


@dataclass(frozen=True)
class Answering:
    """One call on its way through."""

    request: web.Request
    account: Account
    endpoint: Endpoint
    call: Call
    entry: Entry

    async def answer(self, faults: Sequence[Fault]) -> web.StreamResponse:
        """Waits, carries out, answers."""
        self._modify(faults)
        ending = next((fault for fault in faults if fault.kind not in MODIFIERS), None)
        await _wait(faults, after=False)
        if ending is None:
            reply = self.carry_out()
            await _wait(faults, after=True)
            return self.send(reply)
        reply = self.carry_out() if ending.carries_out else Reply()
        await _wait(faults, after=True)
        return await self._end(ending, reply)

    def carry_out(self) -> Reply:
        """Does what was asked, or says why not. From here on it is done, whoever learns of it."""
        self.account.advance()
        try:
            return self.endpoint(self.account, self.call)
        except refusal.Refusal as error:
            return self._refused(error)

    def send(self, reply: Reply) -> web.Response:
        """The answer as it should be."""
        self.entry.status = reply.status
        return web.Response(
            status=reply.status,
            body=bodies.encode(reply.payload),
            headers=reply.headers,
            content_type=reply.content_type,
        )

    def drop(self) -> web.Response:
        """Closes the connection without a word."""
        self.entry.status = None
        if self.request.transport is not None:
            self.request.transport.abort()
        return web.Response()

    def _refused(self, error: refusal.Refusal) -> Reply:
        settings = self.account.settings
        self.entry.reason = error.reason
        return bodies.refused(error, settings.error_body, self.call.not_found or settings.not_found)

    def _modify(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            if fault.kind is Kind.LIST_LAG:
                self.call.list_lag = ListLag(seconds=fault.seconds, also_get=fault.also_get)
            elif fault.kind is Kind.NOT_FOUND_MODE:
                self.call.not_found = fault.status or 400

    async def _end(self, fault: Fault, reply: Reply) -> web.StreamResponse:
        match fault.kind:
            case Kind.LOST_REPLY | Kind.DOWN:
                return self.drop()
            case Kind.LATE_COMMIT:
                self._commit_later(fault.seconds)
                return self.drop()
            case Kind.TRUNCATED_BODY:
                return await self._truncated(reply)
            case Kind.TRICKLE:
                return await self._trickle(reply, fault.seconds)
            case _:
                return self.send(self._ending(fault, reply))

    def _ending(self, fault: Fault, reply: Reply) -> Reply:
        """The answer of a fault that answers in one piece."""
        if fault.kind in _HOLLOW:
            hollow = _HOLLOW[fault.kind] if fault.body is None else fault.body
            return Reply(payload=hollow) if reply.status in _OK else reply
        status = fault.status or 200
        match fault.kind:
            case Kind.EMPTY_BODY:
                return Reply(status)
            case Kind.HUGE_BODY:
                return Reply(status, bodies.huge(fault.bytes))
            case Kind.DEEP_JSON:
                return Reply(status, bodies.deep(fault.bytes))
            case Kind.GZIP_BOMB:
                return Reply(status, bodies.bomb(fault.bytes), {"Content-Encoding": "gzip"})
            case Kind.HTML_502:
                return bodies.html_502(fault.status or 502)
            case Kind.REDIRECT:
                return Reply(fault.status or 307, None, {"Location": fault.location})
            case _:
                return self._status(fault)

    def _status(self, fault: Fault) -> Reply:
        usual = _usual(fault)
        error = refusal.Refusal(
            fault.reason or usual.reason, fault.message or usual.message, status=fault.status or usual.status
        )
        reply = self._refused(error) if fault.body is None else Reply(error.status, fault.body)
        if fault.retry_after is None:
            return reply
        return Reply(reply.status, reply.payload, {"Retry-After": f"{fault.retry_after:g}"}, reply.content_type)

    def _commit_later(self, seconds: float) -> None:
        late = self.account.faults.late
        late["pending"] += 1

        def commit() -> None:
            late["pending"] -= 1
            late["committed" if self.carry_out().status in _OK else "refused"] += 1

        asyncio.get_running_loop().call_later(seconds, commit)

    async def _truncated(self, reply: Reply) -> web.StreamResponse:
        """Announces the whole body, sends half of it, hangs up."""
        body = bodies.encode(reply.payload) or b"{}"
        response = web.StreamResponse(status=reply.status, headers={"Content-Length": str(len(body))})
        response.content_type = reply.content_type
        await response.prepare(self.request)
        await response.write(body[: len(body) // 2])
        self.drop()
        return response

    async def _trickle(self, reply: Reply, seconds: float) -> web.StreamResponse:
        """The whole body, in small pieces over so many seconds."""
        body = bodies.encode(reply.payload)
        response = web.StreamResponse(status=reply.status, headers={"Content-Length": str(len(body))})
        response.content_type = reply.content_type
        await response.prepare(self.request)
        self.entry.status = reply.status
        size = max(1, -(-len(body) // _TRICKLES))
        for start in range(0, len(body), size):
            await asyncio.sleep(seconds / _TRICKLES)
            await response.write(body[start : start + size])
        return response


async def _wait(faults: Sequence[Fault], *, after: bool) -> None:
    seconds = sum(fault.seconds for fault in faults if fault.kind is Kind.DELAY and fault.after is after)
    if seconds > 0:
        await asyncio.sleep(seconds)


def _usual(fault: Fault) -> refusal.Refusal:
    """What a fault says unless it was told otherwise."""
    match fault.kind:
        case Kind.RATE_LIMITED:
            return refusal.Refusal("RATE_LIMIT_EXCEEDED", "too many requests", status=429)
        case Kind.UNAUTHORIZED:
            return refusal.unauthorized()
        case Kind.INVALID_STATE:
            return refusal.Refusal("REQUEST", "invalid state change")
        case Kind.BALANCE:
            return refusal.no_balance()
        case Kind.NO_STOCK:
            return refusal.no_stock()
        case _:
            return refusal.Refusal("UNKNOWN", "internal error", status=500)
