"""docs/reference says what the code says: all of it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.packaging.rendering import ROOT
from tests.support.plane import Plane
from typer.main import get_command

from chart_tools import api_reference, catalogue, words
from novita_operator.api import crd, events, meta
from novita_operator.plugin.main import app

REFERENCE = ROOT / "docs" / "reference"
CRDS = {body["spec"]["names"]["kind"]: body["spec"] for body in crd.manifests().values()}
ADVICE = catalogue.read(catalogue.ADVICE)


def _section(kind: str) -> str:
    text = (REFERENCE / "api.md").read_text()
    return text.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]


def _schema(kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = CRDS[kind]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def _fields(path: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each object with each of its fields."""
    for name, field in schema.get("properties", {}).items():
        yield path, name
        yield from _entries(f"{path}.{name}", field)


def _entries(path: str, field: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "items" in field:
        yield from _entries(f"{path}[]", field["items"])
    elif isinstance(field.get("additionalProperties"), dict):
        yield from _entries(f"{path}{{}}", field["additionalProperties"])
    else:
        yield from _fields(path, field)


def _documented(kind: str) -> set[tuple[str, str]]:
    tables = re.split(rf"\n### {kind} `([^`]+)`\n", _section(kind))[1:]
    return {
        (path, name)
        for path, table in zip(tables[::2], tables[1::2], strict=True)
        for name in re.findall(r"(?m)^\| \**`([^`]+)`\** \|", table)
    }


@pytest.mark.parametrize("kind", CRDS)
def test_every_field_is_documented_and_no_other(kind: str) -> None:
    properties = _schema(kind)["properties"]
    fields = {pair for part in ("spec", "status") for pair in _fields(part, properties[part])}

    assert _documented(kind) == fields
    assert len(fields) > 20


@pytest.mark.parametrize("kind", CRDS)
def test_every_rule_is_documented_with_its_sentence(kind: str) -> None:
    rules = re.findall(r"(?s)- message: (.*?)\n", yaml.safe_dump(_schema(kind), width=10_000))
    sentences = {str(yaml.safe_load(each)).replace("|", "\\|") for each in rules}

    assert {sentence for sentence in sentences if " ".join(sentence.split()) not in _section(kind)} == set()


def test_every_link_inside_the_reference_has_a_target() -> None:
    pages = list(REFERENCE.glob("*.md"))
    assert pages
    for page in pages:
        text = page.read_text()
        anchors = set(re.findall(r'<a id="([^"]+)"', text))
        anchors |= {title.lower() for title in re.findall(r"(?m)^#+ (\w+)$", text)}
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors, page.name


@pytest.mark.parametrize("vocabulary", words.vocabularies(), ids=lambda each: each.kind)
def test_every_reason_has_advice_and_no_advice_is_left_over(vocabulary: words.Vocabulary) -> None:
    assert {word.value for word in vocabulary.reasons} == set(ADVICE[vocabulary.kind])
    assert all(word.meaning for word in (*vocabulary.reasons, *vocabulary.types))


def test_the_catalogue_knows_every_event_and_no_other() -> None:
    shown = re.findall(r"(?m)^\| `(\w+)` \|", (REFERENCE / "events.md").read_text())

    assert shown == [str(each) for each in events.EventReason]
    assert set(ADVICE["Event"]) == set(shown)


@pytest.mark.parametrize("kind", [*CRDS, "Event"])
def test_advice_names_fields_annotations_and_verbs_that_exist(kind: str) -> None:
    text = " ".join(ADVICE[kind].values())
    annotations = {value for value in vars(meta).values() if isinstance(value, str) and value.startswith(meta.GROUP)}
    verbs = set(get_command(app).commands)  # type: ignore[attr-defined]

    assert {name for name in re.findall(r"`spec\.(\w+)", text) if not _is_field(kind, name)} == set()
    assert set(re.findall(r"`(gpu\.novita\.ai/[\w-]+)", text)) <= annotations
    assert set(re.findall(r"kubectl novita (\w+)", text)) <= verbs


def _is_field(kind: str, name: str) -> bool:
    # What a NovitaAccount has is spoken of where its users see it; Events are of all kinds.
    owners = CRDS if kind == "Event" else (kind, "NovitaAccount")
    return any(name in _schema(owner)["properties"]["spec"]["properties"] for owner in owners)


@pytest.mark.parametrize("kind", CRDS)
async def test_the_example_of_each_kind_is_taken_by_the_api_server(kind: str, plane: Plane, tmp_path: Path) -> None:
    spec = CRDS[kind]
    file = tmp_path / "example.yaml"
    file.write_text(api_reference.example(kind, spec["group"], spec["versions"][0]["name"]))

    answer = await plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(file))

    assert answer.code == 0, answer.err
