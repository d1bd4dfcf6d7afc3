"""One run: read, rent if that was asked for, judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pydantic import SecretStr

from novita_operator.clock import WaitingClock
from novita_operator.novita import decoding, errors
from novita_operator.novita.exchange import Exchange
from novita_operator.novita.models import Product
from novita_operator.verification import budget, reading
from novita_operator.verification.assumptions import catalogue
from novita_operator.verification.calling import Caller
from novita_operator.verification.evidence import Ask, Evidence, Reply
from novita_operator.verification.renting import Tenancy
from novita_operator.verification.report import Report, Spent

Say = Callable[[str], None]
_TIMEOUT_SECONDS = 30.0


class CannotVerify(Exception):
    """Nothing can be judged; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be verified. `spend`: USD that may be spent; None: nothing is rented."""

    address: str
    key: SecretStr
    spend: Decimal | None = None


async def run(order: Order, clock: WaitingClock, say: Say) -> Report:
    """The report. Raises CannotVerify, and budget.TooLittle before anything is rented."""
    exchange = Exchange(order.address, _TIMEOUT_SECONDS)
    try:
        caller = Caller(exchange, order.key, clock)
        say("reading, which is free and takes half a minute")
        replies = await reading.read(caller)
        _require(replies[Ask.INSTANCES])
        tenancy = None if order.spend is None else await _rent(caller, replies, order.spend, say)
    finally:
        await exchange.aclose()
    lived = Evidence(replies) if tenancy is None else Evidence(replies | tenancy.replies, tenancy.life)
    findings = [(each, each.finding(lived)) for each in catalogue.ALL]
    return Report(clock.now(), order.address, findings, None if tenancy is None else _spent(tenancy))


async def _rent(caller: Caller, replies: dict[Ask, Reply], spend: Decimal, say: Say) -> Tenancy:
    rental = budget.rental(_products(replies), spend, _balance(replies))
    tenancy = Tenancy(caller, rental, say)
    say(
        f"renting {rental.product_name} as {tenancy.trace.name}, {rental.price_per_hour} USD/h, for at most "
        f"{rental.seconds:.0f} s: at most {rental.most} USD, its deletion included"
    )
    await tenancy.live()
    return tenancy


def _require(reply: Reply) -> None:
    if reply.status is None:
        raise CannotVerify("Novita gave no answer; check the address and the network")
    if not reading.is_let_in(reply):
        raise CannotVerify(f"Novita refuses the key ({reply.word}); nothing was verified")


def _products(replies: dict[Ask, Reply]) -> tuple[Product, ...]:
    try:
        return decoding.products(replies[Ask.PRODUCTS_OF_ONE].body)
    except errors.InvalidResponse as error:
        raise CannotVerify(f"the products cannot be read, so that nothing can be rented: {error.message}") from error


def _balance(replies: dict[Ask, Reply]) -> Decimal | None:
    try:
        return decoding.balance(replies[Ask.BALANCE].body).available
    except errors.InvalidResponse:
        return None


def _spent(tenancy: Tenancy) -> Spent:
    rental = tenancy.rental
    usd = budget.cost(rental, tenancy.seconds)
    return Spent(rental.product_name, tenancy.seconds, usd, rental.most)
