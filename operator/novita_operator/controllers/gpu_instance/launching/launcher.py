"""Renting: the one paid step, in the order of the safety rules (create, steps 1 to 7)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from novita_operator import crashpoints
from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import ProductStatus, TemplateStatus
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.launching import (
    obstacles,
    recovery,
    references,
    request,
    selection,
    volumes,
)
from novita_operator.controllers.gpu_instance.launching.request import Inputs
from novita_operator.controllers.gpu_instance.launching.selection import Candidate, NoSelection, Selection
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import defaults as desired
from novita_operator.controllers.gpu_instance.policies.defaults import Defaults, Desired
from novita_operator.controllers.gpu_instance.result import Chosen, Problem, Result
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import Kind, KubeClient
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.models import CreateRequest, Instance, Template
from novita_operator.reconciling import intent as intents
from novita_operator.reconciling.intent import Intent
from novita_operator.runtime.accounts.account import Account

logger = logging.getLogger(__name__)

# Longest pause between the durable intent and the first byte of the call. A process that was frozen for longer may
# have been replaced meanwhile: it must not send any more (safety rules: two processes).
_INTENT_VALID_SECONDS = 5.0
# Candidates tried in one pass: each costs a write and a call, and other objects wait for the slot.
_CANDIDATES_PER_PASS = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """What is about to be rented: candidates in order, and what goes with each."""

    wanted: Desired
    selection: Selection
    template: Template | None
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Attempt:
    """One paid call that is about to be made, for the server's own copy of the object, until a monotonic time."""

    offer: Offer
    candidate: Candidate
    intent: Intent
    fresh: GPUInstance
    name: str
    valid_until: float

    def request(self) -> CreateRequest:
        offer = self.offer
        return request.create_request(self.name, self.fresh, offer.wanted, self.candidate, offer.template, offer.inputs)


