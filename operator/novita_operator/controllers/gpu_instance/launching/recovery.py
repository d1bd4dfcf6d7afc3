"""Taking an instance that was found under our name: what the answer that got lost would have told."""

from __future__ import annotations

from collections.abc import Iterable

from novita_operator.api.gpu_instance.status import ProductStatus
from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.launching import fence
from novita_operator.controllers.gpu_instance.launching.selection import region_code
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Chosen, Price, Result
from novita_operator.novita import errors
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Instance, Product
from novita_operator.reconciling import naming


async def take(instance: Instance, this: Pass) -> Result:
    """Record it as this object's, with its price if the catalogue can be read."""
    this.memory.learned(instance.id)
    try:
        products = await this.account.client.products()
    except errors.NovitaError:
        # The price is for people; that the instance is ours must not wait for it.
        products = ()
    return facts(instance, this.seen, products)


async def priced(instance: Instance, this: Pass, how: str) -> Chosen | None:
    """The same, where the catalogue can be read: the price is for people, and nothing waits for it."""
    try:
        return chosen(instance, await this.account.client.products(), how)
    except errors.NovitaError:
        return None


def facts(instance: Instance, seen: Observation, products: Iterable[Product]) -> Result:
    """What was chosen and when, from the list and the note of the call. The deadline counts from the call."""
    noted_at = seen.intent.at if seen.intent is not None else fence.NOBODY_KNOWS_WHEN
    asked_at = noted_at if noted_at != fence.NOBODY_KNOWS_WHEN else instance.created_at
    return Result(
        instance_id=instance.id,
        adopted=True,
        chosen=chosen(instance, products, "found after a lost answer"),
        attempt=seen.intent.attempt if seen.intent is not None else None,
        price=Price(limit=seen.intent.limit) if seen.intent is not None and seen.intent.limit is not None else None,
        created_at=instance.created_at or asked_at,
        started_at=seen.resource.status.started_at or asked_at,
    )


def chosen(instance: Instance, products: Iterable[Product], how: str) -> Chosen | None:
    """What an instance that exists is, and costs, by the catalogue. `how` it came to the object, for the sentence."""
    product = next((known for known in products if known.id == instance.product_id), None)
    total = product and product.price_per_hour(spot=instance.is_spot, gpu_count=instance.gpu_count)
    if product is None or not total:
        return None
    region = region_code(instance.cluster_name)
    return Chosen(
        product=ProductStatus.fitting(id=product.id, name=product.name),
        region=region,
        billing="Spot" if instance.is_spot else "OnDemand",
        image=instance.image,
        template=None,
        price_per_hour=total,
        sentence=f"{product.name} ({product.id}) in {region} for {total} USD/h; {how}.",
    )


async def find_alike(intent: Intent | None, this: Pass) -> Instance | None:
    """What a call whose outcome nobody knows may have made, shown under a name that is not quite ours.

    Of a call that an earlier process may have noted, and of which nobody has the note, polls have looked for the whole
    list lag: the last one is asked. Raises NovitaError.
    """
    if intent is not None and intent.pending:
        everything: Iterable[Instance] = await this.account.client.list_instances(priority=Priority.READ_FOR_USER)
    elif intent is None and this.seen.absence.unnoted and this.account.snapshot is not None:
        everything = this.account.snapshot.instances.values()
    else:
        return None
    present = (each for each in everything if not each.state.is_gone)
    return next((each for each in present if naming.resembles(this.seen.name, each.name)), None)
