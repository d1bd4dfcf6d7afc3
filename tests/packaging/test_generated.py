"""Each fact is written once: what is generated is fresh, and what is written twice agrees."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from tests.packaging import rendering
from tests.packaging.rendering import CHART, ROOT

from chart_tools import __main__ as generator
from chart_tools import settings as setting_values
from chart_tools import values
from novita_operator import __version__
from novita_operator.api import crd
from novita_operator.settings import Settings

ALERTS = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
CHART_YAML = yaml.safe_load((CHART / "Chart.yaml").read_text())


def test_every_generated_file_is_fresh() -> None:
    stale = [path.name for path, text in generator.files().items() if path.read_text() != text]

    assert stale == [], "run `make generate`"


def test_the_chart_holds_no_template_of_a_crd_that_is_gone() -> None:
    expected = {path.name for path in generator.files() if path.parent.name == "crds"}

    assert {path.name for path in (CHART / "templates" / "crds").iterdir()} == expected


def test_the_crds_of_the_chart_are_those_of_the_crds_folder() -> None:
    rendered = {body["metadata"]["name"]: body["spec"] for body in rendering.all_of(rendering.render(), CRD)}

    assert rendered == {body["metadata"]["name"]: body["spec"] for body in rendering.kustomize(ROOT / "crds")}


CRD = "CustomResourceDefinition"


@pytest.mark.parametrize("keep", [True, False])
def test_crds_carry_the_keep_annotation_exactly_when_they_are_to_stay(keep: bool) -> None:
    for body in rendering.all_of(rendering.render(values={"crds": {"keep": keep}}), CRD):
        policy = (body["metadata"].get("annotations") or {}).get("helm.sh/resource-policy")
        assert policy == ("keep" if keep else None)


def test_no_crds_are_rendered_where_they_are_not_wanted() -> None:
    assert rendering.all_of(rendering.render(values={"crds": {"install": False}}), CRD) == []


def test_package_chart_image_and_kustomize_have_one_version() -> None:
    images = {
        image["newTag"]
        for path in (ROOT / "deploy").rglob("kustomization.yaml")
        for image in yaml.safe_load(path.read_text()).get("images", [])
    }
    hub = yaml.safe_load(CHART_YAML["annotations"]["artifacthub.io/images"])

    assert {CHART_YAML["version"], CHART_YAML["appVersion"], *images} == {__version__}
    assert [image["image"].rpartition(":")[2] for image in hub] == [__version__]


def test_the_images_label_the_workflow_and_the_samples_name_no_other_version() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    workflow = (ROOT / ".github" / "workflows" / "kind.yml").read_text()
    application = (ROOT / "deploy" / "gitops" / "samples" / "argocd-application.yaml").read_text()

    assert re.findall(r"(?m)^ARG VERSION=(.*)$", dockerfile) == [__version__]
    assert 'org.opencontainers.image.version="${VERSION}"' in dockerfile
    assert set(re.findall(r"novita-operator:(\d[\w.+-]*)", workflow)) == {__version__}
    assert re.findall(r"targetRevision: (\d\S*)", application) == [__version__]


def test_roles_and_artifact_hub_know_every_kind() -> None:
    rights = yaml.safe_load((CHART / "files" / "rbac.yaml").read_text())
    hub = yaml.safe_load(CHART_YAML["annotations"]["artifacthub.io/crds"])
    defined = [body["spec"] for body in crd.manifests().values()]

    assert {(kind["plural"], kind["namespaced"], kind.get("scalable", False)) for kind in rights["kinds"]} == {
        (spec["names"]["plural"], spec["scope"] == "Namespaced", "scale" in spec["versions"][0]["subresources"])
        for spec in defined
    }
    assert {(each["kind"], each["name"]) for each in hub} == {
        (spec["names"]["kind"], f"{spec['names']['plural']}.{spec['group']}") for spec in defined
    }


def _outside(name: str, schema: dict[str, Any]) -> list[Any]:
    """Values that are just beyond what the schema allows."""
    match schema:
        case {"type": "integer"}:
            return [schema["minimum"] - 1, schema["maximum"] + 1]
        case {"enum": _}:
            return ["neither of them"]
        case {"maxLength": longest}:
            return ["x" * (longest + 1)]
        case {"pattern": _}:
            return ["neither, nor"]
        case {"type": "boolean"}:
            return ["perhaps"]
    raise AssertionError(f"{name}: no value is refused by {schema}")


def _inside(schema: dict[str, Any]) -> list[Any]:
    if schema["type"] == "integer":
        return [schema["minimum"], schema["maximum"]]
    return schema.get("enum", [schema["default"]] if schema.get("default") else [])


@pytest.mark.parametrize("name", sorted(setting_values.schemas()))
def test_the_operator_refuses_what_the_chart_refuses_and_takes_the_rest(name: str) -> None:
    schema = setting_values.schemas()[name]
    key = to_snake(name)

    for value in _inside(schema):
        assert str(getattr(Settings(**{key: value}), key)) == str(value)
    for value in _outside(name, schema):
        with pytest.raises(ValidationError) as caught:
            Settings(**{key: value})
        assert key in {str(error["loc"][0]) for error in caught.value.errors() if error["loc"]}


def test_every_setting_is_a_value_or_decided_by_the_chart() -> None:
    as_values = {to_snake(name) for name in setting_values.schemas()}

    assert as_values | setting_values.NOT_VALUES == set(Settings.model_fields)
    assert not as_values & setting_values.NOT_VALUES


def test_no_secret_is_a_value_which_everybody_could_read_in_the_deployment() -> None:
    properties = Settings.model_json_schema()["properties"]
    secret = {name for name, raw in properties.items() if "writeOnly" in json.dumps(raw)}

    assert {"novita_api_key", "webhook_secret"} <= secret
    assert secret <= setting_values.NOT_VALUES


def test_every_value_has_a_description_and_its_default_fits_its_schema() -> None:
    leaves = [leaf for value in values.read(CHART / "values.yaml") for leaf in value.leaves()]

    assert len(leaves) > 50
    assert [leaf.name for leaf in leaves if len(leaf.description) < 10] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_how_bad_it_is_and_where_its_runbook_is(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["runbook_url"].endswith(f"/{rule['alert']}.md")
    assert {"summary", "description"} <= set(rule["annotations"])
