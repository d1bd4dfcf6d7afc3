"""What a GPUInstance asks for, with the operator's defaults filled in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the operator's settings say where an object is silent."""

    gpu_type: str
    template: str
    region: str
    startup_seconds: int


@dataclass(frozen=True, slots=True)
class TemplateWanted:
    """A template by exact name, by id, or by a word that may be either (the setting)."""

    name: str | None = None
    id: str | None = None

    def __str__(self) -> str:
        if self.name and self.id:
            return f'"{self.name}"'
        return f'name "{self.name}"' if self.name else f'id "{self.id}"'


@dataclass(frozen=True, slots=True)
class Desired:
    """What to look for in the catalogue. Prices in USD per hour for the whole instance."""

    product_name: str | None
    product_id: str | None
    gpu_count: int
    billing: Literal["OnDemand", "Spot"]
    regions: tuple[str, ...]
    only_listed_regions: bool
    max_price_per_hour: Decimal | None
    rootfs_gb: int
    template: TemplateWanted | None
    cluster_id: str | None = None

    @property
    def stock(self) -> tuple[str, str, int]:
        """What must be in stock: product (id or name), billing, number of GPUs."""
        return self.product_id or self.product_name or "", self.billing, self.gpu_count


def desired(resource: GPUInstance, defaults: Defaults) -> Desired:
    """The spec with the operator's defaults, and with what the object's past has changed: spot may have fallen back."""
    spec = resource.spec
    product_name = spec.product_name or (None if spec.product_id else defaults.gpu_type)
    return Desired(
        product_name=product_name,
        product_id=spec.product_id,
        gpu_count=spec.gpu_count,
        billing=billing(resource),
        regions=tuple(spec.regions) or (defaults.region,),
        only_listed_regions=spec.region_policy == "Require",
        max_price_per_hour=spec.max_price_per_hour,
        rootfs_gb=spec.rootfs_size_gb,
        template=_template(spec, defaults),
    )


def billing(resource: GPUInstance) -> Literal["OnDemand", "Spot"]:
    """How it is to be billed: after a spot instance was taken back, perhaps on demand."""
    return "OnDemand" if resource.status.fallback_on_demand else resource.spec.billing


def startup_seconds(spec: GPUInstanceSpec, defaults: Defaults) -> int:
    """The time from the create (or start) call to Ready, seconds."""
    return spec.startup.timeout_seconds or defaults.startup_seconds


def _template(spec: GPUInstanceSpec, defaults: Defaults) -> TemplateWanted | None:
    if spec.template is not None:
        return TemplateWanted(name=spec.template.name, id=spec.template.id)
    if spec.image is not None:
        # The default template's command and ports belong to its own image.
        return None
    return TemplateWanted(name=defaults.template, id=defaults.template)
