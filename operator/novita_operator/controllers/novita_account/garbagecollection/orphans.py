"""Which instances belong to nobody, which of them may be deleted, and what speaks against it. Pure.

Deleting what is not ours is worse than paying for it a little longer: everything odd stops the deletion (safety:
Collector), and a person confirms by repeating the number of orphans.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from novita_operator.api import meta
from novita_operator.api.novita_account.reasons import Reason
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.reconciling import confirmation, naming
from novita_operator.runtime.accounts.retention import Record

_FEW = 3  # single mishaps, such as a force-finalized object, never leave more at once
_SHARE = 10  # of a large account, a tenth


@dataclass(frozen=True, slots=True)
class Objects:
    """What the API server holds, from a quorum read that began after the list of instances had ended.

    UIDs and ids of all objects; `users` counts those that refer to the account.
    """

    uids: frozenset[str]
    instance_ids: frozenset[str]
    users: int

    def own(self, instance: Instance, ours: naming.Names) -> bool:
        """Whether one of them has the UID in the instance's name, or its id; also where Novita renders the name."""
        if instance.id in self.instance_ids or ours.owner_uid(instance.name) in self.uids:
            return True
        rendered = naming.uid_in(instance.name) is None
        names = (naming.instance_name(ours.cluster, uid) for uid in self.uids) if rendered else ()
        return any(naming.resembles(name, instance.name) for name in names)


@dataclass(frozen=True, slots=True)
class Rules:
    """`min_age`: no younger instance is an orphan; `sightings_apart`: the two looks that it takes."""

    names: naming.Names
    policy: Literal["Report", "Delete"]
    sees_everything: bool
    min_age: timedelta
    sightings_apart: timedelta


@dataclass(frozen=True, slots=True)
class Orphan:
    """An instance that no object claims, and when that was first seen."""

    instance: Instance
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class Brake:
    """Why orphans that are due are not deleted."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`delete` is empty while a brake holds. `baseline`: the number of objects that the next look compares with.

    `confirmed`: a brake would hold if a person had not spoken.
    """

    orphans: tuple[Orphan, ...] = ()
    delete: tuple[Orphan, ...] = ()
    brake: Brake | None = None
    baseline: int = 0
    confirmed: bool = False
    retained: int = 0
    """How many are no orphans because a person chose to leave them."""


@dataclass(frozen=True, slots=True)
class OrphanCheck:
    """One look: the marked instances without a claim, the objects, and what earlier looks left.

    `departed`: UIDs of objects that asked for their instance to be deleted with them, and were seen to go.
    `confirmed`: what a person has said; `spent`: what was said of orphans that are gone, and says nothing of these.
    `confirmed_ids`: of what was said last, while some are left.
    """

    unclaimed: Collection[Instance]
    marked: int
    objects: Objects
    objects_before: int
    first_seen: Mapping[str, datetime]
    confirmed: str | None
    now: datetime
    departed: frozenset[str] = frozenset()
    renamed: str | None = None
    spent: str | None = None
    confirmed_ids: frozenset[str] = frozenset()
    retained: Record | str = field(default_factory=Record)
    """What people chose to leave; a text where that is not known: why, and what a person can do."""

    def is_retained(self, instance: Instance) -> bool:
        """Whether a person chose to leave it."""
        return isinstance(self.retained, Record) and self.retained.holds(instance)


def judge(check: OrphanCheck, rules: Rules) -> Verdict:
    """What to report, and what to delete."""
    unowned = tuple(_unowned(check, rules))
    retained = sum(map(check.is_retained, unowned))
    found = tuple(sorted(_orphans(unowned, check, rules), key=lambda each: (each.first_seen, each.instance.id)))
    due = tuple(orphan for orphan in found if _is_due(orphan, check.now, rules))
    odd = _brake(found, check, rules)
    confirmed = odd is not None and _is_confirmed(found, check, odd)
    brake = odd if due and not confirmed else None
    deletes = rules.policy == "Delete" and brake is None
    # While anything is unclaimed the baseline only grows: a restore must not become the new normal.
    baseline = max(check.objects.users, check.objects_before) if check.unclaimed else check.objects.users
    spoken = bool(due) and deletes and confirmed
    shown = brake if rules.policy == "Delete" else None
    return Verdict(found, due if deletes else (), shown, baseline, spoken, retained)


