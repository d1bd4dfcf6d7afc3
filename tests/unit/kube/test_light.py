"""What is held of an object between two passes is small, whatever a tenant writes into it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from novita_operator.api import kinds
from novita_operator.api.operator_class import account_of
from novita_operator.kube.light import light

LARGE_ENV = [{"name": f"V{number}", "value": "v" * 4095} for number in range(100)]
SPEC = {"accountRef": {"name": "team"}, "powerState": "Stopped", "env": LARGE_ENV}


def a_body(spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "gpu", "namespace": "team", "uid": "u", "resourceVersion": "7"} | metadata,
        "spec": {"productName": "RTX 4090 24GB"} if spec is None else spec,
        "status": {"phase": "Ready"},
    }


def size(body: dict[str, Any]) -> int:
    return len(json.dumps(body))


def test_a_usual_object_is_held_whole() -> None:
    body = a_body({"env": [{"name": "A", "value": "1"}], "productName": "RTX 4090 24GB"})

    assert light(body) == (body, True)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (kinds.GPU_INSTANCE, SPEC),
        (kinds.GPU_INSTANCE_SET, {"replicas": 2, "template": {"spec": SPEC}}),
        (kinds.GPU_JOB, {"template": SPEC}),
    ],
    ids=["instance", "set", "job"],
)
def test_of_a_large_spec_what_is_read_between_passes_is_held(kind: Any, spec: dict[str, Any]) -> None:
    held, whole = light(a_body(spec))

    assert not whole
    assert size(held) < 1000
    assert account_of(kind.plural, held) == "team"
    assert "Stopped" in json.dumps(held)
    assert held["status"] == {"phase": "Ready"}


@pytest.mark.parametrize("field", ["volumes", "command", "entrypoint", "anything that comes later"])
def test_every_large_field_is_left_out_and_not_env_alone(field: str) -> None:
    held, whole = light(a_body({"accountRef": {"name": "team"}, field: ["x" * 20_000]}))

    assert (held["spec"], whole) == ({"accountRef": {"name": "team"}}, False)


def test_receivers_of_webhooks_stay_since_they_are_told_after_the_end() -> None:
    receivers = [{"url": "https://example.com/" + "x" * 20_000}]

    assert light(a_body({"notifications": receivers}))[0]["spec"] == {"notifications": receivers}


def test_of_annotations_and_labels_ours_alone_are_held_and_nothing_of_who_wrote_what() -> None:
    others = {f"example.com/{number}": "x" * 1000 for number in range(250)}
    ours = {"gpu.novita.ai/paused": "true"}

    held, whole = light(a_body(annotations=others | ours, labels=others | ours, managedFields=[{"fieldsV1": others}]))

    assert (held["metadata"]["annotations"], held["metadata"]["labels"]) == (ours, ours)
    assert "managedFields" not in held["metadata"]
    assert whole


def test_finalizers_and_owners_are_held_as_they_are_since_writes_of_ours_repeat_them() -> None:
    parts = {"finalizers": ["a.b/c", "d.e/f"], "ownerReferences": [{"kind": "X", "name": "x", "uid": "y"}]}

    assert light(a_body(SPEC, **parts))[0]["metadata"].items() >= parts.items()


def test_what_administrators_write_is_held_whole() -> None:
    body = a_body({"tenancy": {"rules": ["x" * 20_000]}})
    del body["metadata"]["namespace"]

    assert light(body) == (body, True)
