"""What an instance that was just rented really costs: compared with the limit that held at the call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.acting import proof
from novita_operator.controllers.gpu_instance.action import Fail
from novita_operator.controllers.gpu_instance.launching import quote
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.policies import restarts
from novita_operator.controllers.gpu_instance.result import Price, Problem, Result
from novita_operator.novita import errors
from novita_operator.novita.models import Instance, Product

# So long after the call, the catalogue still says what it cost: later prices are those of later instances.
_JUST_RENTED = timedelta(seconds=60)
# So long an instance counts as just rented; an older one stays, as one whose price rose later does.
_ASKED_FOR = timedelta(minutes=10)
_AGAIN = 60.0  # seconds until the price of what is too dear is looked at again


@dataclass(frozen=True, slots=True)
class Pricing:
    """Compares. What Novita refuses to say now is asked again after the next poll."""

    clock: Clock

    async def prove(self, instance_id: str, this: Pass) -> Result:
        """The price of the instance, and its failure where that is above the limit of the call."""
        this.memory.price_asked_in_poll = this.account.polls_begun
        limit = this.seen.price_limit
        if limit is None:
            return Result()
        age = self._age(this)
        instance_now = await _fetched(instance_id, this)
        told = instance_now.price_per_hour if instance_now is not None else None
        product = await self._product(this) if age < _JUST_RENTED else None
        spot, gpus = this.seen.is_spot, this.seen.resource.spec.gpu_count
        if product is not None and told is not None:
            this.account.prices.remember(product, told / gpus, spot=spot)
        listed = product.price_per_hour(spot=spot, gpu_count=gpus) if product is not None else None
        price = listed if told is None else told
        if price is not None and price > limit and age < _ASKED_FOR:
            return self._too_dear(instance_id, price, limit, this)
        compared = instance_now is not None and (price is not None or age >= _JUST_RENTED)
        return Result(price=Price(price)) if compared or age >= _ASKED_FOR else Result()

    async def too_dear_to_start(self, this: Pass) -> Result | None:
        """Why the stopped instance is not started now; None where its price is within the limit, or not known."""
        seen = this.seen
        limit = seen.resource.spec.max_price_per_hour
        if limit is None or seen.instance is None:
            return None
        instance_now = await _fetched(seen.instance.id, this)
        price = await quote.of(instance_now or seen.instance, this.account, self.clock.monotonic())
        if price is None or price <= limit:
            return None
        text = (
            f"Instance {seen.instance.id} is not started: it costs {price} USD/h now, and spec.maxPricePerHour is "
            f"{limit}. Raise the limit, or wait: the price is looked at again every minute."
        )
        problem = Problem(
            ConditionType.SYNCED, Reason.PRICE_ABOVE_LIMIT, text, stalled=True, retry_after=_AGAIN, back_off=False
        )
        return Result(problem=problem)

    def _age(self, this: Pass) -> timedelta:
        rented = this.seen.resource.status.created_at
        return self.clock.now() - rented if rented is not None else timedelta(0)

    async def _product(self, this: Pass) -> Product | None:
        """As the catalogue has it since the call: an earlier price proves nothing."""
        since = this.memory.rented_at
        try:
            products = await this.account.client.products(since=self.clock.monotonic() if since is None else since)
        except errors.NovitaError:
            return None
        rented = this.seen.resource.status.product
        return next((each for each in products if rented is not None and each.id == rented.id), None)

    def _too_dear(self, instance_id: str, price: Decimal, limit: Decimal, this: Pass) -> Result:
        text = (
            f"Instance {instance_id} was rented for {price} USD/h, since its price rose between the choice and the "
            f"call: the limit was {limit} USD/h (spec.maxPricePerHour, or spec.tenancy of the account)."
        )
        now = self.clock.now()
        failure = restarts.failure(Fail("PriceAboveLimit", text), this.seen.resource, instance_id, now)
        return Result(price=Price(price), failure=failure)


async def _fetched(instance_id: str, this: Pass) -> Instance | None:
    """The instance as Novita shows it by id; None where it does not, or not yet."""
    try:
        found = await this.account.client.get_instance(instance_id)
        proof.check(found, this)
    except (errors.NovitaError, proof.NotProven):
        return None
    return found
