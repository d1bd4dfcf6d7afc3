"""The call that rents: the template, overridden field by field by the spec. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import SecretStr

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.controllers.gpu_instance.launching.selection import Candidate
from novita_operator.controllers.gpu_instance.policies import registries
from novita_operator.controllers.gpu_instance.policies.defaults import Desired
from novita_operator.novita.models import CreateRequest, PortSpec, Template, VolumeMount

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the cluster adds to a request: resolved references, still wrapped."""

    env: tuple[tuple[str, SecretStr], ...] = ()
    image_auth: SecretStr | None = None


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
