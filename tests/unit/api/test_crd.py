"""Models become structural schemas, or raise: a schema that silently lost a rule would accept what we cannot handle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import Field, create_model

from novita_operator.api import crd, meta, rules
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.meta import Model, Moment
from novita_operator.api.resources import RESOURCES

REPOSITORY = Path(__file__).parents[3]


class Inner(Model):
    """What is inside."""

    word: str = Field("x", max_length=5, description="A word.")


def a_model(kind: Any, default: Any = ..., **field: Any) -> type[Model]:
    """A model with one field."""
    made: type[Model] = create_model("Made", __base__=Model, some_field=(kind, Field(default, **field)))
    return made


def of(kind: Any, default: Any = ..., **field: Any) -> dict[str, Any]:
    """The schema of a field of this kind."""
    schema = crd.structural(a_model(kind, default, **field))
    found: dict[str, Any] = schema["properties"]["someField"]
    return found


# --- What can be said -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            of(str, max_length=9, min_length=2, pattern="^a"),
            {"type": "string", "maxLength": 9, "minLength": 2, "pattern": "^a"},
            id="bounds of a text",
        ),
        pytest.param(of(int, ge=1, le=8), {"type": "integer", "minimum": 1, "maximum": 8}, id="bounds of a number"),
        pytest.param(of(int, gt=0), {"type": "integer", "minimum": 1}, id="an exclusive bound of an integer"),
        pytest.param(of(str | None, None, max_length=3), {"type": "string", "maxLength": 3}, id="null is absence"),
        pytest.param(
            of(int | None, 5),
            {"type": "integer", "default": 5, "nullable": True},
            id="null where absence is a default",
        ),
        pytest.param(
            of(Literal["On", "Off"], "On"),
            {"type": "string", "enum": ["On", "Off"], "default": "On", "maxLength": 3},
            id="a choice, as long as its longest word",
        ),
        pytest.param(
            of(Literal["On"], "On"), {"type": "string", "enum": ["On"], "default": "On", "maxLength": 2}, id="one word"
        ),
        pytest.param(of(Literal[1], 1), {"type": "integer", "enum": [1], "default": 1}, id="one number"),
        pytest.param(of(bool, False), {"type": "boolean", "default": False}, id="a default"),
        pytest.param(
            of(tuple[Annotated[str, Field(max_length=3)], ...], (), max_length=2),
            {"type": "array", "maxItems": 2, "items": {"type": "string", "maxLength": 3}},
            id="a list that is absent by default",
        ),
        pytest.param(
            of(dict[str, Annotated[str, Field(max_length=3)]], {}, max_length=2),
            {
                "type": "object",
                "maxProperties": 2,
                "additionalProperties": {"type": "string", "maxLength": 3},
                "default": {},
            },
            id="a map",
        ),
        pytest.param(of(Moment | None, None), {"type": "string", "format": "date-time", "maxLength": 64}, id="a time"),
        pytest.param(
            of(Inner, Inner(), description="The inside."),
            {
                "type": "object",
                "description": "The inside.",
                "default": {"word": "x"},
                "properties": {"word": {"type": "string", "maxLength": 5, "default": "x", "description": "A word."}},
            },
            id="a model inside, inlined, with the field's own description",
        ),
        pytest.param(
            of(Inner | None, None)["properties"]["word"]["type"], "string", id="an optional model inside"
        ),
    ],
)  # fmt: skip
def test_what_a_structural_schema_can_say_is_said(schema: Any, expected: Any) -> None:
    assert schema == expected


def test_required_fields_are_required_under_their_names_on_the_wire() -> None:
    assert crd.structural(a_model(str))["required"] == ["someField"]
    assert "required" not in crd.structural(a_model(str, "x"))


def test_rules_reach_the_schema() -> None:
    said = [{"rule": "self > 1", "message": "no"}]

    assert of(int, 2, json_schema_extra={"x-kubernetes-validations": said})["x-kubernetes-validations"] == said


def test_a_fixed_field_brings_the_rule_to_its_object_which_a_template_of_it_does_not_have() -> None:
    made = a_model(str | None, None, max_length=3, json_schema_extra=rules.fixed(printed="{}"))
    held = create_model("Held", __base__=Model, template=(made, Field(json_schema_extra=rules.template())))

    schema, template = crd.structural(made), crd.structural(held)["properties"]["template"]

    (rule,) = schema["x-kubernetes-validations"]
    assert rule["rule"].endswith("(!has(self.someField) || self.someField == oldSelf.someField)")
    assert "(has(oldSelf.someField) ? oldSelf.someField : 'nothing')" in rule["messageExpression"]
    assert schema["properties"] == template["properties"] == {"someField": {"type": "string", "maxLength": 3}}
    assert "x-kubernetes-validations" not in template


# --- What cannot ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "field", "path"),
    [
        pytest.param(int | str, {}, "Made.someField: anyOf with 2 types", id="a union"),
        pytest.param(Any, {}, "Made.someField: no type", id="anything"),
        pytest.param(float, {"gt": 0}, "Made.someField: exclusiveMinimum", id="an exclusive bound of a float"),
        pytest.param(int, {"multiple_of": 3}, "Made.someField: multipleOf", id="a multiple"),
        pytest.param(tuple[int, str], {}, "Made.someField: prefixItems", id="a tuple of different things"),
        pytest.param(set[int], {}, "Made.someField: uniqueItems", id="a set"),
        pytest.param(dict[str, Any], {}, "Made.someField: additionalProperties", id="a map of anything"),
        pytest.param(list[dict[str, int | str]], {}, "Made.someField[]{}: anyOf", id="deep inside"),
        pytest.param(str, {"json_schema_extra": {"not": {}}}, "Made.someField: not", id="a negation"),
    ],
)  # fmt: skip
def test_what_a_structural_schema_cannot_say_raises_with_its_path(kind: Any, field: dict[str, Any], path: str) -> None:
    with pytest.raises(crd.Untranslatable) as raised:
        crd.structural(a_model(kind, **field))

    assert str(raised.value).startswith(path)


def test_a_model_that_forbids_further_fields_cannot_be_said() -> None:
    """Kubernetes refuses `additionalProperties: false` beside properties: fields of other versions are pruned."""
    strict = create_model("Strict", __base__=Model, __cls_kwargs__={"extra": "forbid"}, word=(str, "x"))

    with pytest.raises(crd.Untranslatable, match="additionalProperties"):
        crd.structural(strict)


# --- Our own kinds --------------------------------------------------------------------------------------------------

CRDS = crd.manifests()
SPEC = crd.structural(GPUInstanceSpec)


def nodes(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside, with its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}[]")


def every_node() -> Iterator[tuple[str, dict[str, Any]]]:
    for manifest in CRDS.values():
        whole = manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        for part in ("spec", "status"):
            yield from nodes(whole[part], f"{manifest['spec']['names']['kind']}.{part}")


def test_every_field_has_a_description() -> None:
    """`kubectl explain` prints them."""
    fields = [(path, node) for path, node in every_node() if not path.endswith("[]")]

    assert len(fields) > 150
    assert [path for path, node in fields if not node.get("description", "").strip()] == []


def test_every_text_every_list_and_every_map_is_bounded() -> None:
    bounds = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}
    unbounded = [
        path
        for path, node in every_node()
        if node["type"] in bounds and "properties" not in node and bounds[node["type"]] not in node
    ]

    assert unbounded == []


def test_every_rule_has_a_message() -> None:
    rules = [(path, rule) for path, node in every_node() for rule in node.get("x-kubernetes-validations", [])]

    assert len(rules) > 20
    assert [path for path, rule in rules if not {"message", "messageExpression"} & rule.keys()] == []


@pytest.mark.parametrize("name", SPEC["properties"])
def test_a_field_of_an_instance_cannot_be_changed_exactly_where_its_description_says_so(name: str) -> None:
    field = SPEC["properties"][name]

    held = {rule["rule"] for node in (SPEC, field) for rule in node.get("x-kubernetes-validations", [])}

    compared = f"has(self.{name}) == has(oldSelf.{name})"  # what follows differs for lists with defaults in their items
    fixed = {rule for rule in held if rule.startswith(compared) or rule == "self == oldSelf"}
    assert bool(fixed) == ("Cannot be changed" in field["description"])


def test_a_status_never_requires_what_another_version_may_not_write() -> None:
    """Conditions and their like are written whole; the status itself may hold anything."""
    for manifest in CRDS.values():
        status = manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
        assert "required" not in status
        assert "default" not in status


def test_conditions_are_merged_by_their_type() -> None:
    for manifest in CRDS.values():
        status = manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
        conditions = status["properties"]["conditions"]
        assert (conditions["x-kubernetes-list-type"], conditions["x-kubernetes-list-map-keys"]) == ("map", ["type"])


def _lists() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((path, node) for path, node in every_node() if node["type"] == "array")


def test_nothing_inside_a_list_has_a_default() -> None:
    """A merge patch, which is what `kubectl apply` sends, replaces lists: it would say `configured` for ever."""
    inside = [found for path, node in _lists() for found in nodes(node["items"], f"{path}[]")]

    assert len(inside) > 60
    assert [path for path, node in inside if "default" in node] == []


def test_the_keys_of_a_list_are_required_in_each_item() -> None:
    """Server-side apply finds items by them, before any default is filled in."""
    keyed = {path: node for path, node in _lists() if "x-kubernetes-list-map-keys" in node}

    assert len(keyed) > 8
    assert [
        path
        for path, node in keyed.items()
        if not set(node["x-kubernetes-list-map-keys"]) <= set(node["items"]["required"])
    ] == []


def test_what_an_absent_field_in_a_list_means_is_known_to_the_model_and_told_in_its_description() -> None:
    class Item(Model):
        deep: Inner = Field(Inner(), description="An inside.")

    items = of(tuple[Item, ...], (), max_length=2)["items"]

    assert "default" not in items["properties"]["deep"]
    assert "default" not in items["properties"]["deep"]["properties"]["word"]
    assert Item.model_validate({}).deep.word == "x"
    told = {
        path.rpartition(".")[2]: node["description"]
        for path, node in every_node()
        if ".spec." in path and "[]." in path and not path.endswith("[]")
    }
    meaning = {"protocol": "HTTP", "optional": "false", "adoption": "Deny", "retention": "Deny"}
    assert [name for name, default in meaning.items() if default not in told[name]] == []
    assert [name for name in meaning if "without a value" not in told[name]] == []


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_each_kind_is_named_as_people_type_it(resource: Any) -> None:
    manifest = crd.manifest(resource)

    names = manifest["spec"]["names"]
    assert manifest["metadata"]["name"] == f"{resource.plural}.{meta.GROUP}"
    assert names["categories"] == ["novita"]
    assert names["shortNames"] == [resource.short]
    assert manifest["spec"]["versions"][0]["subresources"]["status"] == {}


def test_columns_lead_to_fields_that_exist() -> None:
    for manifest in CRDS.values():
        version = manifest["spec"]["versions"][0]
        for column in version["additionalPrinterColumns"]:
            part, *names = column["jsonPath"].split("[?")[0].strip(".").split(".")
            node = version["schema"]["openAPIV3Schema"]["properties"][part]
            for name in names if part != "metadata" else ():
                assert name in node["properties"], column
                node = node["properties"][name]


# --- The files ------------------------------------------------------------------------------------------------------


def test_the_files_in_the_repository_are_what_the_models_say() -> None:
    assert crd.stale(REPOSITORY / "crds") == []


def test_stale_and_missing_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crd.write(tmp_path)
    assert crd.main([str(tmp_path), "--check"]) == 0

    (tmp_path / "gpu.novita.ai_gpuinstances.yaml").write_text("old")
    (tmp_path / "kustomization.yaml").unlink()

    assert crd.main([str(tmp_path), "--check"]) == 1
    told = capsys.readouterr().err
    assert "gpu.novita.ai_gpuinstances.yaml is stale: run `make generate`" in told
    assert "kustomization.yaml is stale" in told
    assert (tmp_path / "gpu.novita.ai_gpuinstances.yaml").read_text() == "old"


def test_writing_makes_them_fresh(tmp_path: Path) -> None:
    assert crd.main([str(tmp_path / "new")]) == 0

    assert crd.stale(tmp_path / "new") == []
    listed = yaml.safe_load((tmp_path / "new" / "kustomization.yaml").read_text())
    assert listed["resources"] == sorted(CRDS)


def test_the_printed_stream_holds_every_kind() -> None:
    kinds = [document["spec"]["names"]["kind"] for document in yaml.safe_load_all(crd.to_yaml())]

    assert kinds == [resource.kind for resource in RESOURCES]
