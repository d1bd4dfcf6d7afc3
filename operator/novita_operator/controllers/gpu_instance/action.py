"""What a pass decides to do: a closed union of frozen values. Each is one step; the next pass looks again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from novita_operator.novita.models import PortSpec

Settled = Literal["Pending", "Refused", "SoldOut", "Released"]


@dataclass(frozen=True, slots=True)
class Intent:
    """One attempt to create, as the object's note of intent says it (`launching.fence` writes and reads the note).

    `Pending`: made or not, search by name. `Refused`: Novita says that it did not, which is no proof. `SoldOut`: the
    same for lack of capacity, and other offers are tried at once. `Released`: the instance of this attempt was seen
    gone, nothing of it can appear any more.
    """

    attempt: int
    """From 1."""
    at: datetime
    """When the call was about to be made, by the clock of its process."""
    holder: str
    """The process that made it."""
    product: str
    region: str
    outcome: Settled = "Pending"
    limit: Decimal | None = None
    """The price limit that held at the call, USD per hour for the whole instance; None: there was none."""
    name: str = ""
    """What the instance was to be called."""

    @property
    def pending(self) -> bool:
        return self.outcome == "Pending"

    def settled(self, outcome: Settled) -> Intent:
        """The same attempt, with what became of it."""
        return replace(self, outcome=outcome)


@dataclass(frozen=True, slots=True)
class Nothing:
    """The world is as the spec wants it, or only a person can change that."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is under way.

    `moving`: the account should poll fast, a change wakes the object. `poll`: the next poll wakes it, changed or not.
    `seconds`: look again then at the latest.
    """

    moving: bool = False
    poll: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The object has, or may have, an instance and lacks our finalizer: put it back, with this note of intent.

    `note`: None where the note that the object carries is good.
    """

    note: Intent | None


@dataclass(frozen=True, slots=True)
class Launch:
    """Rent an instance: the one paid step."""


@dataclass(frozen=True, slots=True)
class Take:
    """An instance of our name exists and its id is not recorded yet: record it."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ProvePrice:
    """The instance was just rented under a price limit: look at what it really costs."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class RemoveDuplicates:
    """Several instances carry our name: keep the oldest, delete the others."""

    keep: str
    remove: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Describe:
    """Read the connection details, which lists do not carry, and write status and Secret.

    `again`: they are known, and may be others by now.
    """

    instance_id: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Start a stopped instance."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a running instance."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete these instances; the next passes watch them go."""

    instance_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfirmGone:
    """The list no longer has the instance: ask for it by id before believing it."""

    instance_id: str


FailureReason = Literal[
    "StartupTimeout", "Failed", "InstanceLost", "SpotReclaimed", "NoCapacityAtStart", "PriceAboveLimit"
]


@dataclass(frozen=True, slots=True)
class Fail:
    """Record durably what happened, before acting on it.

    `novita_error`: Novita's own error text, where it gave one.
    """

    reason: FailureReason
    message: str
    novita_error: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Record durably that a working instance is to be ended, before acting on it."""

    cause: Literal["MaxSeconds", "Idle", "Schedule"]
    action: Literal["Stop", "Delete"]
    message: str


@dataclass(frozen=True, slots=True)
class Measure:
    """Ask how busy the GPU is."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Change a running instance in place: its whole port list, and so many GB more of root disk."""

    instance_id: str
    ports: tuple[PortSpec, ...]
    grow_gb: int


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take over an existing instance, if it belongs to nobody else."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing of this object is left at Novita: drop the finalizer.

    `check_first`: list by exact name once more before believing it.
    """

    check_first: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """The instance stays at Novita, as `deletionPolicy` asks: write that down, then drop the finalizer."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """A person gave up the deletion by repeating what may be left: write that down, then drop the finalizer."""

    left_behind: str


AtNovita = (
    Launch
    | Take
    | ProvePrice
    | RemoveDuplicates
    | Describe
    | Start
    | Stop
    | Delete
    | ConfirmGone
    | Fail
    | End
    | Measure
    | Edit
    | Adopt
    | Release
)
"""What needs the account."""

Action = AtNovita | Nothing | Wait | Hold | Leave | Abandon
