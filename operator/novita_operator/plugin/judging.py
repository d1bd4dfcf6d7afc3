"""What the state of accounts, objects and the Lease says about an installation. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from novita_operator.api import conditions, resources
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.reasons import ConditionType as InstanceCondition
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.meta import VERSION
from novita_operator.api.novita_account.reasons import ConditionType
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.kube.reading import Right
from novita_operator.plugin.findings import Finding, note, ok, problem

# An account's sign of life is written once a minute; three that are missing are no accident.
_SILENT = timedelta(minutes=4)
# An object gets its first status within a second.
_UNSEEN = timedelta(minutes=1)
_SHOWN = 10  # a terminal shows so many; `status -A` lists the rest
_ABNORMAL = (ConditionType.CREATES_FROZEN, ConditionType.ORPHAN_DELETION_PAUSED, ConditionType.DELETION_BLOCKED)


def definition(resource: resources.Resource, body: Mapping[str, Any]) -> Finding:
    """Whether the CRD in the cluster has all that this version writes."""
    about = f"CRD {resource.plural}"
    served = {each["name"]: each for each in body["spec"]["versions"] if each.get("served")}
    if VERSION not in served:
        return problem(about, f"serves {', '.join(served) or 'nothing'} and not {VERSION}", _APPLY)
    schema = served[VERSION].get("schema", {}).get("openAPIV3Schema", {}).get("properties", {})
    missing = [
        f"{part}.{field}"
        for part, model in (("spec", resource.spec), ("status", resource.status))
        for field in sorted(model.model_json_schema(by_alias=True)["properties"])
        if field not in schema.get(part, {}).get("properties", {})
    ]
    if missing:
        return problem(about, f"{VERSION}, but of another version: it lacks {', '.join(missing)}", _APPLY)
    return ok(about, f"{VERSION}, with every field that this version knows")


_APPLY = "apply the CRDs of the operator's version (`novita-operator crds | kubectl apply --server-side -f -`)"


def right(wanted: Right, needed_for: str, *, allowed: bool, essential: bool) -> Finding:
    """Whether the user may do this."""
    place = f" in {wanted.namespace}" if wanted.namespace else ""
    about, what = "RBAC", f"{wanted.verb} {wanted.resource}{place}"
    if allowed:
        return ok(about, f"you may {what}")
    text = f"you may not {what}, which {needed_for} needs"
    fix = "ask an administrator for a Role; the chart's user roles are made for it"
    return problem(about, text, fix) if essential else note(about, text, fix)


def account(found: NovitaAccount, now: datetime) -> Iterator[Finding]:
    """Key, Novita's API, the operator's sign of life, orphans and the money breaker."""
    about = f"account {found.meta.name}"
    valid = conditions.find(found.status.conditions, ConditionType.CREDENTIALS_VALID)
    ready = conditions.find(found.status.conditions, ConditionType.READY)
    if valid is None or ready is None:
        yield problem(about, "the operator has not looked at it yet", _no_operator(found.spec.class_name))
        return
    yield _truth(about, valid, "Novita accepts the key", "put a valid key into the Secret of spec.apiKeySecretRef")
    yield _truth(about, ready, "Novita's API answers", "see the message; the operator tries again by itself")
    yield _sign_of_life(about, found, now)
    for kind in _ABNORMAL:
        if (abnormal := conditions.find(found.status.conditions, kind)) is not None and abnormal.status == "True":
            yield problem(about, f"{kind}: {abnormal.message}", "see the message")
    if found.status.orphans:
        text = "instances that belong to no object and may cost money: "
        text += ", ".join(orphan.id for orphan in found.status.orphans[:_SHOWN])
        yield problem(about, text, "`kubectl novita orphans` lists them")


_NO_OPERATOR = (
    "look whether the operator runs, and whether it watches this cluster: `kubectl -n novita-system get pods`"
)


def _no_operator(class_name: str) -> str:
    if not class_name:
        return _NO_OPERATOR
    return f"its spec.className is {class_name}: only an operator with CLASS_NAME={class_name} looks at it; run one"


def _truth(about: str, condition: Condition, good: str, fix: str) -> Finding:
    if condition.status == "True":
        return ok(about, good)
    text = f"{condition.type}={condition.status} ({condition.reason}): {condition.message}"
    # Unknown follows from something else, which another condition tells.
    return note(about, text) if condition.status == "Unknown" else problem(about, text, fix)


def _sign_of_life(about: str, found: NovitaAccount, now: datetime) -> Finding:
    polled = found.status.last_polled_at
    if polled is None:
        return note(about, "the operator has never read all of its instances")
    if now - polled > _SILENT:
        fix = _no_operator(found.spec.class_name)
        return problem(about, f"the operator last read it at {polled:%Y-%m-%d %H:%M:%S} UTC", fix)
    return ok(about, f"the operator works: it last wrote that it read all instances at {polled:%H:%M:%S} UTC")


def objects(found: Sequence[GPUInstance], now: datetime) -> Iterator[Finding]:
    """Objects that need a person, and those that no operator has looked at."""
    wrong = 0
    for each in found:
        about = f"{each.meta.namespace}/{each.meta.name}"
        stalled = conditions.find(each.status.conditions, InstanceCondition.STALLED)
        if stalled is not None:
            wrong += 1
            if wrong <= _SHOWN:
                yield problem(about, f"Stalled ({stalled.reason}): {stalled.message}", f"`{_explain(each)}`")
        elif not each.status.conditions and now - each.meta.created_at > _UNSEEN:
            wrong += 1
            if wrong <= _SHOWN:
                yield problem(about, "no operator has looked at it", _NO_OPERATOR)
    if wrong > _SHOWN:
        yield problem("objects", f"{wrong - _SHOWN} more need a person", "`kubectl novita status -A`")
    if not wrong:
        yield ok("objects", f"none of {len(found)} GPUInstances needs a person")


def _explain(each: GPUInstance) -> str:
    return f"kubectl novita explain {each.meta.name} -n {each.meta.namespace}"


def lease(body: Mapping[str, Any] | None, where: str, now: datetime) -> Finding:
    """Whether somebody leads, where several operators may run."""
    about = f"Lease {where}"
    if body is None:
        return note(about, "there is none: leader election is off, as it is for one replica")
    spec = body.get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    if not holder or not renewed:
        return problem(about, "nobody holds it, so no operator works", _NO_OPERATOR)
    silent = now - datetime.fromisoformat(str(renewed)).astimezone(UTC)
    if silent > timedelta(seconds=float(spec.get("leaseDurationSeconds") or 0)):
        return problem(about, f"{holder} has not renewed it for {silent.total_seconds():.0f} s", _NO_OPERATOR)
    return ok(about, f"{holder} leads")
