"""From the manifest to a machine that programs can be run on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.kinds import Kind
from novita_operator.api.meta import GROUP
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader, Right
from novita_operator.plugin import printing, rights
from novita_operator.plugin.cluster import INSTANCES, Wrong
from novita_operator.plugin.options import TRUST_NEW_FLAG
from novita_operator.plugin.run import manifest, progress, telling
from novita_operator.plugin.run.progress import Hopeless, Usable, Waiting

T = TypeVar("T")

LOOK_SECONDS = 1.0  # between two reads; the operator writes transitions within its poll period, 2 s
PATIENCE_SECONDS = 120.0
"""For an API server that does not answer: an upgrade of a control plane takes less."""
_KEY_SECONDS = 180.0  # the operator looks at a machine's host key within seconds
_ON_INSTANCES = ("create", "get", "patch", "delete")


@dataclass
class Rented:
    """One object, from before it was made. `found`: as it was last seen; None before it exists."""

    body: dict[str, Any]
    found: GPUInstance | None = None
    usable: bool = False
    _said: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.body["metadata"]["namespace"])

    @property
    def run(self) -> str:
        """Which run it belongs to: another object of this name is somebody else's."""
        return str(self.body["metadata"]["annotations"][meta.RUN])

    def say(self, text: str) -> None:
        """Once."""
        if text not in self._said:
            self._said.add(text)
            printing.note(f"{self.name}: {text}")


async def check_rights(reader: Reader, kind: Kind, body: dict[str, Any]) -> None:
    """Before anything is paid for. Raises Wrong, which says which right is missing, and how it is given."""
    at = body["metadata"]
    of_kind = [_right(verb, kind, at) for verb in _needed(kind)]
    login = Right("get", "secrets", "", at["namespace"], manifest.secret(body)) if kind == INSTANCES else None
    allowed = await reader.may([*of_kind, *([login] if login is not None else [])])
    sentences = []
    if missing := [right.verb for right in of_kind if not allowed[right]]:
        sentences.append(_missing(missing, kind, at["namespace"]))
    if login is not None and not allowed[login]:
        lacking = rights.missing("the password", "secrets", login.name, at["namespace"])
        sentences.append(f"{lacking} With --name NAME it is the same each time.")
    if sentences:
        raise Wrong(f"{' And '.join(sentences)} Nothing was rented.")


def _right(verb: str, kind: Kind, at: Mapping[str, Any]) -> Right:
    """Of that one object, except where nobody can give it so."""
    return Right(verb, kind.plural, GROUP, at["namespace"], "" if verb == "create" else at["name"])


def _needed(kind: Kind) -> tuple[str, ...]:
    return _ON_INSTANCES if kind == INSTANCES else ("create",)


def _missing(verbs: list[str], kind: Kind, namespace: str) -> str:
    said = ",".join(verbs)
    return (
        f"your user may not {', '.join(verbs)} {kind.plural}.{GROUP} in namespace {namespace}. An administrator allows "
        f"it by `kubectl create role run -n {namespace} --verb={said} --resource={kind.plural}.{GROUP}` and "
        f"`kubectl create rolebinding run -n {namespace} --role=run --user=YOU`."
    )


async def create(reader: Reader, rented: Rented) -> GPUInstance:
    """Make the object, which is told in `rented`, too. Raises Wrong where the name is taken, and kube errors."""
    try:
        made = await reader.create(INSTANCES, rented.body)
    except errors.Conflict:
        raise Wrong(await _taken(reader, rented)) from None
    rented.found = GPUInstance.parse(made)
    idle = made["spec"].get("lifetime", {}).get("idle", {})
    if idle.get("gpuUtilizationBelow") is not None:
        rented.say(
            "The CRDs of this cluster are of an older version, by which a GPU at work counts as use: where this "
            "program is lost, the machine ends by --timeout only. Apply the new CRDs."
        )
    return rented.found


async def _taken(reader: Reader, rented: Rented) -> str:
    name, at = rented.name, f"-n {rented.namespace}"
    taken = f'there is a GPUInstance "{name}" in namespace {rented.namespace} already; nothing was created.'
    try:
        other = GPUInstance.parse(await reader.get(INSTANCES, rented.namespace, name))
    except errors.KubeError:
        return f"{taken} Choose another --name."
    if meta.RUN in other.meta.annotations and other.status.ended is not None:
        return f"{taken} It is what a lost run has left, and costs nothing: kubectl delete gpui/{name} {at}"
    return f"{taken} Choose another --name; `kubectl novita status {at}` shows what it is."


async def until_usable(reader: Reader, rented: Rented, *, without_host_key: bool) -> GPUInstance:
    """Wait for it, and say how far it is. Raises Wrong where nothing comes of it."""
    ready_since: float | None = None
    while True:
        found = await _look(reader, rented)
        match progress.of(found, without_host_key=without_host_key):
            case Usable(message):
                rented.say(message)
                rented.usable = True
                return found
            case Hopeless(why):
                raise Wrong(f"{rented.name}: {why}")
            case Waiting(message, ready):
                rented.say(message)
                ready_since = (ready_since or time.monotonic()) if ready else None
                if ready_since is not None and time.monotonic() - ready_since > _KEY_SECONDS:
                    raise Wrong(
                        f"{rented.name}: the operator has not recorded its ssh host key: it does not reach its ssh "
                        f"port, or the image has no ssh. {TRUST_NEW_FLAG} goes on without."
                    )
        await asyncio.sleep(LOOK_SECONDS)


async def _look(reader: Reader, rented: Rented) -> GPUInstance:
    try:
        body = await steadily(lambda: reader.get(INSTANCES, rented.namespace, rented.name))
    except errors.NotFound:
        raise Wrong(f"{rented.name} is gone: somebody else has deleted it.") from None
    found = GPUInstance.parse(body)
    if rented.found is not None and found.meta.uid != rented.found.meta.uid:
        raise Wrong(f"{rented.name} is another object now: somebody else has deleted ours, and made it.")
    rented.found = found
    if (price := telling.price(found)) is not None:
        rented.say(price)
    return found


async def steadily(call: Callable[[], Awaitable[T]]) -> T:
    """The answer of an API server that may be away for a while. Raises kube errors."""
    end, told = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        try:
            return await call()
        except errors.Unreachable as error:
            if time.monotonic() > end:
                raise
            if not told:
                printing.note(f"{error}. It is tried again for {PATIENCE_SECONDS:.0f} s.")
            told = True
        await asyncio.sleep(LOOK_SECONDS)
