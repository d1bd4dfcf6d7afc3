"""The call that rents: the template, overridden field by field by the spec."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.support import builders as a
from tests.unit.support.parts import DEFAULTS

from novita_operator.controllers.gpu_instance.launching import request
from novita_operator.controllers.gpu_instance.launching.request import Inputs
from novita_operator.controllers.gpu_instance.launching.selection import Candidate
from novita_operator.controllers.gpu_instance.policies import defaults
from novita_operator.novita.models import CreateRequest, PortSpec, Template, VolumeMount

CANDIDATE = Candidate(a.a_product(), "CN-HK-01", "c-hk", Decimal("0.35"))
TEMPLATE = Template(
    id="t-1",
    name="pytorch-jupyter",
    image="docker.io/novita/pytorch:2",
    image_auth_id="auth-of-the-template",
    command="serve",
    entrypoint="/entry",
    ports=(PortSpec(8080, "HTTP"),),
    env=(("A", SecretStr("template-a")), ("B", SecretStr("template-b"))),
    jupyter=True,
)


def requested(
    spec: dict[str, Any] | None = None, template: Template | None = TEMPLATE, inputs: Inputs | None = None
) -> CreateRequest:
    resource = a.an_object(spec=spec)
    asked = defaults.desired(resource, DEFAULTS)
    return request.create_request(a.NAME, resource, asked, CANDIDATE, template, inputs or Inputs())


def test_a_silent_spec_takes_everything_from_the_template() -> None:
    request = requested()

    assert (request.image, request.command, request.entrypoint) == (TEMPLATE.image, "serve", "/entry")
    assert (request.ports, request.jupyter, request.env) == (TEMPLATE.ports, True, TEMPLATE.env)
    assert request.image_auth_id == "auth-of-the-template"


def test_the_candidate_says_what_and_where() -> None:
    request = requested({"gpuCount": 2, "billing": "Spot", "rootfsSizeGB": 100})

    assert (request.name, request.product_id, request.cluster_id) == (a.NAME, "4090.16c62g", "c-hk")
    assert (request.gpu_count, request.billing, request.rootfs_gb) == (2, "Spot", 100)


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        ({"image": "ubuntu", "template": {"name": "x"}}, "image", "ubuntu"),
        ({"command": "train"}, "command", "train"),
        ({"command": ""}, "command", ""),
        ({"entrypoint": "/mine"}, "entrypoint", "/mine"),
        ({"entrypoint": ""}, "entrypoint", ""),
        ({"tools": {"jupyter": False}}, "jupyter", False),
        ({"tools": {}}, "jupyter", True),
        (
            {"ports": [{"port": 22, "protocol": "TCP"}, {"port": 80}]},
            "ports",
            (PortSpec(22, "TCP"), PortSpec(80, "HTTP")),
        ),
        ({"ports": []}, "ports", ()),
        ({"registryAuthId": "mine"}, "image_auth_id", "mine"),
    ],
)
def test_each_field_of_the_spec_replaces_the_templates_alone(spec: dict[str, Any], field: str, value: object) -> None:
    request, plain = requested(spec), requested()

    assert getattr(request, field) == value
    others = {"image", "command", "entrypoint", "jupyter", "ports", "env", "image_auth_id"} - {field}
    assert {name: getattr(request, name) for name in others} == {name: getattr(plain, name) for name in others}


def test_variables_are_merged_by_name_and_the_spec_wins() -> None:
    inputs = Inputs(env=(("B", SecretStr("spec-b")), ("C", SecretStr("spec-c"))))

    values = {name: value.get_secret_value() for name, value in requested(inputs=inputs).env}

    assert values == {"A": "template-a", "B": "spec-b", "C": "spec-c"}


def test_credentials_of_a_secret_take_the_place_of_the_templates() -> None:
    request = requested({"imagePullSecretRef": {"name": "pull"}}, inputs=Inputs(image_auth=SecretStr("user:pass")))

    assert request.image_auth is not None
    assert request.image_auth_id is None


@pytest.mark.parametrize("image", ["novita/other:3", "index.docker.io/novita/other", "ubuntu"])
def test_credentials_of_the_template_go_along_with_another_image_of_its_registry(image: str) -> None:
    assert requested({"image": image}).image_auth_id == "auth-of-the-template"


@pytest.mark.parametrize(
    "image", ["ghcr.io/acme/train:1", "evil.example.com/docker.io/novita/pytorch:2", "localhost/x"]
)
def test_credentials_of_the_template_are_never_sent_to_another_registry(image: str) -> None:
    assert requested({"image": image}).image_auth_id is None


def test_without_a_template_what_is_not_said_is_empty() -> None:
    request = requested({"image": "ubuntu"}, template=None)

    assert (request.image, request.command, request.entrypoint, request.jupyter) == ("ubuntu", "", "", False)
    assert (request.ports, request.env, request.image_auth_id) == ((), (), None)


def test_volumes_go_along() -> None:
    request = requested({"volumes": [{"networkVolumeId": "v-1", "mountPath": "/data"}]})

    assert request.volumes == (VolumeMount("v-1", "/data"),)


def test_no_value_of_a_variable_is_printed() -> None:
    inputs = Inputs(env=(("TOKEN", SecretStr("env-canary-3")),), image_auth=SecretStr("user:registry-canary-4"))
    request = requested(inputs=inputs)

    assert "canary" not in repr(request)
    assert "canary" not in repr(inputs)
    assert {"env-canary-3", "registry-canary-4"} <= set(request.secrets())
