"""Whether the account lets an instance that exists be taken over, or started, here and at its price."""

from __future__ import annotations

from novita_operator.controllers.gpu_instance.launching import obstacles, quote
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.policies import entitlement
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita.models import Instance
from novita_operator.tenancy import judging

_THEN = "It was neither taken over nor started."


async def obstacle(instance: Instance, this: Pass, monotonic: float) -> Problem | None:
    """What is in the way; None where the call may be made, and what it adds is promised.

    Where a price counts, one that nobody knows is too high.
    """
    resource, account = this.seen.resource, this.account
    allowance = account.allowance(this.key.namespace)
    if this.seen.adopts and not account.consents_to(resource):
        return obstacles.not_allowed(judging.adoption(allowance), then=_THEN)
    price = await quote.of(instance, account, monotonic) if allowance.price_matters else None
    wish = entitlement.wish_for(instance, resource) if this.seen.adopts else entitlement.wish(resource)
    offer, load = entitlement.offer_of(instance, price), entitlement.load_of(instance, price)
    denied = judging.of_wish(allowance, wish) or judging.of_offer(allowance, offer)
    key = instance.id if this.seen.adopts else instance.name
    denied = denied or account.admit(key, allowance, load)
    return obstacles.not_allowed(denied, then=_THEN) if denied is not None else None
