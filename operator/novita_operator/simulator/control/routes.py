"""The control routes under /_simulator/: what tests read and turn. The API knows nothing of them.

The header X-Simulator-Account chooses the account by its key; without it, the first one is meant.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from pydantic import Field, TypeAdapter, ValidationError

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.accounts import Accounts
from novita_operator.simulator.control import dials, forcing, ledger_report
from novita_operator.simulator.faults.fault import Fault, Kind
from novita_operator.simulator.settings import Dials

_HEADER = "X-Simulator-Account"
_TRUE = ("true", "1", "yes")
_FAULTS = TypeAdapter(list[Fault])


class _Jump(Dials):
    advance: float = Field(0, ge=0)


Json = object  # whatever json.dumps takes
Answer = Callable[[Account, web.Request], Awaitable[Json]]


def add_routes(app: web.Application, accounts: Accounts) -> None:
    """Adds every control route."""

    async def keys(account: Account, request: web.Request) -> Json:
        """`add` opens the account to one more key, `revoke` closes it to one."""
        body = await _object(request)
        if isinstance(added := body.get("add"), str):
            accounts.add_key(account, added)
        if isinstance(revoked := body.get("revoke"), str):
            accounts.revoke_key(revoked)
        return {}

    routes = (*_ROUTES, ("POST", "keys", keys))
    for method, path, answer in (*routes, ("GET", "", _index(routes))):
        app.router.add_route(method, f"/_simulator/{path}", _serves(accounts, answer))


def _serves(accounts: Accounts, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            account = accounts.chosen(request.headers.get(_HEADER, ""))
            account.advance()
            return web.json_response(await answer(account, request))
        except refusal.Gone as error:
            return web.json_response({"error": str(error)}, status=404)
        except ValidationError as error:
            return web.json_response({"error": json.loads(error.json(include_url=False))}, status=400)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle


def _index(routes: Sequence[tuple[str, str, Answer]]) -> Answer:
    texts = {f"{method} /_simulator/{path}": answer.__doc__ for method, path, answer in routes}

    async def index(_account: Account, _request: web.Request) -> Json:
        """This list."""
        return {"routes": texts, "faults": [*Kind], "account": f"chosen by the header {_HEADER}"}

    return index


async def _health(_account: Account, _request: web.Request) -> Json:
    """Answers as soon as it listens."""
    return {"status": "ok"}


async def _ledger(account: Account, request: web.Request) -> Json:
    """The book of the account; `name` = exactly this name, `summary=true` = counts and sums only."""
    now, name = account.clock.moment(), request.query.get("name")
    report = ledger_report.summary if _asked(request, "summary") else ledger_report.full
    return report(account.ledger, now, name)


async def _calls(account: Account, request: web.Request) -> Json:
    """Counts per route and status; `log=true` adds the calls in order."""
    return account.calls.report(log=_asked(request, "log"))


async def _reset(account: Account, _request: web.Request) -> Json:
    """Forgets the counted calls."""
    account.calls.clear()
    return account.calls.report()


async def _faults(account: Account, _request: web.Request) -> Json:
    """The faults that are on, and how often each fired."""
    return account.faults.report()


async def _add_faults(account: Account, request: web.Request) -> Json:
    """Turns one fault on, or a list of them."""
    sent = await request.json()
    faults = _FAULTS.validate_python(sent if isinstance(sent, list) else [sent])
    added = [account.faults.add(fault) for fault in faults]
    account.hosting.refresh()
    return {"faults": [switch.to_wire() for switch in added]}


async def _clear_faults(account: Account, request: web.Request) -> Json:
    """Turns all faults off, or one by `id`; answers what they did until now."""
    report = account.faults.report()
    account.faults.clear(int(request.query["id"]) if "id" in request.query else None)
    account.hosting.refresh()
    return report


async def _plant(account: Account, request: web.Request) -> Json:
    """Puts an instance there that nobody ordered."""
    return forcing.plant(account, await _object(request))


async def _list(account: Account, request: web.Request) -> Json:
    """All instances in full, hidden ones too; `name` = exactly this name."""
    return {"instances": forcing.list_all(account, request.query.get("name"))}


async def _show(account: Account, request: web.Request) -> Json:
    """One instance in full."""
    return forcing.show(account, request.match_info["id"])


async def _force(account: Account, request: web.Request) -> Json:
    """Forces a state upon an instance."""
    return forcing.force(account, request.match_info["id"], await _object(request))


async def _settings(account: Account, _request: web.Request) -> Json:
    """Every dial, the offer, and what of it is held."""
    return dials.report(account)


async def _set(account: Account, request: web.Request) -> Json:
    """Lays changes over the settings."""
    dials.change(account, await _object(request))
    return dials.report(account)


async def _clock(account: Account, request: web.Request) -> Json:
    """Moves virtual time on by `advance` virtual seconds."""
    account.clock.jump(_Jump.model_validate(await _object(request)).advance)
    account.advance()
    now = account.clock.moment()
    return {"at": now.virtual, "real": now.real, "acceleration": account.clock.acceleration}


async def _object(request: web.Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("send a JSON object")  # noqa: TRY004 - the sender learns it as any other wrong value
    return body


def _asked(request: web.Request, name: str) -> bool:
    return request.query.get(name, "").lower() in _TRUE


_ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "health", _health),
    ("GET", "ledger", _ledger),
    ("GET", "calls", _calls),
    ("POST", "reset", _reset),
    ("GET", "faults", _faults),
    ("POST", "faults", _add_faults),
    ("DELETE", "faults", _clear_faults),
    ("POST", "instances", _plant),
    ("GET", "instances", _list),
    ("GET", "instances/{id}", _show),
    ("POST", "instances/{id}", _force),
    ("GET", "settings", _settings),
    ("POST", "settings", _set),
    ("POST", "clock", _clock),
)
