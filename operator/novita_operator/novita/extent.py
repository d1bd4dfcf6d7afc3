"""What a quota is of, by the words of the refusal (novita-api 1.5): of the account, or of a product, a region, a mode.

No more than the words say is taken to be full: another product may have room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# The console's word for it: the GPUs that the account may use at the same time.
_OF_THE_ACCOUNT = frozenset({"CREATE_GPU_NUM_LIMIT"})
_ACCOUNT = re.compile(r"\b(?:accounts?|users?|teams?|members?|tenants?|organi[sz]ations?)\b|账户|账号", re.IGNORECASE)
_PRODUCT = re.compile(
    r"\b(?:products?|specs?|specifications?|models?|(?:gpu|card|instance)[- ]types?|this (?:gpu|card))\b", re.IGNORECASE
)
_REGION = re.compile(r"\b(?:regions?|clusters?|zones?|data ?cent(?:er|re)s?|locations?)\b", re.IGNORECASE)
_BILLING = re.compile(r"\b(?:spot|pre-?emptible|on[- ]?demand|pay[- ]as[- ]you[- ]go)\b", re.IGNORECASE)


_PART = re.compile(r"(?=[a-z]*\d{2})[a-z]*\d+[a-z]*")


@dataclass(frozen=True, slots=True)
class Extent:
    """What is full, as far as the refusal says."""

    product: bool
    """Only the product that was asked for."""
    region: bool
    """Only where it was asked for."""
    billing: bool
    """Only spot, or only on demand."""


def of(reason: str, message: str, product_names: Iterable[str], region_names: Iterable[str]) -> Extent:
    """The extent of a quota. The names are those of what was asked for: a message that has one speaks of it."""
    product = _PRODUCT.search(message) is not None or _names(message, product_names)
    account = reason in _OF_THE_ACCOUNT or _ACCOUNT.search(message) is not None
    region = _REGION.search(message) is not None or _names(message, region_names)
    return Extent(product or not account, region, _BILLING.search(message) is not None)


def _names(message: str, names: Iterable[str]) -> bool:
    """A part with a digit, such as "4090" or "H100", is enough; one that ends in GB is a size."""
    said = message.casefold()
    parts = {part for name in names for part in _PART.findall(name.casefold()) if not part.endswith("gb")}
    return any(name and name.casefold() in said for name in names) or any(
        re.search(rf"(?<!\d){p}(?!\d)", said) for p in parts
    )