@dataclass(frozen=True, slots=True)
class Launcher:
    """Chooses and creates. One instance per process."""

    kube: KubeClient
    cache: Cache
    kind: Kind
    clock: Clock
    defaults: Defaults
    holder: str
    catalog_max_age: float
    metrics: Metrics
    may_pay: Callable[[], bool]

    async def launch(self, seen: Observation, account: Account, memory: Memory, key: Key) -> Result:
        """Rent an instance for this object, once. Raises kube errors; everything else is in the result."""
        if account.money.frozen:
            return Result(problem=obstacles.frozen(account.name))
        if not account.creates.try_take(key):
            return Result(queued=True)
        try:
            offer = await self._choose(seen.resource, account)
            if isinstance(offer, Problem):
                return Result(problem=offer)
            return await self._rent(offer, seen, account, memory, key)
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, "read Novita's catalogue"))
        except references.Unresolved as error:
            return Result(
                problem=Problem(
                    ConditionType.SCHEDULED, Reason.REFERENCE_NOT_FOUND, f"{error} Looked up again by itself."
                )
            )
        finally:
            account.creates.give_back()

    async def _choose(self, resource: GPUInstance, account: Account) -> Offer | Problem:
        wanted = desired.desired(resource, self.defaults)
        if resource.spec.volumes:
            cluster = volumes.cluster(resource.spec.volumes, await account.client.network_volumes())
            if isinstance(cluster, Problem):
                return cluster
            wanted = replace(wanted, cluster_id=cluster)
        asked = wanted.template
        template = None
        if asked is not None:
            template = await account.client.find_template(name=asked.name, template_id=asked.id)
        if template is None and wanted.template is not None:
            return obstacles.no_template(wanted, self.catalog_max_age)
        products = await account.client.products()
        clusters = await account.client.clusters()
        exhausted = account.capacity.exhausted(self.clock.monotonic())
        chosen = selection.select(wanted, products, clusters, exhausted)
        if isinstance(chosen, NoSelection):
            return self._nothing_fits(chosen, account)
        image = resource.spec.image or (template.image if template else "")
        return Offer(wanted, chosen, template, await references.resolve(self.kube, resource, image))

    def _nothing_fits(self, found: NoSelection, account: Account) -> Problem:
        pause = self.catalog_max_age
        if found.reason is Reason.NO_CAPACITY:
            pause = account.capacity.retry_in(self.clock.monotonic()) or pause
        pause = max(pause, 1.0)
        message = f"{found.message} Next look in {pause:.0f} s." if not found.stalled else found.message
        return Problem(ConditionType.SCHEDULED, found.reason, message, found.stalled, retry_after=pause, back_off=False)

    async def _rent(self, offer: Offer, seen: Observation, account: Account, memory: Memory, key: Key) -> Result:
        """Try the candidates in order: only a lack of capacity moves on to the next."""
        problem = Problem(ConditionType.SCHEDULED, Reason.NO_CAPACITY, "No candidate was left to try.")
        refused: Intent | None = None
        for candidate in offer.selection.candidates[:_CANDIDATES_PER_PASS]:
            fresh = await self._fresh(key)
            if (found := await self._look(fresh, seen, account, refused)) is not None:
                return await recovery.take(found, seen, account, memory) if isinstance(found, Instance) else found
            if not account.money.admits(repeated=_had_one(fresh, refused), monotonic=self.clock.monotonic()):
                return Result(problem=obstacles.frozen(account.name))
            # From before the write: a process that is frozen while its answer is under way must not send any more.
            valid_until = self.clock.monotonic() + _INTENT_VALID_SECONDS
            refused = intent = await self._write_intent(fresh, candidate, key)
            memory.note = intent.to_annotation()
            attempt = Attempt(offer, candidate, intent, fresh, seen.name, valid_until)
            outcome = await self._create(attempt, account, memory)
            if outcome.problem is None or outcome.problem.reason is Reason.CREATE_OUTCOME_UNKNOWN:
                return outcome
            problem = outcome.problem
            if problem.reason is not Reason.NO_CAPACITY:
                await self._write_refusal(intent, key, nothing_was_sent=outcome.unsent and not _was_asked(fresh))
                return outcome
            offer_key = (candidate.product.id, candidate.region, offer.wanted.billing)
            account.capacity.remember(*offer_key, self.clock.monotonic())
        await self._write_refusal(intent, key, nothing_was_sent=False)
        # What is left of the list, or the next region by price, is tried at once: the catalogue is still at hand.
        return Result(problem=replace(problem, retry_after=1.0, back_off=False), attempt=intent.attempt)

    async def _fresh(self, key: Key) -> GPUInstance:
        """Step 1: the server's own copy, not the watch's."""
        body = await self.kube.get(self.kind, key.namespace, key.name)
        self.cache.put(key, body)
        return GPUInstance.parse(body)

    async def _look(
        self, fresh: GPUInstance, seen: Observation, account: Account, refused: Intent | None
    ) -> Instance | Result | None:
        """Steps 1 and 2: the server's own copy decides, and a look by name unless this is provably the first try."""
        unwanted = fresh.meta.deleted_at is not None or fresh.spec.power_state != "Running"
        paused = fresh.meta.annotations.get(meta.PAUSED, "").lower() == "true"
        same = fresh.meta.uid == seen.resource.meta.uid
        if unwanted or paused or not same or fresh.status.instance_id is not None:
            return Result(again=True)
        intent = intents.parse(fresh.meta.annotations.get(meta.CREATE_INTENT))
        if intent is None and (seen.intent or seen.remembered or refused) is not None:
            # Somebody has removed the note since: what it said comes back before anything is rented.
            return Result(again=True)
        # A finalizer without an intent: somebody has removed the note of a call, so that this is not the first.
        first = intent is None and meta.FINALIZER not in fresh.meta.finalizers
        if first:
            return None
        if intent is not None and intent.pending and intent not in {seen.intent, refused}:
            # Somebody else's call, or an older one of ours that the watch has not shown yet: that comes first.
            return Result(again=True)
        found = await account.client.find_by_name(seen.name)
        return found[0] if found else None

    async def _write_intent(self, fresh: GPUInstance, candidate: Candidate, key: Key) -> Intent:
        """Step 5: finalizer and intent in one write that fails if anybody wrote since. The fence."""
        before = intents.parse(fresh.meta.annotations.get(meta.CREATE_INTENT))
        intent = Intent(
            attempt=(before.attempt if before else 0) + 1,
            at=self.clock.now(),
            holder=self.holder,
            product=candidate.product.id,
            region=candidate.region,
        )
        finalizers = _with_ours(fresh.meta.finalizers)
        crashpoints.reached("intent.before-write")
        body = await self.kube.patch_metadata(
            self.kind, fresh.meta, finalizers=finalizers, annotations={meta.CREATE_INTENT: intent.to_annotation()}
        )
        crashpoints.reached("intent.after-write")
        self.cache.wrote(key, body)
        return intent

    async def _create(self, attempt: Attempt, account: Account, memory: Memory) -> Result:
        """Steps 6 and 7: one call, and what its outcome means."""
        at, candidate = self.clock.now(), attempt.candidate
        request = attempt.request()
        memory.looks = 0
        maybe_done = True
        try:
            if not self.may_pay():
                raise errors.NotSent("this process is shutting down")
            instance_id = await account.client.create_instance(request, not_after=attempt.valid_until)
        except errors.NovitaError as error:
            problem = result.from_novita(error, f"rent {candidate.product.name} in {candidate.region}")
            maybe_done, unsent = isinstance(error, errors.OutcomeUnknown), isinstance(error, errors.NotSent)
            started_at = at if maybe_done else None
            return Result(problem=problem, attempt=attempt.intent.attempt, started_at=started_at, unsent=unsent)
        finally:
            if maybe_done:  # after a refusal the next step lists by name itself
                memory.unseen_before = account.polls_begun
        logger.info("created instance %s as %s", instance_id, attempt.name, extra={"uid": attempt.fresh.meta.uid})
        memory.learned(instance_id)
        crashpoints.reached("create.after-call")
        self.metrics.instances_created.labels(account.name).inc()
        return Result(
            instance_id=instance_id,
            chosen=_chosen(attempt.offer, candidate, request.image),
            attempt=attempt.intent.attempt,
            created_at=at,
            started_at=at,
        )

    async def _write_refusal(self, intent: Intent, key: Key, *, nothing_was_sent: bool) -> None:
        """Note the refusal. Novita has refused and done it all the same: the finalizer stays until a look by name."""
        fresh = await self._fresh(key)
        if intents.parse(fresh.meta.annotations.get(meta.CREATE_INTENT)) != intent:
            # Another process has noted a call of its own meanwhile: note and finalizer are not ours to settle.
            return
        settled = intent.settled("Released" if nothing_was_sent else "Refused")
        kept = [name for name in fresh.meta.finalizers if name != meta.FINALIZER or not nothing_was_sent]
        crashpoints.reached("refusal.before-write")
        body = await self.kube.patch_metadata(
            self.kind, fresh.meta, finalizers=kept, annotations={meta.CREATE_INTENT: settled.to_annotation()}
        )
        crashpoints.reached("refusal.after-write")
        self.cache.wrote(key, body)


def _had_one(fresh: GPUInstance, refused: Intent | None) -> bool:
    """Whether an earlier create of this object may have been paid for."""
    before = intents.parse(fresh.meta.annotations.get(meta.CREATE_INTENT))
    return before is not None and before != refused and before.outcome != "Refused"


def _was_asked(fresh: GPUInstance) -> bool:
    """Whether Novita may have received an earlier create of this object that nobody has looked for since."""
    before = intents.parse(fresh.meta.annotations.get(meta.CREATE_INTENT))
    return before is not None and before.outcome != "Released"


def _with_ours(finalizers: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*finalizers, meta.FINALIZER]))


def _chosen(offer: Offer, candidate: Candidate, image: str) -> Chosen:
    template = offer.template
    return Chosen(
        product=ProductStatus(id=candidate.product.id, name=candidate.product.name),
        region=candidate.region,
        billing=offer.wanted.billing,
        image=image,
        template=TemplateStatus(id=template.id, name=template.name) if template else None,
        price_per_hour=candidate.price_per_hour,
        sentence=offer.selection.sentence(candidate),
    )
