"""The keys of people on an instance: which are asked for, and what it means that they are not on it yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import conditions
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.gpu_instance.status import AuthorizedKeysStatus, GPUInstanceStatus
from novita_operator.controllers.gpu_instance.reachability import connection, host_keys
from novita_operator.controllers.gpu_instance.reachability.host_keys import Wanted as Machine
from novita_operator.machines import public_keys
from novita_operator.machines.public_keys import Keys, NoPublicKey, PublicKey
from novita_operator.novita.models import Instance

_MOST_WHY = 600  # characters: a message has room for the rest of it


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be brought where. Another one of the same `machine` is looked at at once."""

    machine: Machine
    """As it runs now: another start has to be seen to have them, too."""
    secret: str
    """How to get in."""
    fingerprint: str | None
    """Of the only host key that is talked to."""
    generation: int
    referring: bool
    """Secrets and ConfigMaps may change, and nobody tells of it."""
    requested_at: str | None
    """The annotation by which a person asks for a look now."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is on the machine by our last look."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why they are not on it as the spec asks; `message` completes "spec.authorizedKeys: …"."""

    reason: Reason
    message: str

    @property
    def stalled(self) -> bool:
        """Whether only a person can help."""
        return self.reason in {Reason.HOST_KEY_CHANGED, Reason.INVALID_SPEC}


@dataclass(frozen=True, slots=True)
class Known:
    """What this process knows. `written`: at this start. `looked`: what was told before counts no more."""

    written: Written | None = None
    hindrance: Hindrance | None = None
    looked: bool = False


NOTHING = Known()


@dataclass(frozen=True, slots=True)
class Granted:
    """What that means for Ready: it waits for the first keys of each start, and for no later change of them."""

    usable: bool = True
    known: Known = NOTHING
    asked: bool = False

    @property
    def why(self) -> str:
        """Why Ready waits, as a clause."""
        hindrance = self.known.hindrance
        text = f": {hindrance.message.rstrip('.')}" if hindrance is not None else ""
        return f"spec.authorizedKeys are not on it yet{text}"[:_MOST_WHY]


UNASKED = Granted()


def asked(spec: GPUInstanceSpec) -> bool:
    """Whether the spec wants any."""
    return bool(spec.authorized_keys or spec.authorized_keys_from)


def stated(spec: GPUInstanceSpec) -> tuple[PublicKey, ...]:
    """Those in the spec itself. Raises NoPublicKey, with the field in its message."""
    found = []
    for number, text in enumerate(spec.authorized_keys):
        try:
            found.append(public_keys.parse(text))
        except NoPublicKey as error:
            raise NoPublicKey(f"spec.authorizedKeys[{number}] {error}.") from None
    try:
        public_keys.together(found)
    except NoPublicKey as error:
        raise NoPublicKey(f"spec.authorizedKeys: the keys {error}.") from None
    return tuple(found)


def in_spec(spec: GPUInstanceSpec) -> Keys | None:
    """What is to be on the machine, where the spec alone says it."""
    try:
        return None if spec.authorized_keys_from else public_keys.together(stated(spec))
    except NoPublicKey:
        return None


def wanted(resource: GPUInstance, instance: Instance | None) -> Wanted | None:
    """None while it does not run, or where nothing is asked for and nothing of ours is left on its disk."""
    spec, status = resource.spec, resource.status
    machine = host_keys.wanted(resource, instance)
    if not (asked(spec) or status.authorized_keys is not None) or resource.meta.paused:
        return None
    if machine is None or resource.unreadable is not None:
        return None
    return Wanted(
        machine,
        connection.secret_name(resource),
        host_keys.recorded(status),
        resource.meta.generation,
        bool(spec.authorized_keys_from),
        resource.meta.reconcile_requested_at,
    )


def recorded(status: GPUInstanceStatus, machine: Machine) -> Written | None:
    """What the status says that this start of the machine has."""
    known = status.authorized_keys
    if known is None or known.instance_id != status.instance_id:
        return None
    same = (known.started_at, known.instance_started_at) == (machine.started_at, machine.instance_started_at)
    return Written(known.count, known.digest) if same else None


def awaited(resource: GPUInstance, machine: Machine) -> bool:
    """Whether Ready waits for them at this start of the machine."""
    return asked(resource.spec) and recorded(resource.status, machine) is None


def judge(resource: GPUInstance, instance: Instance | None, known: Known) -> Granted:
    """What is known means for Ready."""
    if not asked(resource.spec):
        return Granted(known=known)
    on_it = known.written is not None or _is_recorded(resource.status, instance)
    return Granted(on_it or _is_in_use(resource.status, instance), known, asked=True)


def _is_recorded(status: GPUInstanceStatus, instance: Instance | None) -> bool:
    """Also while the rest of how to reach it is read again, as after an edit of its ports."""
    known = status.authorized_keys
    if known is None or instance is None or known.instance_id != instance.id or known.started_at != status.started_at:
        return False
    return instance.started_at in {None, known.instance_started_at}


def _is_in_use(status: GPUInstanceStatus, instance: Instance | None) -> bool:
    """It was Ready at this start, before any keys were asked for: it stays so until they are there."""
    known, ready = status.connection, conditions.find(status.conditions, ConditionType.READY)
    if known is None or instance is None or instance.started_at not in {None, known.instance_started_at}:
        return False
    return ready is not None and ready.status == "True" and ready.reason == Reason.READY


def noted(
    granted: Granted, resource: GPUInstance, instance: Instance | None, instance_id: str | None
) -> AuthorizedKeysStatus | None:
    """What the status says after this pass. They are on the disk, and so stay known while the instance is stopped."""
    status, written, machine = resource.status, granted.known.written, host_keys.wanted(resource, instance)
    old = status.authorized_keys
    if instance_id is None or instance_id != status.instance_id:
        return None
    if written is None or machine is None:
        return old if old is not None and old.instance_id == instance_id else None
    if not written.count and not granted.asked:
        return None
    return AuthorizedKeysStatus(
        count=written.count,
        digest=written.digest,
        instance_id=instance_id,
        started_at=machine.started_at,
        instance_started_at=machine.instance_started_at,
    )
