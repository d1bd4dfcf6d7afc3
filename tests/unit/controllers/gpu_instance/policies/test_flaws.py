"""What can never work: found by looking at the spec alone."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import flaws, registries

_DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "image",
    [
        "ubuntu",
        "ubuntu:22.04",
        "team/app_one/two__three.four-five",
        "docker.io/library/ubuntu",
        "localhost/app",
        "localhost:5000/app:1",
        "Registry.Example.com:5000/team/app:V1_x-y.z",
        "[2001:db8::1]:5000/app",
        f"ghcr.io/team/app@{_DIGEST}",
        f"ghcr.io/team/app:1@{_DIGEST}",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app",
    ],
)
def test_an_image_that_a_registry_may_have_is_taken(image: str) -> None:
    assert registries.complaint(image) is None


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("https://ghcr.io/team/app", "leave out"),
        ("ghcr.io/team/app :1", "space"),
        ("Team/app", "small letters"),
        ("ghcr.io/team//app", "small letters"),
        ("ghcr.io/", "small letters"),
        ("ghcr.io/team/app:", "is no tag"),
        ("ghcr.io/team/app:a:b", "is no tag"),
        ("ghcr.io/team/app@sha256:12", "is no digest"),
        ("ghcr.io/team/app@", "is no digest"),
        ("-x.io:port/app", "is no host"),
    ],
)
def test_an_image_that_no_registry_can_have_is_told_with_what_is_wrong(image: str, says: str) -> None:
    assert says in (registries.complaint(image) or "")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"lifetime": {"schedule": {"stop": "0 20 * * 1-5", "timeZone": "Europe/Belrin"}}}, "timeZone"),
        ({"lifetime": {"schedule": {"stop": "0 25 * * 1-5"}}}, "schedule.stop"),
        ({"lifetime": {"schedule": {"stop": "0 20 * * 1-5", "start": "0 8 30 2 *"}}}, "schedule.start"),
        ({"image": "Team/app"}, "spec.image"),
        ({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "a\0b"}]}, 'spec.env "B"'),
        ({"command": "train.py \0"}, "spec.command"),
        ({"entrypoint": "\0"}, "spec.entrypoint"),
        ({}, None),
        ({"service": {"name": "trainer"}, "image": "team/app"}, None),
    ],
)
def test_the_field_is_named(spec: dict[str, Any], says: str | None) -> None:
    found = flaws.of(a.an_object(spec=spec))

    assert (found is None) if says is None else says in (found or "")


@pytest.mark.parametrize(("name", "says"), [("my-trainer", None), ("my.trainer", 'called "my.trainer"')])
def test_a_service_cannot_have_every_name_that_its_object_may_have(name: str, says: str | None) -> None:
    body = a.a_body(spec={"service": {}})
    body["metadata"]["name"] = name

    found = flaws.of(GPUInstance.parse(body))

    assert (found is None) if says is None else says in (found or "")
