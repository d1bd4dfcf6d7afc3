"""What a GPUInstance asks for, with the operator's defaults filled in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar

from pydantic import SecretStr

from novita_operator.api.gpu_instance.spec import GPUInstance, GPUInstanceSpec
from novita_operator.controllers.gpu_instance.launching import registries
from novita_operator.controllers.gpu_instance.launching.selection import Candidate
from novita_operator.novita.models import CreateRequest, PortSpec, Template, VolumeMount

_T = TypeVar("_T")


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


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the cluster adds to a request: resolved references, still wrapped."""

    env: tuple[tuple[str, SecretStr], ...] = ()
    image_auth: SecretStr | None = None


def desired(resource: GPUInstance, defaults: Defaults) -> Desired:
    """The spec with the operator's defaults, and with what the object's past has changed: spot may have fallen back."""
    spec = resource.spec
    product_name = spec.product_name or (None if spec.product_id else defaults.gpu_type)
    return Desired(
        product_name=product_name,
        product_id=spec.product_id,
        gpu_count=spec.gpu_count,
        billing="OnDemand" if resource.status.fallback_on_demand else spec.billing,
        regions=tuple(spec.regions) or (defaults.region,),
        only_listed_regions=spec.region_policy == "Require",
        max_price_per_hour=spec.max_price_per_hour,
        rootfs_gb=spec.rootfs_size_gb,
        template=_template(spec, defaults),
    )


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


def create_request(
    name: str, resource: GPUInstance, wanted: Desired, candidate: Candidate, template: Template | None, inputs: Inputs
) -> CreateRequest:
    """The call that rents: the template, overridden field by field by the spec.

    Environment variables are merged by name; all other fields replace the template's.
    """
    spec = resource.spec
    image = spec.image or (template.image if template else "")
    return CreateRequest(
        name=name,
        product_id=candidate.product.id,
        gpu_count=wanted.gpu_count,
        rootfs_gb=wanted.rootfs_gb,
        image=image,
        image_auth=inputs.image_auth,
        image_auth_id=spec.registry_auth_id or (None if inputs.image_auth else _auth_of(template, image)),
        ports=_ports(spec, template),
        env=_merged_env(template.env if template else (), inputs.env),
        jupyter=_first(spec.tools.jupyter if spec.tools else None, template.jupyter if template else None) or False,
        command=_first(spec.command, template.command if template else None) or "",
        entrypoint=_first(spec.entrypoint, template.entrypoint if template else None) or "",
        volumes=tuple(VolumeMount(each.network_volume_id, each.mount_path) for each in spec.volumes),
        cluster_id=candidate.cluster_id,
        billing=wanted.billing,
    )


def _first(spec_value: _T | None, template_value: _T | None) -> _T | None:
    return template_value if spec_value is None else spec_value


def _auth_of(template: Template | None, image: str) -> str | None:
    """The template's registry credential, for an image of its own registry: no other may get to see it."""
    return template.image_auth_id if template and registries.same(template.image, image) else None


def _ports(spec: GPUInstanceSpec, template: Template | None) -> tuple[PortSpec, ...]:
    if spec.ports is not None:
        return tuple(PortSpec(port=port.port, protocol=port.protocol) for port in spec.ports)
    return template.ports if template else ()


def _merged_env(
    base: Sequence[tuple[str, SecretStr]], override: Sequence[tuple[str, SecretStr]]
) -> tuple[tuple[str, SecretStr], ...]:
    return tuple((dict(base) | dict(override)).items())
