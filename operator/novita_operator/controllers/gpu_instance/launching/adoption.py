"""Taking over an existing instance: only one that belongs to nobody, and only as the spec names it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.kinds import Kind
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.launching import entitling, quote, recovery
from novita_operator.controllers.gpu_instance.launching.fence import Fence
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.policies import entitlement
from novita_operator.controllers.gpu_instance.result import Price, Problem, Result
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.client import KubeClient
from novita_operator.novita import errors
from novita_operator.novita.models import Instance
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.account import Account
from novita_operator.tenancy import judging

# A refusal is looked at again so often: the other owner may have let go.
_AGAIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Adopter:
    """Adopts. `namespaces`: the watched ones; empty means all. `names`: what our instances are called.

    `account_of`: the account of this name, where it is at work.
    """

    kube: KubeClient
    fence: Fence
    kind: Kind
    clock: Clock
    namespaces: tuple[str, ...]
    names: naming.Names
    account_of: Callable[[str], Account | None]

    async def adopt(self, instance_id: str, this: Pass) -> Result:
        """Record the instance as this object's. Raises kube errors."""
        try:
            instance = await this.account.client.get_instance(instance_id)
        except errors.NotFound:
            return _refused(f'spec.adopt.instanceId: the account has no instance "{instance_id}".')
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, f"read instance {instance_id}"))
        if instance.state.is_gone:
            return _refused(f'spec.adopt.instanceId: instance "{instance_id}" is removed.')
        if (owner := await self._owner(instance, this.seen)) is not None:
            return _refused(f'spec.adopt.instanceId: instance "{instance_id}" belongs to {owner}.')
        limit, price = this.seen.resource.spec.max_price_per_hour, None
        if limit is not None:
            price = await quote.of(instance, this.account, self.clock.monotonic())
            if price is None or price > limit:
                return _refused(_too_dear(instance_id, price, limit))
        if (problem := await entitling.obstacle(instance, this, self.clock.monotonic())) is not None:
            return Result(problem=problem)
        chosen = await recovery.priced(instance, this, "taken over, as spec.adopt asks")
        await self._raise_fence(instance, this)
        this.memory.learned(instance.id)
        this.memory.unseen_before = this.account.polls_begun
        this.account.adopted.add(instance.id)
        at = self.clock.now()
        return Result(
            instance_id=instance.id, adopted=True, chosen=chosen, price=_known(price), created_at=at, started_at=at
        )

    async def _raise_fence(self, instance: Instance, this: Pass) -> None:
        """Raises kube errors: then nothing was taken over, and the place that was promised is free for others."""
        try:
            await self.fence.take_over(instance.product_id, instance.cluster_name, this.key)
        except kube_errors.KubeError:
            this.account.usage.settle(instance.id)
            raise

    async def _owner(self, instance: Instance, seen: Observation) -> str | None:
        """Who has it: the mark in its name, or an object that says so; read from etcd, since a cache may be behind."""
        marked = naming.is_an_operators(instance.name) and instance.name != seen.name
        uids, claimant = set(), None
        async for body in self.kube.each(self.kind, self.namespaces):
            other = GPUInstance.parse(body)
            uids.add(other.meta.uid)
            if claimant is None and self._comes_first(other, seen.resource.meta, instance):
                claimant = f"GPUInstance {other.meta.namespace}/{other.meta.name}"
        if marked and not self._is_orphan(instance, uids):
            return f"another object of an operator (its name is {instance.name})"
        return claimant

    def _comes_first(self, other: GPUInstance, at: meta.Meta, instance: Instance) -> bool:
        """Whether another object than `at` has the instance, or has asked for it earlier, and may have it."""
        if other.meta.uid == at.uid:
            return False
        if _wants(other, instance.id) and not self._may_have(other, instance):
            return False
        if (other.status.instance_id or "").casefold() == instance.id.casefold():
            return True
        elder = (other.meta.created_at, other.meta.uid) < (at.created_at, at.uid)
        return _wants(other, instance.id) and elder and other.meta.deleted_at is None

    def _may_have(self, other: GPUInstance, instance: Instance) -> bool:
        """Whether its account lets it take the instance over, or has let it; one that is not at work may do so yet."""
        account = self.account_of(other.spec.account_ref.name)
        if account is None:
            return True
        allowance, recorded = account.allowance(other.meta.namespace), account.adoption_of(other.meta.uid)
        wish = entitlement.wish_for(instance, other)
        allowed = recorded is not None or judging.of_wish(allowance, wish) is None
        return allowed and account.consents_to(other)

    def _is_orphan(self, instance: Instance, uids: Collection[str]) -> bool:
        """Whether it carries this cluster's mark, and the object that it was rented for is surely gone."""
        renter = self.names.owner_uid(instance.name)
        return not self.namespaces and renter is not None and renter not in uids


def _known(price: Decimal | None) -> Price | None:
    return None if price is None else Price(price)


def _too_dear(instance_id: str, price: Decimal | None, limit: Decimal) -> str:
    costs = "at a price that Novita does not tell" if price is None else f"for {price} USD/h"
    return f'spec.adopt.instanceId: instance "{instance_id}" runs {costs}, and spec.maxPricePerHour is {limit}.'


def _wants(other: GPUInstance, instance_id: str) -> bool:
    adopt = other.spec.adopt
    return adopt is not None and adopt.instance_id.casefold() == instance_id.casefold()


def _refused(message: str) -> Result:
    text = f"{message} Nothing was rented. Create a new GPUInstance with another id; looked at again every few minutes."
    problem = Problem(
        ConditionType.PROVISIONED,
        Reason.ADOPT_REFUSED,
        text,
        stalled=True,
        retry_after=_AGAIN_SECONDS,
        back_off=False,
    )
    return Result(problem=problem)
