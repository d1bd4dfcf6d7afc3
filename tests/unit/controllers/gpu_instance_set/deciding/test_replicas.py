"""What a set makes of its template, and when two templates are the same."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.controllers.gpu_instance_set import sets as a

from novita_operator.api import digest, meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance_set.spec import InstanceTemplate
from novita_operator.controllers.gpu_instance_set.deciding import replicas


def template(spec: dict[str, Any], **metadata: dict[str, str]) -> InstanceTemplate:
    return InstanceTemplate.model_validate({"spec": spec} | ({"metadata": metadata} if metadata else {}))


def body(wanted: dict[str, Any]) -> dict[str, Any]:
    resource = a.a_set(template=wanted)
    assert resource.spec is not None
    return replicas.body(resource.meta, resource.spec, "web-4", a.hash_of(resource))


def test_a_template_that_spells_out_its_defaults_is_the_same_template() -> None:
    short = template({"image": "trainer:1"})
    long = template({"image": "trainer:1", "gpuCount": 1, "billing": "OnDemand", "startup": {"onTimeout": "Delete"}})

    assert digest.of(short) == digest.of(long)


def test_null_stays_null_where_absence_would_be_a_default() -> None:
    idle = {"afterSeconds": 600, "gpuUtilizationBelow": None}

    assert body({"spec": {"lifetime": {"idle": idle}}})["spec"]["lifetime"]["idle"] == idle


@pytest.mark.parametrize(
    "other",
    [
        template({"image": "trainer:2"}),
        template({"image": "trainer:1", "gpuCount": 2}),
        template({"image": "trainer:1", "env": [{"name": "A", "value": "1"}]}),
        template({"image": "trainer:1"}, labels={"team": "vision"}),
        template({"image": "trainer:1"}, annotations={"note": "x"}),
    ],
    ids=["image", "count", "env", "label", "annotation"],
)
def test_a_template_that_says_anything_else_is_another_template(other: InstanceTemplate) -> None:
    assert digest.of(template({"image": "trainer:1"})) != digest.of(other)


def test_an_instance_has_exactly_the_spec_of_the_template() -> None:
    spec = {"image": "trainer:1", "rootfsSizeGB": 80, "maxPricePerHour": "1.20", "env": [{"name": "A", "value": "1"}]}

    assert body({"spec": spec})["spec"] == spec


def test_an_instance_belongs_to_its_set_and_is_found_by_the_selector() -> None:
    made = body({"spec": {}, "metadata": {"labels": {"team": "vision"}, "annotations": {"note": "x"}}})

    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("GPUInstanceSet", "web", a.UID, True)
    assert owner["blockOwnerDeletion"] is True
    assert made["metadata"]["namespace"] == "team"
    assert made["metadata"]["annotations"] == {"note": "x"}
    assert made["metadata"]["labels"]["team"] == "vision"
    assert made["metadata"]["labels"][meta.SET_LABEL] == "web"


def test_labels_of_the_set_itself_cannot_be_overruled() -> None:
    made = body({"spec": {}, "metadata": {"labels": {meta.SET_LABEL: "other", meta.TEMPLATE_HASH_LABEL: "x"}}})

    assert made["metadata"]["labels"][meta.SET_LABEL] == "web"
    assert made["metadata"]["labels"][meta.TEMPLATE_HASH_LABEL] != "x"


def test_notes_of_the_operator_are_never_copied_from_a_template() -> None:
    notes = {meta.CREATE_INTENT: "{}", meta.FORCE_FINALIZE: "i-1", "note": "x"}

    assert body({"spec": {}, "metadata": {"annotations": notes}})["metadata"]["annotations"] == {"note": "x"}


def test_the_operator_can_read_what_it_makes() -> None:
    made = body({"spec": {"image": "trainer:1", "template": {"name": "pytorch"}}})
    stored = made | {"metadata": made["metadata"] | {"uid": "u", "creationTimestamp": "2026-11-24T12:00:00Z"}}

    assert GPUInstance.parse(stored).unreadable is None


def test_indexes_are_ordered_as_numbers() -> None:
    assert sorted(["web-10", "web-9", "web-x"], key=replicas.index_of) == ["web-x", "web-9", "web-10"]
