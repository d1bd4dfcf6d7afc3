"""The catalogue as an object asks for it: for its billing and number of GPUs, in its cluster where only one will do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from novita_operator.controllers.gpu_instance.launching import selection
from novita_operator.controllers.gpu_instance.policies.defaults import Desired
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.catalog import Asked
from novita_operator.novita.models import Cluster, Product


def asked(wanted: Desired, clusters: Sequence[Cluster]) -> Asked:
    """Whose stock counts. Between several regions the create call finds out by itself, at no higher cost."""
    codes = {selection.region_code(region) for region in wanted.regions}
    allowed = [each.id for each in clusters if each.code.upper() in codes] if wanted.only_listed_regions else []
    cluster_id = wanted.cluster_id or (allowed[0] if len(allowed) == 1 else "")
    return Asked(wanted.billing, wanted.gpu_count, cluster_id)


async def read(
    client: NovitaAccountClient, wanted: Desired, asked: Asked, since: float = float("-inf")
) -> tuple[Product, ...]:
    """What is offered so. Where the wanted product is not, all there is: that says why, and none of it is in stock.

    `since`: a monotonic time; an older answer does not count. Raises NovitaError.
    """
    offered = await client.offers(asked, since=since)
    if any(selection.is_wanted(each, wanted) for each in offered):
        return offered
    return tuple(replace(each, available=False) for each in await client.products(since=since))


def in_spite(products: Sequence[Product]) -> tuple[Product, ...]:
    """The same, as if all of it were in stock: the create call knows better than the catalogue."""
    return tuple(replace(each, available=True, inventory="") for each in products)
