"""`novita-operator verify`: options, signals, exit codes."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pydantic import SecretStr

from novita_operator.clock import SystemClock, WaitingClock
from novita_operator.novita import errors
from novita_operator.verification import budget, ending, report, verify
from novita_operator.verification.assumption import Verdict

DIFFERS, BAD_OPTIONS, CANNOT_VERIFY, NOT_ENDED = 1, 2, 3, 4
_SIGNALLED = 128  # plus the number of the signal, as shells count
_MOST_USD = 10  # whoever says more has missed a point: the cheapest GPU costs some cents
_FORMS = {"text": report.as_text, "json": report.as_json}


class BadOption(Exception):
    """The sentence says which, and what is right."""


@dataclass(frozen=True, slots=True)
class Given:
    """The options as they were written."""

    key_file: Path | None
    key: str
    url: str
    spend: str
    output: str


def main(given: Given, clock: WaitingClock | None = None) -> int:
    """The exit code. The report goes to stdout, everything else to stderr."""
    try:
        order = _order(given)
        return asyncio.run(interruptible(order, given.output, clock or SystemClock()))
    except (BadOption, budget.TooLittle, errors.NovitaError) as error:
        return _said(str(error), BAD_OPTIONS)
    except verify.CannotVerify as error:
        return _said(str(error), CANNOT_VERIFY)
    except ending.NotEnded as error:
        return _said(f"DELETE THIS INSTANCE YOURSELF, IT MAY COST MONEY: {error}", NOT_ENDED)


async def interruptible(order: verify.Order, output: str, clock: WaitingClock) -> int:
    """Ctrl-C and SIGTERM end the work once, and with it the instance; a second one changes nothing."""
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(verify.run(order, clock, _say))
    caught: list[int] = []

    def stop(number: int) -> None:
        _say("still ending what was rented" if caught else "interrupted; what was rented is ended first")
        if not caught:
            work.cancel()
        caught.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        found = await work
    except asyncio.CancelledError:
        if not caught:
            raise
        return _SIGNALLED + caught[0]
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    sys.stdout.write(f"{_FORMS[output](found)}\n")
    return DIFFERS if found.count(Verdict.DIFFERS) else 0


def _order(given: Given) -> verify.Order:
    if given.output not in _FORMS:
        raise BadOption(f"--output: {given.output!r} is neither text nor json")
    return verify.Order(given.url.rstrip("/"), _key(given), _usd(given.spend) if given.spend else None)


def _key(given: Given) -> SecretStr:
    try:
        key = given.key_file.read_text(encoding="utf-8").strip() if given.key_file is not None else given.key.strip()
    except (OSError, UnicodeDecodeError):
        raise BadOption(f"--key-file: {given.key_file} cannot be read") from None
    if not key:
        raise BadOption("there is no key: set NOVITA_API_KEY, or name a file with --key-file")
    return SecretStr(key)


def _usd(text: str) -> Decimal:
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal("NaN")
    if not (usd.is_finite() and 0 < usd <= _MOST_USD):
        raise BadOption(f"--spend: {text!r} is no sum in USD above 0 and up to {_MOST_USD}, such as 0.10")
    return usd


def _said(text: str, code: int) -> int:
    _say(text)
    return code


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
