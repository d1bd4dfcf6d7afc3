"""Amounts of money as statuses and notes hold them: decimal strings, since floats lose cents."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import AfterValidator

_MOST_DIGITS = 12  # before and after the point: beyond it nothing is an amount of money


def amount(text: str) -> str:
    """The same text. Raises ValueError where it is no amount to compute with."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("no decimal number") from None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError("no amount of money")
    return text


Money = Annotated[str, AfterValidator(amount)]
"""USD, a decimal string."""
