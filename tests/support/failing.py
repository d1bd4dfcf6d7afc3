"""Objects that a tenant may apply and that never become Ready, each for another reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support import builders
from tests.support.kube import Body
from tests.support.simulator import SimulatedAccount

_SOLD_OUT, _TAKEN, _TAKEN_ID = (
    "A100 SXM 80GB",
    "H100 SXM 80GB",
    "h100.20c180g",
)  # the catalogue has no stock of the first
NEVER_READY: Mapping[str, Mapping[str, Any]] = {
    "refused-registry-auth": {"registryAuthId": "nope"},
    "unknown-product": {"productName": "a card that nobody makes"},
    "sold-out": {"productName": _SOLD_OUT},
    "sold-out-when-asked": {"productName": _TAKEN},
    "price-limit": {"maxPricePerHour": "0.01"},
    "missing-secret": {
        "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "nowhere", "key": "token"}}}],
    },
}
"""Why it fails, and what its spec says."""


async def arrange(novita: SimulatedAccount) -> None:
    """One product is gone whenever it is asked for, although the catalogue has it."""
    await novita.fault("no-stock", route="create", match={"productId": _TAKEN_ID})


def bodies(count: int, namespace: str, account: str) -> Iterator[Body]:
    """So many objects, the reasons by turns."""
    reasons = list(NEVER_READY.items())
    for number in range(count):
        reason, spec = reasons[number % len(reasons)]
        yield builders.gpu_instance(f"{reason}-{number}", namespace, accountRef={"name": account}, **spec)
