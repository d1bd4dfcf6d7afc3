"""What an object asks of its account, in the words in which spec.tenancy allows it. Pure."""

from __future__ import annotations

from decimal import Decimal

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import defaults
from novita_operator.novita.models import Instance
from novita_operator.tenancy.judging import Offer, Wish
from novita_operator.tenancy.load import Load


def wish(resource: GPUInstance) -> Wish:
    """What the spec asks for."""
    spec = resource.spec
    return Wish(
        billing=defaults.billing(resource),
        gpu_count=spec.gpu_count,
        rootfs_gb=spec.rootfs_size_gb,
        volumes=tuple(each.network_volume_id for each in spec.volumes),
        registry_credential=spec.registry_auth_id,
        deletion_policy=spec.deletion_policy,
        adopts=spec.adopt is not None,
    )


def wish_for(instance: Instance, resource: GPUInstance) -> Wish:
    """What taking over this instance asks for."""
    return Wish(
        billing="Spot" if instance.is_spot else "OnDemand",
        gpu_count=instance.gpu_count,
        rootfs_gb=instance.rootfs_gb,
        deletion_policy=resource.spec.deletion_policy,
    )


def offer_of(instance: Instance, price_per_hour: Decimal | None) -> Offer:
    """An instance that exists, as what would be taken over or started."""
    region = instance.cluster_name.strip().partition(" ")[0].upper()
    return Offer(instance.product_id, instance.product_name or instance.product_id, region, price_per_hour)


def load_of(instance: Instance, price_per_hour: Decimal | None) -> Load:
    """What it takes of the account while it runs."""
    return Load(1, instance.gpu_count, price_per_hour or Decimal(0))