def _unowned(check: OrphanCheck, rules: Rules) -> Iterable[Instance]:
    for instance in check.unclaimed:
        if instance.state is not InstanceState.REMOVING and not check.objects.own(instance, rules.names):
            yield instance


def _orphans(unowned: Iterable[Instance], check: OrphanCheck, rules: Rules) -> Iterable[Orphan]:
    for instance in unowned:
        if _is_old(instance, check.now, rules) and not check.is_retained(instance):
            yield Orphan(instance, check.first_seen.get(instance.id, check.now))


def _is_old(instance: Instance, now: datetime, rules: Rules) -> bool:
    # An instance without a creation time is dated by its first sighting alone.
    return instance.created_at is None or now - instance.created_at >= rules.min_age


def _is_due(orphan: Orphan, now: datetime, rules: Rules) -> bool:
    apart = rules.sightings_apart if orphan.instance.created_at else max(rules.sightings_apart, rules.min_age)
    return now - orphan.first_seen >= apart


def _is_confirmed(found: tuple[Orphan, ...], check: OrphanCheck, odd: Brake) -> bool:
    """A person repeats the number that the condition shows. What others may own is beyond their power, too."""
    beyond = {Reason.IDENTITY_SHARED, Reason.CLUSTER_ID_CHANGED, Reason.RETAINED_UNKNOWN}
    said = confirmation.says(check.confirmed, len(found), check.spent)
    rest_of_said = check.confirmed_ids.issuperset(orphan.instance.id for orphan in found)
    return (said or rest_of_said) and odd.reason not in beyond


def _are_all_departed(found: tuple[Orphan, ...], check: OrphanCheck, rules: Rules) -> bool:
    """A few that were left by objects which were seen to be deleted: nothing vanished, and no crowd has to prove it."""
    owners = {rules.names.owner_uid(orphan.instance.name) for orphan in found}
    return len(found) <= _FEW and owners <= check.departed


def _brake(found: tuple[Orphan, ...], check: OrphanCheck, rules: Rules) -> Brake | None:
    objects, count = check.objects.users, len(found)
    confirm = (
        f" If they may go, annotate the account with {confirmation.wanted(meta.CONFIRM_ORPHANS, count, check.spent)}; "
        "else re-create their objects or delete them at Novita."
    )
    if check.renamed is not None:
        return Brake(Reason.CLUSTER_ID_CHANGED, check.renamed)
    if not rules.sees_everything:
        text = (
            "The operator watches only some namespaces and its cluster id is derived, so that another operator may own "
            "these instances. Give each operator a CLUSTER_ID of its own, or delete them at Novita."
        )
        return Brake(Reason.IDENTITY_SHARED, text)
    if isinstance(check.retained, str):
        return Brake(Reason.RETAINED_UNKNOWN, check.retained)
    if _are_all_departed(found, check, rules):
        return None
    if objects == 0:
        return Brake(
            Reason.NO_OBJECTS, f"No GPUInstance uses this account, yet {count} marked instances exist.{confirm}"
        )
    if objects * 2 <= check.objects_before:
        text = (
            f"{check.objects_before} GPUInstances used this account at the last orphan check, "
            f"{objects} do now.{confirm}"
        )
        return Brake(Reason.OBJECTS_VANISHED, text)
    if count > max(_FEW, check.marked // _SHARE):
        return Brake(Reason.TOO_MANY, f"{count} of {check.marked} marked instances belong to no object.{confirm}")
    return None
