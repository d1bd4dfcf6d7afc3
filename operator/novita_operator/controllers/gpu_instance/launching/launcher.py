"""Renting: the one paid step, in the order of the safety rules (create, steps 1 to 7)."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from novita_operator import crashpoints
from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.launching import fence, obstacles, recovery, request
from novita_operator.controllers.gpu_instance.launching.chooser import Choice, Chooser
from novita_operator.controllers.gpu_instance.launching.fence import Fence, Terms
from novita_operator.controllers.gpu_instance.launching.selection import Candidate
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.policies import entitlement
from novita_operator.controllers.gpu_instance.result import Price, Problem, Result
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.models import CreateRequest, Instance
from novita_operator.runtime.accounts.pause import Need
from novita_operator.tenancy import judging
from novita_operator.tenancy.load import Load

logger = logging.getLogger(__name__)

# Longest pause between the durable intent and the first byte of the call. A process that was frozen for longer may
# have been replaced meanwhile: it must not send any more (safety rules: two processes).
_INTENT_VALID_SECONDS = 5.0
# Candidates tried in one pass: each costs a write and a call, and other objects wait for the slot.
_CANDIDATES_PER_PASS = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """One paid call that is about to be made, for the server's own copy of the object, until a monotonic time."""

    choice: Choice
    candidate: Candidate
    intent: Intent
    fresh: GPUInstance
    name: str
    valid_until: float

    def request(self) -> CreateRequest:
        of = self.choice
        return request.create_request(self.name, self.fresh, of.wanted, self.candidate, of.template, of.inputs)

    @property
    def offer(self) -> tuple[str, str, str]:
        """What may turn out to be sold out: product, region, billing."""
        return self.candidate.product.id, self.candidate.region, self.choice.wanted.billing


