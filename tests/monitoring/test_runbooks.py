"""Each alert has a runbook and each runbook an alert, and what a runbook names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.monitoring import names
from typer.main import get_command

from novita_operator.api import crd
from novita_operator.plugin.main import app

ROOT = Path(__file__).parents[2]
ALERTS = yaml.safe_load((ROOT / "charts" / "novita-operator" / "files" / "alerts.yaml").read_text())
RULES = {rule["alert"]: rule for group in ALERTS["groups"] for rule in group["rules"]}
PAGES = sorted((ROOT / "docs" / "runbooks").glob("Novita*.md"))
_CORE = {"pods", "pods,deployments", "events", "leases", "deployments"}
_HEADINGS = ("**Means**", "**Money**", "## Check", "## Likely causes", "## Do", "**Clears**")


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    linked = {rule["annotations"]["runbook_url"].partition("/blob/main/")[2] for rule in RULES.values()}

    assert linked == {str(page.relative_to(ROOT)) for page in PAGES}
    assert {page.stem for page in PAGES} == set(RULES)


def test_the_list_of_runbooks_says_how_bad_each_alert_is() -> None:
    rows = re.findall(
        r"(?m)^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", (ROOT / "docs" / "runbooks" / "README.md").read_text()
    )

    assert dict(rows) == {name: rule["labels"]["severity"] for name, rule in RULES.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_answers_the_six_questions(page: Path) -> None:
    text = page.read_text()

    assert text.startswith(f"# {page.stem}\n")
    assert [heading for heading in _HEADINGS if text.count(heading) != 1] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_names_metrics_that_exist(page: Path) -> None:
    histograms = {name.removesuffix("_bucket") for name in names.samples()}

    assert set(re.findall(r"`(novita_\w+)`", page.read_text())) <= histograms


def _commands(page: Path) -> list[list[str]]:
    text = page.read_text()
    lines = [line for block in re.findall(r"(?s)```sh\n(.*?)```", text) for line in block.splitlines()]
    lines += re.findall(r"`(kubectl [^`]+)`", text)
    return [re.sub(r"-n \S+ ", "", line.partition(" | ")[0]).split()[1:] for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_names_commands_that_exist(page: Path) -> None:
    kinds = {name for body in crd.manifests().values() for name in _names(body["spec"]["names"])} | _CORE
    verbs = get_command(app)

    for verb, *words in _commands(page):
        if verb == "novita":
            assert words[0] in verbs.commands, words  # type: ignore[attr-defined]
        else:
            known = subprocess.run(["kubectl", verb, "--help"], capture_output=True, text=True, check=False)
            assert known.returncode == 0, verb
            flags = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert [flag for flag in flags if flag not in known.stdout] == []
        if verb in {"get", "describe"}:
            assert words[0] in kinds


def _names(said: dict[str, object]) -> set[str]:
    return {str(said["plural"]), str(said["singular"]), *map(str, said["shortNames"])}  # type: ignore[call-overload]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "runbooks" / "README.md"], ids=lambda page: page.stem)
def test_a_runbook_links_to_pages_that_exist(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []
