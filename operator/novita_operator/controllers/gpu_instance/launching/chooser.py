"""Choosing what to rent: template, product, region and price from the catalogue, and what the cluster adds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import ProductStatus, TemplateStatus
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.launching import obstacles, references, selection, volumes
from novita_operator.controllers.gpu_instance.launching.request import Inputs
from novita_operator.controllers.gpu_instance.launching.selection import Candidate, NoSelection, Selection
from novita_operator.controllers.gpu_instance.policies import defaults
from novita_operator.controllers.gpu_instance.policies.defaults import Defaults, Desired
from novita_operator.controllers.gpu_instance.result import Chosen, Problem
from novita_operator.kube.client import KubeClient
from novita_operator.novita.models import Template
from novita_operator.runtime.accounts.account import Account

_SHORTEST_PAUSE = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Choice:
    """What is about to be rented: candidates in order, and what goes with each."""

    wanted: Desired
    selection: Selection
    template: Template | None
    inputs: Inputs

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
    clock: Clock
    defaults: Defaults
    catalog_max_age: float

    async def choose(self, resource: GPUInstance, account: Account) -> Choice | Problem:
        """What to rent. Raises kube errors; everything else that stands in the way is a Problem."""
        wanted = defaults.desired(resource, self.defaults)
        if resource.spec.volumes:
            cluster = volumes.cluster(resource.spec.volumes, await account.client.network_volumes())
            if isinstance(cluster, Problem):
                return cluster
            wanted = replace(wanted, cluster_id=cluster)
        asked, template = wanted.template, None
        if asked is not None:
            template = await account.client.find_template(name=asked.name, template_id=asked.id)
            if template is None:
                return obstacles.no_template(wanted, self.catalog_max_age)
        found = await self._select(wanted, account)
        if isinstance(found, NoSelection):
            return self._nothing_fits(found, account)
        image = resource.spec.image or (template.image if template else "")
        try:
            inputs = await references.resolve(self.kube, resource, image)
        except references.Unresolved as error:
            text = f"{error} Looked up again by itself."
            return Problem(ConditionType.SCHEDULED, Reason.REFERENCE_NOT_FOUND, text)
        return Choice(wanted, found, template, inputs)

    async def still_holds(self, choice: Choice, candidate: Candidate, account: Account) -> bool:
        """Whether the price is within the limit now, right before the call. Raises NovitaError."""
        wanted = choice.wanted
        if wanted.max_price_per_hour is None:
            return True
        products = await account.client.products(since=self.clock.monotonic())
        spot, gpus = wanted.billing == "Spot", wanted.gpu_count
        price = account.prices.asked(products, candidate.product.id, spot=spot, gpu_count=gpus)
        return price is not None and price <= wanted.max_price_per_hour

    async def _select(self, wanted: Desired, account: Account) -> Selection | NoSelection:
        products, clusters = await account.client.products(), await account.client.clusters()
        products = account.prices.corrected(products)
        return selection.select(wanted, products, clusters, account.capacity.exhausted(self.clock.monotonic()))

    def _nothing_fits(self, found: NoSelection, account: Account) -> Problem:
        pause = self.catalog_max_age
        if found.reason is Reason.NO_CAPACITY:
            pause = account.capacity.retry_in(self.clock.monotonic()) or pause
        pause = max(pause, _SHORTEST_PAUSE)
        message = f"{found.message} Next try in {pause:.0f} s." if not found.stalled else found.message
        return Problem(ConditionType.SCHEDULED, found.reason, message, found.stalled, retry_after=pause, back_off=False)