@dataclass(frozen=True, slots=True)
class Launcher:
    """Chooses and creates. One instance per process. `may_pay`: whether a paid call may begin now."""

    fence: Fence
    chooser: Chooser
    clock: Clock
    metrics: Metrics
    may_pay: Callable[[], bool]

    async def launch(self, this: Pass) -> Result:
        """Rent an instance for this object, once. Raises kube errors; everything else is in the result."""
        account = this.account
        if account.money.frozen:
            return Result(problem=obstacles.frozen(account.name))
        allowance = account.allowance(this.key.namespace)
        # Before any call: one more, whatever it costs.
        least = Load(1, this.seen.resource.spec.gpu_count)
        if (refused := account.room(this.seen.name, allowance)(least)) is not None:
            return Result(problem=obstacles.not_allowed(refused))
        if not account.creates.try_take(this.key, urgent=not this.memory.repeats(this.seen)):
            return Result(queued=True)
        try:
            choice = await self.chooser.choose(this)
            if isinstance(choice, Problem):
                return Result(problem=choice)
            return await self._rent(choice, this)
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, "read Novita's catalogue"))
        finally:
            account.pauses.settle(this.key)
            account.creates.give_back()

    async def _rent(self, choice: Choice, this: Pass) -> Result:
        """Try the candidates in order: only a lack of capacity moves on to the next."""
        problem = Problem(ConditionType.SCHEDULED, Reason.NO_CAPACITY, "No candidate was left to try.")
        refused: Intent | None = None
        waiting: list[Problem] = []
        for candidate in itertools.islice(self._admitted(choice, this, waiting), _CANDIDATES_PER_PASS):
            fresh = await self.fence.newest(this.key)  # step 1: the server's own copy, not the watch's
            if (found := await self._search(fresh, this, refused)) is not None:
                return await recovery.take(found, this) if isinstance(found, Instance) else found
            if (obstacle := await self._obstacle(choice, candidate, fresh, this)) is not None:
                return obstacle
            attempt = await self._prepare(choice, candidate, fresh, this)
            refused = attempt.intent
            outcome = await self._create(attempt, this)
            if outcome.problem is None or outcome.problem.reason is Reason.CREATE_OUTCOME_UNKNOWN:
                return outcome
            problem = outcome.problem
            if problem.reason is not Reason.NO_CAPACITY:
                return await self._refused(outcome, attempt, this)
            this.account.capacity.remember(*attempt.offer, self.clock.monotonic())
        if refused is not None:
            this.account.usage.settle(this.seen.name)
            await self.fence.settle(refused, this.key, "SoldOut")
        elif waiting:
            self._look_once(this)
            return Result(problem=waiting[0])
        # What is left of the list, or the next region by price, is tried at once: the catalogue is still at hand.
        again = replace(problem, retry_after=1.0, back_off=False)
        return Result(problem=again, attempt=refused.attempt if refused is not None else None)

    def _admitted(self, choice: Choice, this: Pass, waiting: list[Problem]) -> Iterator[Candidate]:
        """The candidates that Novita may be asked for now; `waiting` gets why the others may not."""
        pauses, request_ = this.account.pauses, this.seen.resource.meta.reconcile_requested_at
        for candidate in choice.selection.candidates:
            held = pauses.admit(this.key, _need(choice, candidate), request_)
            if held is None:
                yield candidate
            else:
                waiting.append(obstacles.refused(held, this.account.name))

    def _look_once(self, this: Pass) -> None:
        """What came of its refused call all the same is listed by now. Its turn, with a search, may be far away."""
        intent, settled_at = this.seen.intent, this.memory.searched_since + this.seen.list_lag.total_seconds()
        if intent is not None and intent.outcome == "Refused" and this.account.polled_at < settled_at:
            this.account.poll_by(self.clock.monotonic())

    async def _refused(self, outcome: Result, attempt: Attempt, this: Pass) -> Result:
        """Settle the note of a call that was refused, or not even sent. Raises kube errors."""
        asked_before = _was_asked(attempt.fresh)
        if outcome.unsent and not asked_before:
            this.account.usage.settle(this.seen.name)
            await self.fence.settle(attempt.intent, this.key, "Released")
            return outcome
        settled = await self.fence.settle(attempt.intent, this.key, "Refused")
        if outcome.unsent:
            this.memory.searched_for = settled  # what the earlier call may have made is as old as before
            return outcome
        this.memory.search(settled, self.clock.monotonic())
        # Not before the list must show what came of the call all the same: the next one would be a second instance.
        problem, lag = outcome.problem, this.seen.list_lag.total_seconds()
        this.account.usage.refused(this.seen.name, self.clock.monotonic() + lag)
        later = replace(problem, retry_after=max(problem.retry_after or 0.0, lag)) if problem is not None else None
        return replace(outcome, problem=later)

    async def _obstacle(self, choice: Choice, candidate: Candidate, fresh: GPUInstance, this: Pass) -> Result | None:
        """Step 4: what speaks against the call right before it. Raises NovitaError."""
        account, name = this.account, this.seen.name
        if not await self.chooser.still_holds(choice, candidate, this.account):
            # The price rose since it was chosen: the next pass chooses by the new one.
            return Result(again=True)
        allowance = account.allowance(this.key.namespace)
        denied = judging.of_wish(allowance, entitlement.wish(fresh)) or judging.of_offer(allowance, candidate.offer)
        load = Load(1, choice.wanted.gpu_count, candidate.price_per_hour)
        if (denied := denied or account.admit(name, allowance, load)) is not None:
            return Result(problem=obstacles.not_allowed(denied))
        if not account.money.admits(repeated=this.memory.rented, monotonic=self.clock.monotonic()):
            account.usage.settle(name)
            return Result(problem=obstacles.frozen(account.name))
        return None

    async def _search(self, fresh: GPUInstance, this: Pass, refused: Intent | None) -> Instance | Result | None:
        """Steps 1 and 2: the server's own copy decides, and a list by name unless this is provably the first try."""
        seen = this.seen
        # Of another generation, the price limit may be another one than was chosen by.
        edited = fresh.meta.generation != seen.resource.meta.generation or _is_overridden_otherwise(fresh, seen)
        unwanted = edited or fresh.meta.deleted_at is not None or fresh.spec.power_state != "Running"
        paused = fresh.meta.paused
        same = fresh.meta.uid == seen.resource.meta.uid
        if unwanted or paused or not same or fresh.status.instance_id is not None:
            return Result(again=True)
        intent = fence.read(fresh.meta)
        if intent is None and (seen.intent or seen.remembered or refused) is not None:
            # Somebody has removed the note since: what it said comes back before anything is rented.
            return Result(again=True)
        # A finalizer without an intent: somebody has removed the note of a call, so that this is not the first.
        first = intent is None and meta.FINALIZER not in fresh.meta.finalizers and not seen.absence.unnoted
        if first:
            return None
        if intent is not None and intent.pending and intent not in {seen.intent, refused}:
            # Somebody else's call, or an older one of ours that the watch has not shown yet: that comes first.
            return Result(again=True)
        found = await this.account.client.find_by_name(seen.name)
        if found:
            return found[0]
        settled = intent is not None and intent == refused
        alike = None if settled else await recovery.find_alike(intent, this)
        return None if alike is None else Result(problem=obstacles.alike(alike, seen.name))

    async def _prepare(self, choice: Choice, candidate: Candidate, fresh: GPUInstance, this: Pass) -> Attempt:
        """Step 5: the fence is raised, and the time for the call runs."""
        # From before the write: a process that is frozen while its answer is under way must not send any more.
        valid_until = self.clock.monotonic() + _INTENT_VALID_SECONDS
        terms = Terms(candidate.product.id, candidate.region, choice.limit)
        intent = await self.fence.raise_for(fresh, terms, this.key, this.seen.name)
        this.memory.note = intent
        return Attempt(choice, candidate, intent, fresh, this.seen.name, valid_until)

    async def _create(self, attempt: Attempt, this: Pass) -> Result:
        """Steps 6 and 7: one call, and what its outcome means."""
        at, candidate, number = self.clock.now(), attempt.candidate, attempt.intent.attempt
        wanted = attempt.request()
        this.memory.searches = 0
        maybe_done = True
        try:
            if not self.may_pay():
                raise errors.NotSent("this process is shutting down")
            instance_id = await this.account.client.create_instance(wanted, not_after=attempt.valid_until)
        except errors.NovitaError as error:
            problem = result.from_novita(error, f"rent {candidate.product.name} in {candidate.region}")
            lag = this.seen.list_lag.total_seconds()
            if (held := this.account.refused(this.key, _need(attempt.choice, candidate), error, lag)) is not None:
                problem = obstacles.refused(held, this.account.name)
            maybe_done, unsent = isinstance(error, errors.OutcomeUnknown), isinstance(error, errors.NotSent)
            if isinstance(error, errors.OutcomeUnknown) and error.speaks_of_stock:
                # It may be what it says: if the search finds nothing, the next candidate is tried and not this one.
                this.account.capacity.remember(*attempt.offer, self.clock.monotonic() + lag)
            started_at = at if maybe_done else None
            return Result(problem=problem, attempt=number, started_at=started_at, unsent=unsent)
        finally:
            if maybe_done:  # after a refusal the next step lists by name itself
                self._may_be_paid(this)
        this.account.pauses.succeeded(this.key)
        if attempt.choice.in_spite:
            this.account.capacity.disproved(attempt.choice.wanted.stock, self.clock.monotonic())
        logger.info("created instance %s as %s", instance_id, attempt.name, extra={"uid": attempt.fresh.meta.uid})
        this.memory.learned(instance_id)
        crashpoints.reached("create.after-call")
        self.metrics.instances_created.labels(this.account.name).inc()
        this.memory.rented_at = self.clock.monotonic()
        return Result(
            instance_id=instance_id,
            chosen=attempt.choice.chosen(candidate, wanted.image),
            price=Price(limit=attempt.intent.limit),
            attempt=number,
            created_at=at,
            started_at=at,
        )

    def _may_be_paid(self, this: Pass) -> None:
        """The call was carried out, or may have been: polls before it say nothing, and a second one counts."""
        this.memory.unseen_before = this.account.polls_begun
        if this.memory.rented:
            this.account.money.count(self.clock.monotonic())
        this.memory.rented = True


def _need(choice: Choice, candidate: Candidate) -> Need:
    """What the create call asks of the account."""
    product, wanted = candidate.product, choice.wanted
    return Need(
        "rent",
        product.id,
        product.name,
        candidate.region,
        wanted.billing,
        wanted.gpu_count,
        candidate.price_per_hour,
        candidate.cluster_id,
    )


def _was_asked(fresh: GPUInstance) -> bool:
    """Whether Novita may have received an earlier create of this object that nobody has searched for since."""
    before = fence.read(fresh.meta)
    return before is not None and before.outcome != "Released"


def _is_overridden_otherwise(fresh: GPUInstance, seen: Observation) -> bool:
    """Whether the annotation that keeps it running beside its schedule was changed since."""
    override, was = (each.annotations.get(meta.RUN_UNTIL) for each in (fresh.meta, seen.resource.meta))
    return override != was
