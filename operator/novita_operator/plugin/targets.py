"""Which machine a person means: `NAME`, `gpuset/NAME`, `gpuset/NAME-N`, `gpujob/NAME`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from novita_operator.api import conditions, meta
from novita_operator.api.gpu_instance.reasons import ConditionType
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.kinds import Kind
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing
from novita_operator.plugin.cluster import Scope, Wrong

KINDS = {
    word: kind
    for kind in (cluster.INSTANCES, cluster.SETS, cluster.JOBS)
    for word in (kind.name.lower(), kind.plural, kind.short)
}
"""The words for kinds that have machines, as kubectl takes them."""


@dataclass(frozen=True, slots=True)
class Target:
    """What was typed."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.name if self.kind == cluster.INSTANCES else f"{self.kind.short}/{self.name}"


def target(said: str) -> Target:
    """Read it; kinds have the names that kubectl takes. Raises Wrong."""
    word, slash, name = said.rpartition("/")
    if not slash:
        return Target(cluster.INSTANCES, said)
    found = KINDS.get(word.lower())
    if found is None or not name:
        raise Wrong(f'"{said}" names no machine: write NAME, gpuset/NAME, gpuset/NAME-N or gpujob/NAME.')
    return Target(found, name)


def has_kind(said: str) -> bool:
    """Whether it begins with a kind, and so names a machine and no path."""
    word, slash, name = said.partition("/")
    return bool(slash and name) and "/" not in name and word.lower() in KINDS


async def instance(reader: Reader, scope: Scope, said: str) -> GPUInstance:
    """The GPUInstance that is meant. Raises Wrong where there is none, and kube errors."""
    meant = target(said)
    if meant.kind == cluster.JOBS:
        return await _of_job(reader, scope, meant)
    if meant.kind == cluster.SETS:
        return await _of_set(reader, scope, meant)
    return await cluster.instance(reader, scope, meant.name)


async def instances(reader: Reader, scope: Scope, said: str) -> list[GPUInstance]:
    """All that are meant: of a set, every one. Raises Wrong where there is none, and kube errors."""
    meant = target(said)
    if meant.kind == cluster.SETS and (members := await _members(reader, scope, meant.name)):
        return members
    return [await instance(reader, scope, said)]


async def _of_job(reader: Reader, scope: Scope, meant: Target) -> GPUInstance:
    job = await cluster.job(reader, scope, meant.name)
    if job.status.instance_name is None:
        raise Wrong(
            f"{meant} has no machine now ({job.status.phase or 'not looked at yet'}); "
            "it has one while an attempt is under way."
        )
    return await cluster.instance(reader, scope, job.status.instance_name)


async def _of_set(reader: Reader, scope: Scope, meant: Target) -> GPUInstance:
    """Of the set of that name, the first that is Ready; else the one with that index. A set's own name may end so."""
    if members := await _members(reader, scope, meant.name):
        return _chosen(meant, members)
    name, _, index = meant.name.rpartition("-")
    if name and index.isdecimal():
        for each in await _members(reader, scope, name):
            if each.meta.name == meant.name:
                return each
    raise Wrong(
        f"{meant} has no instance in namespace {scope.one(reader)}. `kubectl novita status` shows all there are."
    )


async def _members(reader: Reader, scope: Scope, name: str) -> list[GPUInstance]:
    if len(name) > meta.LABEL_CHARS:
        return []
    bodies = await reader.list_labelled(cluster.INSTANCES, scope.one(reader), {meta.SET_LABEL: name})
    return sorted((GPUInstance.parse(body) for body in bodies), key=lambda each: _by_index(each.meta.name))


def _by_index(name: str) -> tuple[int, str]:
    index = name.rpartition("-")[2]
    return (int(index) if index.isdecimal() else -1, name)


def _chosen(meant: Target, members: Sequence[GPUInstance]) -> GPUInstance:
    """The first that can be reached; it is said which one that is, since it may be another one next time."""
    found = next((each for each in members if _is_ready(each)), members[0])
    if len(members) > 1:
        printing.note(f"{meant} has {len(members)} instances; this is {found.meta.name}.")
    return found


def _is_ready(found: GPUInstance) -> bool:
    ready = conditions.find(found.status.conditions, ConditionType.READY)
    return ready is not None and ready.status == "True" and found.status.connection is not None
