"""Every command and every manifest in docs/: what is named exists, and the API server takes what is to be applied."""

from __future__ import annotations

import re

import pytest
import yaml
from tests.docs import elsewhere, helps, pages, shell
from tests.docs.pages import Block
from tests.support.kube import Body
from tests.support.plane import Plane

from demo.environment import REPOSITORY
from novita_operator.api.gpu_instance.reasons import Reason as InstanceReason
from novita_operator.api.gpu_instance_set.reasons import Reason as SetReason
from novita_operator.api.gpu_job.reasons import Reason as JobReason
from novita_operator.api.novita_account.reasons import Reason as AccountReason

_MAKEFILE = (REPOSITORY / "Makefile").read_text()
_SHELL = [block for page in pages.pages() for block in pages.blocks(page, "sh")]
_YAML = [block for page in pages.pages() for block in pages.blocks(page, "yaml")]
_TROUBLES = pages.DOCS / "how-to" / "troubleshooting.md"


def _of(block: Block) -> str:
    return block.where


def _commands(block: Block) -> list[list[str]]:
    return [words for step in shell.steps(block) for words in shell.commands(step)]


@pytest.mark.parametrize("block", _SHELL, ids=_of)
def test_each_program_is_one_that_is_known(block: Block) -> None:
    known = {"kubectl", "helm", "make", "novita-operator"} | set(elsewhere.PROGRAMS) | elsewhere.SHELL

    assert {words[0] for words in _commands(block)} - known == set()


@pytest.mark.parametrize("block", _SHELL, ids=_of)
def test_each_make_target_exists(block: Block) -> None:
    targets = [word for words in _commands(block) if words[0] == "make" for word in words[1:] if "=" not in word]

    assert [target for target in targets if not re.search(rf"^{target}:", _MAKEFILE, re.MULTILINE)] == []


@pytest.mark.parametrize("block", [each for each in _SHELL if "NODES=1" in each.text], ids=_of)
def test_who_starts_a_node_makes_an_image_and_gives_it_to_the_node(block: Block) -> None:
    """No pod there reaches the internet: without an image no pod of the chart starts."""
    commands = [" ".join(words) for words in _commands(block)]

    assert commands[:2] == ["make image", "make cluster-up NODES=1 IMAGE=dist/image.tar"]


def test_the_tutorial_with_pods_starts_a_node() -> None:
    assert any(block.page.name == "quickstart-cluster.md" and "NODES=1" in block.text for block in _SHELL)


@pytest.mark.parametrize("block", _SHELL, ids=_of)
def test_each_file_exists_or_is_one_that_the_reader_has_saved(block: Block) -> None:
    saved = pages.saved_files(block.page)
    named = {path for words in _commands(block) for path in shell.files(words)}

    assert {
        path for path in named if path not in saved and not _is_there(path) and not _is_written(path, block)
    } == set()


def _is_there(path: str) -> bool:
    return (REPOSITORY / path).exists()


def _is_written(path: str, block: Block) -> bool:
    """What the command itself writes: a support bundle."""
    return any("support-bundle" in words and path in words for words in _commands(block))


@pytest.mark.parametrize("block", _SHELL, ids=_of)
def test_each_verb_and_each_long_flag_exists(block: Block) -> None:
    asked = [words for words in _commands(block) if words[0] in {"kubectl", "helm"}]

    assert [
        complaint
        for words in asked
        for complaint in helps.complaints(words, shell.plain_words(words), shell.long_flags(words))
    ] == []


@pytest.mark.parametrize("block", _YAML, ids=_of)
async def test_each_manifest_is_taken_by_the_api_server(block: Block, plane: Plane) -> None:
    for body in _manifests(block):
        body["metadata"].pop("namespace", None)
        said = await plane.kubectl(
            "create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(body)
        )
        assert said.code == 0, said.err


def _manifests(block: Block) -> list[Body]:
    """The whole objects in it; a part of one, such as a `spec`, is none."""
    return [body for body in yaml.safe_load_all(block.text) if body and "kind" in body]


def test_what_is_saved_is_what_the_samples_hold() -> None:
    """The page says that its file is the sample's, with a limit of its own."""
    page = pages.DOCS / "tutorials" / "quickstart-paid.md"
    shown = yaml.safe_load(pages.saved_files(page)["first.yaml"])
    sample = REPOSITORY / "deploy" / "samples" / "first-real-instance.yaml"
    (kept,) = (body for body in yaml.safe_load_all(sample.read_text()) if body["kind"] == "GPUInstance")

    shown["spec"].pop("lifetime")
    assert shown["spec"] == kept["spec"]


def test_each_reason_in_the_tables_of_troubles_is_one_of_the_api() -> None:
    rows = [line.split("|")[1] for line in _TROUBLES.read_text().splitlines() if line.startswith("| `")]
    words = set(re.findall(r"`([A-Z][A-Za-z]+)`", "\n".join(rows)))
    known = {each.value for kind in (InstanceReason, SetReason, JobReason, AccountReason) for each in kind}

    assert words - known == set()
    assert {"NoCapacity", "DeletionBlocked", "StartupTimeout", "KeyMissing"} <= words


def test_each_reason_that_stops_a_renting_is_in_the_tables_of_troubles() -> None:
    text = _TROUBLES.read_text()
    ordinary = {"Ready", "Success", "Selected", "Created", "Adopted", "Scheduling", "Stopping", "NotCreated"}
    drift = {"ChangedElsewhere", "NoCapacityAtStart"}

    assert [
        each.value for each in InstanceReason if each.value not in ordinary | drift and each.value not in text
    ] == []
