"""Calls whose answers are kept as they came. No answer is an error here: every one is evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import SecretStr

from novita_operator.clock import WaitingClock
from novita_operator.novita import errors
from novita_operator.novita.exchange import Call, Exchange
from novita_operator.verification.evidence import Json, Reply

GPU = "/gpu-instance/openapi/v1"
_PAUSE = 0.6  # seconds between calls: a hundred a minute, as a careful client of others does (novita-api 1.6)
Params = Mapping[str, str | int]


class Caller:
    """One account, called slowly and one call at a time."""

    def __init__(self, exchange: Exchange, key: SecretStr, clock: WaitingClock) -> None:
        self.clock = clock
        self._exchange = exchange
        self._key = key

    async def get(self, path: str, params: Params | None = None, *, key: SecretStr | None = None) -> Reply:
        """Read; with another key where one is given."""
        return await self._send(Call("GET", path, params or {}), key or self._key)

    async def post(self, path: str, body: Mapping[str, object]) -> Reply:
        """Change something: sent once, never repeated."""
        return await self._send(Call("POST", path, json=body), self._key)

    async def _send(self, call: Call, key: SecretStr) -> Reply:
        await self.clock.sleep(_PAUSE)
        try:
            answer = await self._exchange.send(call, key, lambda: True)
        except errors.NovitaError:
            return Reply(None)
        body, is_json = _read(answer.body)
        return Reply(answer.status, body, is_json)


def _read(raw: bytes) -> tuple[Json, bool]:
    if not raw.strip():
        return None, True
    try:
        return json.loads(raw), True
    except (ValueError, RecursionError):
        return raw.decode(errors="replace"), False
