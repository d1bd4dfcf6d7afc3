"""Choosing what to rent: template, product, region and price from the catalogue, and what the cluster adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.status import ProductStatus, TemplateStatus
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.launching import (
    obstacles,
    offers,
    references,
    rehearsal,
    selection,
    volumes,
)
from novita_operator.controllers.gpu_instance.launching.request import Inputs
from novita_operator.controllers.gpu_instance.launching.selection import Candidate, NoSelection, Selection
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.policies import defaults
from novita_operator.controllers.gpu_instance.policies.defaults import Defaults, Desired
from novita_operator.controllers.gpu_instance.result import Chosen, Problem
from novita_operator.kube.belongings import Belongings
from novita_operator.kube.client import KubeClient
from novita_operator.novita.catalog import Asked
from novita_operator.novita.models import Cluster, Product, Template
from novita_operator.reconciling.entries import Unresolved
from novita_operator.runtime.accounts.account import Account
from novita_operator.tenancy import judging
from novita_operator.tenancy.judging import Refusal
from novita_operator.tenancy.load import Load

_SHORTEST_PAUSE = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Choice:
    """What is about to be rented: candidates in order, and what goes with each.

    `asked`: whose stock was looked at. `in_spite`: the catalogue has none, and is put to the test. `limit`: USD per
    hour that the instance may cost, by its spec and by spec.tenancy of the account.
    """

    wanted: Desired
    selection: Selection
    template: Template | None
    inputs: Inputs
    asked: Asked
    in_spite: bool = False
    limit: Decimal | None = None

    def chosen(self, candidate: Candidate, image: str) -> Chosen:
        """What the status says of the candidate that was rented."""
        template = self.template
        return Chosen(
            product=ProductStatus.fitting(id=candidate.product.id, name=candidate.product.name),
            region=candidate.region,
            billing=self.wanted.billing,
            image=image,
            template=TemplateStatus.fitting(id=template.id, name=template.name) if template else None,
            price_per_hour=candidate.price_per_hour,
            sentence=self.selection.sentence(candidate),
        )


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses. `catalog_max_age`: seconds for which the catalogue is believed, and so until the next search."""

    kube: KubeClient
    belongings: Belongings
    clock: Clock
    defaults: Defaults
    catalog_max_age: float

    async def choose(self, this: Pass) -> Choice | Problem:
        """What to rent. Raises kube errors; everything else that stands in the way is a Problem."""
        resource, account = this.seen.resource, this.account
        wanted = defaults.desired(resource, self.defaults)
        if resource.spec.volumes:
            cluster = volumes.cluster(resource.spec.volumes, await account.client.network_volumes())
            if isinstance(cluster, Problem):
                return cluster
            wanted = replace(wanted, cluster_id=cluster)
        template = await self._template(wanted, this)
        if isinstance(template, Problem):
            return template
        clusters = await account.client.clusters()
        asked = offers.asked(wanted, clusters)
        products = await offers.read(account.client, wanted, asked)
        found = self._select(wanted, products, clusters, this)
        in_spite = self._doubts(found, wanted, account)
        if in_spite:
            found = self._select(wanted, offers.in_spite(products), clusters, this)
        if isinstance(found, NoSelection):
            return self._nothing_fits(found, account)
        image = resource.spec.image or (template.image if template else "")
        try:
            inputs = await references.resolve(self.kube, resource, image)
        except Unresolved as error:
            text = f"{error} Looked up again by itself."
            return Problem(ConditionType.SCHEDULED, Reason.REFERENCE_NOT_FOUND, text)
        if (refused := await rehearsal.obstacle(resource, self.belongings)) is not None:
            return refused
        bounds = (wanted.max_price_per_hour, account.allowance(this.key.namespace).max_price_per_hour)
        limit = min((bound for bound in bounds if bound is not None), default=None)
        return Choice(wanted, found, template, inputs, asked, in_spite, limit)

    async def still_holds(self, choice: Choice, candidate: Candidate, account: Account) -> bool:
        """Whether the price is within the limit now, right before the call. Raises NovitaError."""
        wanted = choice.wanted
        if choice.limit is None:
            return True
        products = await offers.read(account.client, wanted, choice.asked, self.clock.monotonic())
        spot, gpus = wanted.billing == "Spot", wanted.gpu_count
        price = account.prices.asked(products, candidate.product.id, spot=spot, gpu_count=gpus)
        return price is not None and price <= choice.limit

    async def _template(self, wanted: Desired, this: Pass) -> Template | Problem | None:
        """The template that is wanted. One with secrets is not everybody's."""
        asked = wanted.template
        if asked is None:
            return None
        found = await this.account.client.find_template(name=asked.name, template_id=asked.id)
        if found is None:
            return obstacles.no_template(wanted, self.catalog_max_age)
        allowance, secret = this.account.allowance(this.key.namespace), bool(found.env or found.image_auth_id)
        refused = judging.of_template(allowance, (found.name, found.id)) if secret else None
        return found if refused is None else obstacles.not_allowed(refused)

    def _select(
        self, wanted: Desired, products: Sequence[Product], clusters: Sequence[Cluster], this: Pass
    ) -> Selection | NoSelection:
        account, name = this.account, this.seen.name
        products = account.prices.corrected(products)
        account.know(products)
        allowance = account.allowance(this.key.namespace)
        room = account.room(name, allowance)

        def complaint(offer: Candidate) -> Refusal | None:
            load = Load(1, wanted.gpu_count, offer.price_per_hour)
            return judging.of_offer(allowance, offer.offer) or room(load)

        exhausted = account.capacity.exhausted(self.clock.monotonic())
        return selection.select(wanted, products, clusters, exhausted, complaint)

    def _doubts(self, found: Selection | NoSelection, wanted: Desired, account: Account) -> bool:
        """Whether a catalogue that has had none of it for a while is put to the test now."""
        sold_out = isinstance(found, NoSelection) and found.reason is Reason.NO_CAPACITY
        return sold_out and account.capacity.doubts(wanted.stock, self.clock.monotonic())

    def _nothing_fits(self, found: NoSelection, account: Account) -> Problem:
        if found.refused is not None:
            return obstacles.not_allowed(found.refused)
        pause = self.catalog_max_age
        if found.reason is Reason.NO_CAPACITY:
            pause = account.capacity.retry_in(self.clock.monotonic()) or pause
        pause = max(pause, _SHORTEST_PAUSE)
        message = f"{found.message} Next try in {pause:.0f} s." if not found.stalled else found.message
        return Problem(ConditionType.SCHEDULED, found.reason, message, found.stalled, retry_after=pause, back_off=False)
