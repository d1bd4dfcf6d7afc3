"""The HTTP server: from a request to an account and an endpoint."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.accounts import Accounts
from novita_operator.simulator.answering import Answering
from novita_operator.simulator.api import (
    bills,
    bodies,
    instances,
    money,
    networks,
    offers,
    prewarming,
    storages,
    subscriptions,
)
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.control import routes
from novita_operator.simulator.machines.placement import Placement
from novita_operator.simulator.settings import ErrorBody, Settings
from novita_operator.simulator.state.calls import Entry

_LARGEST_REQUEST = 4 * 1024 * 1024
_UNKNOWN = "unknown"
_TABLES: Sequence[Table] = (
    *(instances.TABLE, subscriptions.TABLE, offers.TABLE, storages.TABLE, networks.TABLE),
    *(prewarming.TABLE, money.TABLE, bills.TABLE),
)


@dataclass(frozen=True)
class Config:
    """`keys` empty: every `sk_…` key is an account of its own. The seed decides the chances of faults.

    `machines` None: addresses lead nowhere. Else each running instance has a machine, on this computer.
    """

    settings: Settings = field(default_factory=Settings)
    keys: Sequence[str] = ()
    seed: int = 0
    machines: Placement | None = None


def create_app(config: Config | None = None) -> web.Application:
    """A simulator, ready to be served. Raises NoMachines where they cannot be real."""
    config = config or Config()
    if config.machines is None:
        return _app(Accounts(config.settings, config.keys, config.seed))
    # Nobody else waits until ssh is imported.
    from novita_operator.simulator.machines import hosting, node

    here = node.Node.here(config.machines)
    app = _app(Accounts(config.settings, config.keys, config.seed, functools.partial(hosting.Hosting, here)))

    async def close(_app: web.Application) -> None:
        await here.close()

    app.on_cleanup.append(close)
    return app


def _app(accounts: Accounts) -> web.Application:
    app = web.Application(client_max_size=_LARGEST_REQUEST)
    routes.add_routes(app, accounts)
    api = Api(accounts, {key: endpoint for each in _TABLES for key, endpoint in each.items()})
    app.router.add_route("*", "/{path:.*}", api.serve)
    app.on_cleanup.append(api.stop)
    return app


@dataclass(frozen=True)
class Api:
    """Everything that is not under /_simulator/."""

    accounts: Accounts
    table: Table
    under_way: set[asyncio.Task[web.StreamResponse]] = field(default_factory=set)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The key decides first, then the route."""
        authorization = request.headers.get("Authorization", "")
        try:
            account = self.accounts.authenticate(authorization)
        except refusal.Refusal as error:
            return _plain(bodies.refused(error, ErrorBody.KRATOS, error.status))
        body, flaw = await _body(request)
        route, endpoint = self.table.get((request.method, request.path), (_UNKNOWN, _no_route))
        if self.accounts.is_revoked(authorization):
            endpoint = _unauthorized
        elif flaw:
            endpoint = _unreadable
        call = Call(request.method, request.path, route, dict(request.query), body)
        answering = Answering(request, account, endpoint, call, _entry(account, call))
        # A call that has arrived is carried out, whether the client still listens or not, under every kind of runner.
        task = asyncio.create_task(_logged(answering))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return await asyncio.shield(task)

    async def stop(self, _app: web.Application) -> None:
        """Ends what nobody waits for any more."""
        for task in self.under_way:
            task.cancel()


async def _logged(answering: Answering) -> web.StreamResponse:
    account, entry = answering.account, answering.entry
    account.advance()
    account.calls.begin(entry)
    try:
        faults = account.faults_for(answering.call)
        entry.faults = tuple(str(fault.kind) for fault in faults)
        return await answering.answer(faults)
    finally:
        account.calls.end(entry, account.clock.real())


def _entry(account: Account, call: Call) -> Entry:
    return Entry(
        method=call.method,
        path=call.path,
        route=call.route,
        real=account.clock.real(),
        instance_id=call.instance_id,
        name=call.name or account.ledger.name_of(call.instance_id),
        page=call.page if call.route == "list" else None,
    )


async def _body(request: web.Request) -> tuple[Mapping[str, Any], bool]:
    """The JSON object of a POST, and whether it is none."""
    raw = await request.read()
    if not raw or request.method == "GET":
        return {}, False
    try:
        body = json.loads(raw)
    except ValueError:
        return {}, True
    return (body, False) if isinstance(body, dict) else ({}, True)


def _no_route(_account: Account, _call: Call) -> Reply:
    return Reply(404, "404 page not found\n", content_type="text/plain")


def _unauthorized(_account: Account, _call: Call) -> Reply:
    raise refusal.unauthorized()


def _unreadable(_account: Account, _call: Call) -> Reply:
    raise refusal.Refusal("REQUEST", "the body is not a JSON object")


def _plain(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=bodies.encode(reply.payload), content_type=reply.content_type)
