"""What the chart's pre-delete hook runs: say what goes on costing, and delete it where that is asked for and confirmed.

The operator still works while this runs: it is the one that deletes at Novita. Bodies are read as they are, without
models, so that an object of another version is counted, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from novita_operator.api.operator_class import OperatorClass
from novita_operator.kube import errors
from novita_operator.kube.client import Body, Kind, KubeClient

CONFIRMATION = "delete-all-gpu-instances"

_INSTANCES = Kind("gpuinstances")
_ACCOUNTS = Kind("novitaaccounts", namespaced=False)
# Owners go first: they would make new instances in place of deleted ones.
_OWNERS = (Kind("gpuinstancesets"), Kind("gpujobs"))
_LOOK_SECONDS = 2.0  # between looks; Novita needs some seconds to let go of an instance

Say = Callable[[str], None]


class Policy(StrEnum):
    """What happens to the instances when the operator is uninstalled."""

    RETAIN = "Retain"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    `namespaces`: the watched ones, empty means all. `class_name`: the class of the operator that goes; objects of other
    operators are none of its business. `crds_go`: the CRDs are removed as well, and with them the objects of all.
    """

    policy: Policy
    confirmed: bool
    crds_go: bool
    namespaces: tuple[str, ...]
    timeout_seconds: float
    class_name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One object of the report. `price`: USD per hour as last seen, None where it is unknown or nothing runs."""

    where: str
    instance_id: str
    phase: str
    price: Decimal | None
    deletion_policy: str

    @property
    def stays(self) -> bool:
        """Whether the instance outlives its object."""
        return self.deletion_policy != "Delete"

    def __str__(self) -> str:
        price = f"{self.price} USD/h" if self.price is not None else "-"
        kept = f"  deletionPolicy {self.deletion_policy}" if self.stays else ""
        return f"  {self.where:<40} {self.instance_id or '-':<24} {self.phase or '-':<12} {price:>14}{kept}".rstrip()


async def run(kube: KubeClient, order: Order, say: Say) -> int:
    """Report, then do what the policy says. Returns the exit code: 0 where `helm uninstall` may go on.

    Raises kube errors.
    """
    own = await _own_class(kube, order)
    lines = await _lines(kube, order, own)
    for text in _report(lines):
        say(text)
    refusal = _refusal(order, await _lines(kube, order, None) if order.crds_go else lines)
    if refusal:
        say(f"REFUSED: {refusal}")
        return 1
    if order.policy is Policy.RETAIN or not lines:
        for text in _retained(lines):
            say(text)
        return 0
    await _delete_all(kube, order, own)
    return await _until_gone(kube, order, own, say)


async def _own_class(kube: KubeClient, order: Order) -> OperatorClass:
    accounts = {body["metadata"]["name"]: body for body in await _found(kube, _ACCOUNTS, order, None)}
    return OperatorClass(order.class_name, accounts.get)


async def _lines(kube: KubeClient, order: Order, own: OperatorClass | None) -> list[Line]:
    found = await _found(kube, _INSTANCES, order, own)
    return sorted(map(_line, found), key=lambda line: line.where)


async def _found(kube: KubeClient, kind: Kind, order: Order, own: OperatorClass | None) -> Sequence[Body]:
    """The objects that are ours, or everybody's (None); none where the CRD is gone already."""
    try:
        found = [body async for body in kube.each(kind, order.namespaces)]
    except errors.NotFound:
        return []
    return [body for body in found if own is None or own.foreign(kind.plural, body) is None]


def _line(body: Mapping[str, Any]) -> Line:
    at, status, spec = body["metadata"], body.get("status") or {}, body.get("spec") or {}
    phase = str(status.get("phase", ""))
    return Line(
        where=f"{at['namespace']}/{at['name']}",
        instance_id=str(status.get("instanceId") or ""),
        phase=phase,
        price=None if phase == "Stopped" else _money(status.get("pricePerHour")),
        deletion_policy=str(spec.get("deletionPolicy", "Delete")),
    )


def _money(text: object) -> Decimal | None:
    try:
        return Decimal(str(text)) if text is not None else None
    except InvalidOperation:
        return None


def _report(lines: Sequence[Line]) -> list[str]:
    if not lines:
        return ["There is no GPUInstance: nothing is rented through this operator."]
    rented = [line for line in lines if line.instance_id]
    total = sum((line.price for line in rented if line.price is not None), Decimal(0))
    unknown = sum(line.price is None and line.phase != "Stopped" for line in rented)
    more = f", and {unknown} whose price is unknown" if unknown else ""
    head = f"{len(lines)} GPUInstance object(s), {len(rented)} of them with an instance at Novita"
    return [f"{head}, {total} USD per hour together{more}:", *map(str, lines)]


def _refusal(order: Order, lines: Sequence[Line]) -> str:
    if order.policy is Policy.DELETE and not order.confirmed:
        return (
            f"the policy is Delete and the confirmation is not {CONFIRMATION!r}. Set uninstall.confirmation to it by "
            "`helm upgrade`, or uninstall.policy to Retain; nothing was deleted."
        )
    if order.policy is Policy.RETAIN and order.crds_go and lines:
        return (
            "crds.keep is false, so that Kubernetes would delete these objects while no operator is there to end the "
            "instances. Set crds.keep to true, or uninstall.policy to Delete, by `helm upgrade`; nothing was deleted."
        )
    return ""


def _retained(lines: Sequence[Line]) -> list[str]:
    if not lines:
        return []
    return [
        "They are retained: the instances GO ON RUNNING AND COSTING at Novita, and the objects stay.",
        "An operator that is installed again takes them up. Until then nothing is stopped, ended or deleted,",
        "and an object that is deleted stays in Terminating.",
        "To stop paying without an operator, delete the instances by their ids in Novita's console.",
    ]


async def _delete_all(kube: KubeClient, order: Order, own: OperatorClass) -> None:
    for kind in (*_OWNERS, _INSTANCES):
        for body in await _found(kube, kind, order, own):
            at = body["metadata"]
            try:
                await kube.delete(kind, at["namespace"], at["name"], uid=at["uid"])
            except (errors.NotFound, errors.Conflict):
                continue  # gone, or another object by now: the look that follows sees it


async def _until_gone(kube: KubeClient, order: Order, own: OperatorClass, say: Say) -> int:
    """Wait for the operator to let go of them all; what owners made meanwhile is deleted, too."""
    end = time.monotonic() + order.timeout_seconds
    left = await _lines(kube, order, own)
    while left:
        if time.monotonic() > end:
            say(f"NOT DELETED within {order.timeout_seconds:.0f} s; the uninstall stops here and the operator goes on:")
            for line in left:
                say(str(line))
            say("See why with `kubectl describe gpuinstance`, then uninstall again.")
            return 1
        await asyncio.sleep(_LOOK_SECONDS)
        await _delete_all(kube, order, own)
        before, left = len(left), await _lines(kube, order, own)
        if len(left) < before:
            say(f"{len(left)} left")
    say("All GPUInstances are deleted. Instances whose deletionPolicy is Retain or Stop are still at Novita.")
    return 0
