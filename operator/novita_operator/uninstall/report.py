"""The sentences of an uninstall. Pure.

Bodies are read as they are, without models, so that an object of another version is counted, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance import resource
from novita_operator.uninstall.order import CONFIRMATION, Order, Policy, Release

# Helm 4 refuses the upgrade of a release whose uninstall has failed.
_UPGRADE = "by `helm rollback RELEASE REVISION` (the last one of `helm history RELEASE`), then `helm upgrade`"
_NAMED = 5  # of what would be lost
_LISTED = 2000  # lines of 100 characters; a ConfigMap holds 1 MiB


@dataclass(frozen=True, slots=True)
class Line:
    """One object of the report. `price`: USD per hour as last seen, None where it is unknown or nothing runs."""

    where: str
    account: str
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


@dataclass(frozen=True, slots=True)
class Sum:
    """What several objects come to. `rented`: those with an instance at Novita; `unknown`: of these, no price."""

    objects: int
    rented: int
    unknown: int
    price: Decimal

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Sum:
        counted = list(lines)
        rented = [line for line in counted if line.instance_id]
        unknown = sum(line.price is None and line.phase != "Stopped" for line in rented)
        price = sum((line.price for line in rented if line.price is not None), Decimal(0))
        return cls(len(counted), len(rented), unknown, price)

    def __str__(self) -> str:
        more = f", and {self.unknown} whose price is unknown" if self.unknown else ""
        return f"{self.price} USD per hour together{more}"


def lines_of(bodies: Iterable[Mapping[str, Any]]) -> list[Line]:
    """What the report says of these GPUInstances, by namespace and name."""
    return sorted(map(line, bodies), key=lambda each: each.where)


def line(body: Mapping[str, Any]) -> Line:
    """What the report says of one GPUInstance."""
    at, status, spec = body["metadata"], body.get("status") or {}, body.get("spec") or {}
    phase = str(status.get("phase", ""))
    return Line(
        where=f"{at['namespace']}/{at['name']}",
        account=resource.account_of(body),
        instance_id=str(status.get("instanceId") or ""),
        phase=phase,
        price=None if phase == "Stopped" else _money(status.get("pricePerHour")),
        deletion_policy=str(spec.get("deletionPolicy", "Delete")),
    )


def _money(text: object) -> Decimal | None:
    try:
        amount = Decimal(str(text)) if text is not None else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


def found(lines: Sequence[Line]) -> list[str]:
    """What there is."""
    if not lines:
        return ["There is no GPUInstance: nothing is rented through this operator."]
    total = Sum.of(lines)
    head = f"{total.objects} GPUInstance object(s), {total.rented} of them with an instance at Novita, {total}:"
    more = len(lines) - _LISTED
    rest = [f"  and {more} more: kubectl get gpuinstances --all-namespaces"] if more > 0 else []
    return [head, *map(str, lines[:_LISTED]), *rest]


def named(kind: str, body: Mapping[str, Any]) -> str:
    """One object of any kind."""
    at = body["metadata"]
    return f"{kind} {at['namespace']}/{at['name']}" if at.get("namespace") else f"{kind} {at['name']}"


def hidden(namespace: str, *, exists: bool) -> str:
    """What is said of a watched namespace whose objects cannot be read."""
    if not exists:
        return f"The watched namespace {namespace} is gone, and its objects with it."
    return (
        f"The watched namespace {namespace} cannot be read: it is being deleted, or the hook has lost its RoleBinding. "
        "Its objects are missing in this report; they stay, and what they rent GOES ON COSTING: "
        f"kubectl -n {namespace} get gpuinstances"
    )


def refusal(order: Order, lost: Sequence[str], unreadable: Sequence[str] = ()) -> str:
    """Why the uninstall must not go on; empty where it may.

    `lost`: objects that would go with the CRDs. `unreadable`: watched namespaces whose objects nobody can see here.
    """
    if order.policy is Policy.DELETE and not order.confirmed:
        return (
            f"the policy is Delete and the confirmation is not {CONFIRMATION!r}. Set uninstall.confirmation to it, or "
            f"uninstall.policy to Retain, {_UPGRADE}; nothing was deleted."
        )
    if unreadable and (order.policy is Policy.DELETE or order.crds_go):
        return (
            f"what is rented in {', '.join(unreadable)} cannot be read here, and so not be deleted first. Delete it, "
            "and wait until it is gone, while the operator runs; nothing was deleted."
        )
    if lost:
        more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        return (
            f"crds.keep is false, so that Kubernetes would delete with the CRDs: {', '.join(lost[:_NAMED])}{more}. The "
            "operator that is uninstalled would not be there to end their instances, or they belong to another "
            f"operator. Delete them first, or set crds.keep to true {_UPGRADE}; nothing was deleted."
        )
    return ""


def accounts_left(names: Sequence[str]) -> str:
    """What holds a CRD that is to go, and the way out."""
    return (
        f"NovitaAccount {', '.join(names)} could not be deleted, since no operator took its finalizer away, and holds "
        "its CRD in Terminating. When no GPUInstance is left: kubectl patch novitaaccount NAME --type=merge "
        '-p \'{"metadata":{"finalizers":null}}\''
    )


def retained(lines: Sequence[Line]) -> list[str]:
    """What goes on without an operator."""
    if not lines:
        return []
    return [
        "They are retained: the instances GO ON RUNNING AND COSTING at Novita, and the objects stay.",
        "An operator that is installed again takes them up. Until then nothing is stopped, ended or deleted,",
        "and an object that is deleted stays in Terminating.",
        "To stop paying without an operator, delete the instances by their ids in Novita's console.",
    ]


def deleted(before: Sequence[Line]) -> list[str]:
    """What is left at Novita when every object is gone."""
    kept = [line for line in before if line.stays and line.instance_id]
    if not kept:
        return ["All GPUInstances are deleted, and so are their instances at Novita."]
    total = Sum.of(kept)
    head = (
        f"All GPUInstances are deleted. {total.rented} instance(s) are STILL AT NOVITA, as their deletionPolicy asks, "
        f"{total}; those that were stopped cost their disks. Look in Novita's console:"
    )
    return [head, *map(str, kept)]


def leftovers(order: Order) -> list[str]:
    """What no uninstall removes, and how to remove it."""
    at = order.release
    kinds = [] if order.crds_go else [
        "  the CustomResourceDefinitions *.gpu.novita.ai with all objects of these kinds, NovitaAccounts too",
        "      delete the objects while an operator runs; then kubectl delete crd -l app.kubernetes.io/component=crds",
    ]  # fmt: skip
    return [
        "What stays in the cluster:",
        *kinds,
        f"  namespace {at.namespace} and what you put there, such as the Secret with your API key",
        f"  ConfigMap {at.namespace}/{at.report}: this report",
    ]


def events(lines: Sequence[Line], release: Release) -> dict[str, Event]:
    """Account -> what its Event says; nothing for an account without an instance."""
    by_account: dict[str, list[Line]] = defaultdict(list)
    for each in lines:
        if each.instance_id:
            by_account[each.account].append(each)
    return {account: _event(Sum.of(owned), release) for account, owned in by_account.items()}


def _event(total: Sum, release: Release) -> Event:
    text = (
        f"The operator was uninstalled. {total.rented} instance(s) of this account GO ON RUNNING at Novita, {total}; "
        "nothing stops, ends or deletes them until an operator is installed again. Which ones: kubectl -n "
        f"{release.namespace} get configmap {release.report} -o jsonpath='{{.data.report}}'"
    )
    return Event("Warning", EventReason.OPERATOR_UNINSTALLED, text)
