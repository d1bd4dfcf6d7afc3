"""The facts of one pass: the object, its account, and what Novita shows of it. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.policies import entitlement, lifetime, restarts
from novita_operator.controllers.gpu_instance.policies.belief import UNLOOKED, Belief
from novita_operator.controllers.gpu_instance.policies.lifetime import End
from novita_operator.controllers.gpu_instance.policies.window import Standing
from novita_operator.controllers.gpu_instance.reachability.ports import UNASKED, Reach
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.tenancy import judging
from novita_operator.tenancy.allowance import Allowance
from novita_operator.tenancy.judging import Refusal

# An ambiguous create is only believed not to have happened after so many looks that were spread over the list lag.
SEARCHES_NEEDED = 3


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the object may expect of its account.

    `Usable`: calls may be made. `Starting`: no poll has ended yet. All others say why not, in a sentence.
    """

    state: Literal["Usable", "Starting", "Absent", "NotAdmitted", "KeyMissing", "KeyRejected", "Unreachable"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """How sure it is that there is no instance, where none is shown."""

    unnoted: bool = False
    """An earlier process may have made a create call, and this one has seen no note: it may have been removed."""
    searches: int = 0
    """Polls that began after the intent was seen and did not show an instance, spaced apart."""
    gone_polls: int = 0
    """Polls after which a look by id did not find the recorded instance either."""
    only_by_id: bool = False
    """The list lacks our instance, and a look by id has found it."""
    intent_known_for: timedelta = timedelta(0)
    """How long ago this process saw the intent first; without one, the object."""
    delete_accepted: bool = False
    """Novita has accepted the delete call, and nothing shows that it was not done."""
    delete_settles: bool = False
    """The same a moment ago: neither list nor look by id need show it yet."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a pass knows before it decides."""

    resource: GPUInstance
    """The object."""
    name: str
    """The name that its instance has at Novita."""
    account: AccountView
    """What the object may expect of its account."""
    instance_id: str | None
    """The id of its instance, as the status or this process knows it."""
    found: tuple[Instance, ...]
    """Instances of exactly our name, oldest first, without removed ones; of an adopting object, the adopted one."""
    fresh: bool
    """The snapshot began after everything this process did to the instance, and after it first saw the object."""
    list_lag: timedelta
    """How far lists may be behind."""
    startup: timedelta
    """From the create or start call to Ready, at most."""
    intent: Intent | None = None
    """The note of the last create call, as the object carries it."""
    remembered: Intent | None = None
    """The last note that this process saw on the object, whether it is still there or not."""
    allowance: Allowance | None = None
    """What the namespace may have of the account; None where there is no account."""
    consent: bool = False
    """The account agrees that the instance that the spec takes over is this object's: it records or allows that."""
    absence: Absence = Absence()
    """What speaks for there being no instance."""
    belief: Belief = UNLOOKED
    """Whether that is enough, where an instance was had."""
    doubt: str | None = None
    """Why nothing may be believed that the account does not show, in sentences."""
    frozen: str | None = None
    """Why the account rents nothing, in sentences: the operator's cluster id has changed."""
    renamed: bool = False
    """The name of its instance carries a cluster id that is not ours."""
    detail: Instance | None = None
    """The last look by id at a running instance that did not make it Ready; None before the first."""
    hindered_at: datetime | None = None
    """When the cluster last refused what says how to reach the instance; None: it never has, in this process."""
    flaw: str | None = None
    """What in the spec can never work, in a sentence: nothing is rented or started for it."""
    failure_stands: bool = False
    """A recorded failure still holds the object back."""
    ended: bool = False
    """spec.lifetime has ended the instance."""
    end: End | None = None
    """When spec.lifetime ends it next."""
    unclear_end: str | None = None
    """Why that cannot be told, in a sentence."""
    standing: Standing | None = None
    """What the window of spec.lifetime.schedule says; None where it has none."""
    price_limit: Decimal | None = None
    """The limit that held at the create call, until the price was compared with it; USD per hour."""
    price_due: bool = False
    """The price of an instance that was just rented is not known yet, and it is time to look at it."""
    listed_price: Decimal | None = None
    """What Novita's catalogue asked for such an instance when it was last read, USD per hour."""
    unreadable: tuple[str, ...] = ()
    """What of the object's status and annotations cannot be read, and why; each a sentence."""
    measure: bool = False
    """It is time to ask how busy the GPU is."""
    edit_settles: bool = False
    """Ports or disk were changed a moment ago."""
    matched_generation: int | None = None
    """The last generation whose ports and disk the instance was seen to have."""
    reach: Reach = UNASKED
    """Whether the instance can be reached from here."""

    @property
    def instance(self) -> Instance | None:
        """Ours: the one of the recorded id; before an id is recorded, the oldest of our name."""
        if self.instance_id is not None:
            return next((found for found in self.found if found.id == self.instance_id), None)
        return self.found[0] if self.found else None

    @property
    def live(self) -> tuple[Instance, ...]:
        """Found instances that are not already on their way out."""
        return tuple(found for found in self.found if found.state is not InstanceState.REMOVING)

    @property
    def nothing_was_ever_asked(self) -> bool:
        """No create call for this object was ever sent, or its instance was seen gone. A refusal is no proof.

        Finalizer and intent are written together: where only the finalizer is left, somebody removed the note.
        """
        settled = self.intent is not None and self.intent.outcome == "Released"
        return settled and self.instance_id is None and not self.found

    @property
    def create_may_be_hidden(self) -> bool:
        """Whether a create call is so young that neither the list nor a look by id need show its instance yet.

        It is as old as this process knows of it: the times that are written in intents come from clocks that jump.
        """
        return self.intent is not None and self.intent.pending and self.absence.intent_known_for < self.list_lag

    @property
    def may_be_rented(self) -> bool:
        """Whether a create call without an answer may still have been carried out: too young, or not searched for."""
        pending = self.intent is not None and self.intent.pending
        return pending and (self.absence.searches < SEARCHES_NEEDED or self.create_may_be_hidden)

    @property
    def unnoted_may_be_rented(self) -> bool:
        """The same for a call whose note somebody may have removed, with the finalizer or without, while nobody looked.

        `kubectl replace` does so. An object that this process has known from its beginning is none of these.
        """
        young = self.absence.searches < SEARCHES_NEEDED or self.absence.intent_known_for < self.list_lag
        return self.absence.unnoted and self.adopts is None and young

    @property
    def refusal_settles_in(self) -> timedelta:
        """How long Novita's list may still hide what came of a create call that it says it refused; 0 where nothing.

        A lack of capacity is taken at its word, so that other offers are tried at once: a documented window.
        """
        refused = self.intent is not None and self.intent.outcome == "Refused"
        return max(timedelta(0), self.list_lag - self.absence.intent_known_for) if refused else timedelta(0)

    @property
    def nothing_is_coming(self) -> bool:
        """Whether it has no instance, and no call is left of which one may come: its place in the account is free."""
        absent = self.fresh and self.instance_id is None and not self.found
        return absent and not self.may_be_rented and not self.refusal_settles_in

    @property
    def unproven(self) -> bool:
        """Whether an id is known and nothing shows yet that it is this object's: neither a list nor a look by id."""
        seen = self.instance is not None or self.absence.only_by_id or self.absence.delete_accepted
        return self.instance_id is not None and not seen and self.create_may_be_hidden

    @property
    def paused(self) -> bool:
        return self.resource.meta.paused

    @property
    def deleting(self) -> bool:
        return self.resource.meta.deleted_at is not None

    @property
    def unwanted(self) -> bool:
        """Whether the instance was to be ended anyway: its absence is then no loss."""
        failure = self.resource.status.failure
        if self.deleting or self.power == "Released":
            return True
        if failure is None or failure.instance_id != self.instance_id:
            return False
        if failure.reason == "StartupTimeout":
            return self.failure_stands and self.resource.spec.startup.on_timeout == "Delete"
        return failure.reason in restarts.REPLACED and not self.failure_stands

    @property
    def left_behind(self) -> str:
        """What a person repeats to give up a deletion: the id, or the name where no id is known."""
        return self.instance_id or self.name

    @property
    def held(self) -> bool:
        """Whether our finalizer is on the object."""
        return meta.FINALIZER in self.resource.meta.finalizers

    @property
    def power(self) -> Literal["Running", "Stopped", "Released"]:
        """What is wanted now."""
        return lifetime.power(self.resource, self.standing, ended=self.ended)

    @property
    def adopts(self) -> str | None:
        """The id of the instance that the object takes over instead of renting."""
        adopt = self.resource.spec.adopt
        return adopt.instance_id if adopt is not None else None

    def takes_over(self, instance_id: str) -> bool:
        """Whether this is the id of the instance that spec.adopt names, in whatever case Novita shows it."""
        return self.adopts is not None and self.adopts.casefold() == instance_id.casefold()

    @property
    def is_spot(self) -> bool:
        """Whether it is billed as a spot instance."""
        return self.resource.status.billing == "Spot" if self.instance is None else self.instance.is_spot

    @property
    def denied(self) -> Refusal | None:
        """Why nothing may be rented, taken over or started for it, as far as its spec says."""
        if self.allowance is None:
            return None
        wish = entitlement.wish(self.resource)
        if wish.adopts and self.consent:
            return judging.retention(self.allowance, wish.deletion_policy)
        return judging.of_wish(self.allowance, wish)

    @property
    def most_rootfs_gb(self) -> int | None:
        """How large its root disk may be."""
        return self.allowance.most_rootfs_gb if self.allowance is not None else None

    @property
    def disk_denied(self) -> Refusal | None:
        """Why a root disk that the spec wants larger does not grow."""
        instance, wanted = self.instance, self.resource.spec.rootfs_size_gb
        if self.allowance is None or instance is None or self.deleting or instance.rootfs_gb >= wanted:
            return None
        return judging.of_disk(self.allowance, wanted)

    @property
    def not_ours(self) -> Refusal | None:
        """Why an instance that was taken over is left alone: nobody with a say has allowed it, now or then."""
        known = self.instance_id is not None or bool(self.found)
        if self.adopts is None or self.consent or self.allowance is None or not known:
            return None
        return judging.adoption(self.allowance)

    @property
    def may_be_left(self) -> bool:
        """Whether the account lets the namespace leave an instance behind."""
        return self.allowance is None or self.allowance.retention

    @property
    def retention_denied(self) -> Refusal | None:
        """Why a deletion may not leave the instance at Novita."""
        nothing = self.instance_id is None and not self.found and not self.may_be_rented
        if self.allowance is None or nothing or self.not_ours is not None:
            return None
        return judging.retention(self.allowance, self.resource.spec.deletion_policy)

    @property
    def deadline_begins_anew(self) -> bool:
        """Whether a person asks for another try of an instance that was too late, and was kept."""
        failure = self.resource.status.failure
        late = failure is not None and failure.reason == "StartupTimeout" and not self.failure_stands
        return late and self.instance is not None and self.instance.state is not InstanceState.EXITED

    @property
    def deadline(self) -> datetime | None:
        """When the instance must be Ready, counted from the last create or start call."""
        started = self.resource.status.started_at
        # While the cluster refused the Secret, nobody could see whether it can be reached.
        return None if started is None else max(started, self.hindered_at or started) + self.startup
