"""The fence around the paid call (safety: Create, step 5): finalizer and note of intent, written and read here alone.

The note says what an object was about to rent; it is durable before the call. Every write has the precondition that
nobody wrote the object since it was read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from novita_operator import crashpoints
from novita_operator.api import meta, money
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.kinds import Kind
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.action import Intent, Settled
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient

NOBODY_KNOWS_WHEN = datetime.fromtimestamp(0, UTC)
"""When the call of a damaged note was made: longer ago than anything that is waited for. No status can hold it."""
_DAMAGED = Intent(attempt=1, at=NOBODY_KNOWS_WHEN, holder="", product="", region="")
# What lies outside was not written by an operator, and does not fit into a status.
_MOST_ATTEMPTS = 1_000_000
_WORD_CHARS = 255


@dataclass(frozen=True, slots=True)
class Terms:
    """What is about to be rented, and for how much at most: USD per hour for the whole instance."""

    product: str
    region: str
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Fence:
    """Raises and lifts fences. `holder`: this process, by which people see who made a call."""

    kube: KubeClient
    cache: Cache
    kind: Kind
    clock: Clock
    holder: str

    async def newest(self, key: Key) -> GPUInstance:
        """The server's own copy, not the watch's. Raises kube errors."""
        body = await self.kube.get(self.kind, key.namespace, key.name)
        self.cache.put(key, body)
        return GPUInstance.parse(body)

    async def raise_for(self, fresh: GPUInstance, terms: Terms, key: Key, name: str) -> Intent:
        """Before the create call of this name: our finalizer and the note of it, in one write. Raises kube errors."""
        before = read(fresh.meta)
        attempt = (before.attempt if before else 0) + 1
        intent = Intent(
            attempt, self.clock.now(), self.holder, terms.product, terms.region, limit=terms.limit, name=name
        )
        crashpoints.reached("intent.before-write")
        await self._write(fresh.meta, key, held=True, note=intent)
        crashpoints.reached("intent.after-write")
        return intent

    async def settle(self, intent: Intent, key: Key, outcome: Settled) -> Intent:
        """Note what became of a create call that brought no instance; the note as it is then. Raises kube errors.

        Novita has refused and done it all the same: the finalizer stays until a search by name. Where no call has
        left this process (`Released`), nothing can appear, and the finalizer goes.
        """
        settled = intent.settled(outcome)
        fresh = await self.newest(key)
        if read(fresh.meta) != intent:
            # Another process has noted a call of its own meanwhile: note and finalizer are not ours to settle.
            return settled
        crashpoints.reached("refusal.before-write")
        await self._write(fresh.meta, key, held=outcome != "Released", note=settled)
        crashpoints.reached("refusal.after-write")
        return settled

    async def lift(self, at: meta.Meta, note: Intent | None, key: Key) -> None:
        """The instance is gone, or let go: drop the finalizer, and settle the note if there is one.

        Raises kube errors, NotFound among them.
        """
        crashpoints.reached("release.before-write")
        await self._write(at, key, held=False, note=note.settled("Released") if note is not None else None)
        crashpoints.reached("release.after-write")

    async def hold(self, at: meta.Meta, note: Intent | None, key: Key) -> None:
        """The object has, or may have, an instance: put the finalizer on it, and this note. Raises kube errors.

        `note`: None where the note that the object carries is good.
        """
        crashpoints.reached("hold.before-write")
        await self._write(at, key, held=True, note=note)
        crashpoints.reached("hold.after-write")

    async def take_over(self, product: str, region: str, key: Key) -> None:
        """The fence of an instance that is adopted: its note says that nothing was rented. Raises kube errors.

        A crash after it leaves the instance as it was.
        """
        fresh = await self.newest(key)
        await self.hold(fresh.meta, Intent(1, self.clock.now(), self.holder, product, region, "Released"), key)

    async def _write(self, at: meta.Meta, key: Key, *, held: bool, note: Intent | None) -> None:
        others = [name for name in at.finalizers if name != meta.FINALIZER]
        kept = list(dict.fromkeys([*at.finalizers, meta.FINALIZER])) if held else others
        notes = {meta.CREATE_INTENT: _to_annotation(note)} if note is not None else None
        body = await self.kube.patch_metadata(self.kind, at, finalizers=kept, annotations=notes)
        self.cache.wrote(key, body)


def read(at: meta.Meta) -> Intent | None:
    """The note of intent that the object carries; None where it has none.

    A note that somebody damaged still says that a call may have been made, so it reads as pending since ever:
    the object then looks by name before it does anything else.
    """
    annotation = at.annotations.get(meta.CREATE_INTENT)
    return None if annotation is None else _understood(annotation) or _DAMAGED


def complaint(at: meta.Meta) -> str | None:
    """Why the note that the object carries cannot be read, in a sentence."""
    annotation = at.annotations.get(meta.CREATE_INTENT)
    if annotation is None or _understood(annotation) is not None:
        return None
    return (
        f"The annotation {meta.CREATE_INTENT} is not as an operator writes it: it counts as a create call of unknown "
        "outcome, and the instance is looked for by name."
    )


def _understood(annotation: str) -> Intent | None:
    try:
        return _from_json(json.loads(annotation))
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError):
        return None


def _to_annotation(intent: Intent) -> str:
    raw = asdict(intent) | {"at": intent.at.isoformat()}
    del raw["limit"]
    return json.dumps(raw if intent.limit is None else raw | {"limit": str(intent.limit)}, separators=(",", ":"))


def _from_json(raw: dict[str, Any]) -> Intent:
    attempt, at = int(raw["attempt"]), meta.reasonable(datetime.fromisoformat(raw["at"]))
    if not 0 < attempt <= _MOST_ATTEMPTS:
        raise ValueError("an intent that no operator has written")
    outcome = raw.get("outcome")
    return Intent(
        attempt=attempt,
        at=at,
        holder=_word(raw.get("holder")),
        product=_word(raw.get("product")),
        region=_word(raw.get("region")),
        outcome=outcome if outcome in ("Refused", "SoldOut", "Released") else "Pending",
        limit=_limit(raw.get("limit")),
        name=_word(raw.get("name")),
    )


def _word(value: object) -> str:
    return value[:_WORD_CHARS] if isinstance(value, str) else ""


def _limit(value: object) -> Decimal | None:
    """A limit that cannot be read is none: nothing is ended because of it."""
    try:
        limit = Decimal(money.amount(value)) if isinstance(value, str) else None
    except ValueError:
        return None
    return limit if limit is not None and limit > 0 else None
