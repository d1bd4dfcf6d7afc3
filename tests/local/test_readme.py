"""README, Makefile and locks promise nothing that is not there."""

from __future__ import annotations

import re
import subprocess

import pytest

from chart_tools import settings_table
from demo.environment import REPOSITORY
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.settings import Settings

_README = (REPOSITORY / "README.md").read_text()
_MAKEFILE = (REPOSITORY / "Makefile").read_text()


def _named(pattern: str) -> list[str]:
    """What the README names in this way, each once."""
    return sorted({next(filter(None, found.groups())) for found in re.finditer(pattern, _README, re.MULTILINE)})


def test_each_setting_has_its_row_which_make_generate_writes() -> None:
    between = _README.partition("<!-- settings")[2].partition("<!-- end of settings")[0]
    rows = [line for line in between.splitlines() if line.startswith("| `")]

    assert rows == settings_table.table().splitlines()[2:]
    assert len(rows) == len(Settings.model_fields)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("| `MAX_RETRIES` | `3` | 0 to 10 |", "a default and a range"),
        ("| `DEFAULT_REGION` | `CN-HK-01` |  |", "no range"),
        ("| `NOVITA_API_KEY` | none |  |", "no default"),
        ("| `LEADER_ELECTION` | `false` |  |", "as one writes it into the environment"),
    ],
)
def test_a_row_says_default_and_range(row: str, why: str) -> None:
    assert row in settings_table.table(), why


def test_a_readme_without_a_place_for_the_settings_is_refused() -> None:
    with pytest.raises(ValueError, match=r"README\.md lacks the line <!-- settings"):
        settings_table.laid_into("# a README\n")


@pytest.mark.parametrize("target", _named(r"^make ([a-z-]+)|`make ([a-z-]+)"))
def test_each_make_target_that_is_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", _MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("path", _named(r"`((?:operator|deploy|charts|crds|tests|\.ci)/[\w./-]*)`"))
def test_each_path_that_is_named_exists(path: str) -> None:
    assert (REPOSITORY / path).exists()


@pytest.mark.parametrize("link", _named(r"\]\(((?!https?:)[^)#]+)\)"))
def test_each_link_leads_somewhere(link: str) -> None:
    assert (REPOSITORY / link).exists()


def test_each_reason_in_the_table_of_troubles_is_one_of_the_api() -> None:
    troubles = _README.partition("### When something is wrong")[2].partition("## ")[0]
    first_column = "\n".join(line.split("|")[1] for line in troubles.splitlines() if line.startswith("| `"))
    words = set(re.findall(r"`([A-Z][A-Za-z]+)`", first_column))

    assert words - {"Scheduled", "Provisioned", "Synced"} - {each.value for each in Reason} == set()
    assert {"NoCapacity", "DeletionBlocked", "CredentialsRejected"} <= words


@pytest.mark.parametrize("folder", ["api", "controllers/gpu_instance", "controllers/novita_account", "novita", "kube"])
def test_each_file_in_the_reading_order_of_the_map_exists(folder: str) -> None:
    (row,) = (line for line in _README.splitlines() if line.startswith(f"| `operator/novita_operator/{folder}/` |"))
    order = re.findall(r"`(\w+)`", row.rsplit("|", 2)[1])

    assert order
    assert [name for name in order if not (REPOSITORY / f"operator/novita_operator/{folder}/{name}.py").exists()] == []


@pytest.mark.parametrize("name", ["runtime", "dev", "go", "uv"])
def test_a_lock_has_a_hash_for_each_package_and_names_no_address(name: str) -> None:
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text()
    packages = re.findall(r"^[\w.-]+==.*$", text, re.MULTILINE)

    assert packages
    assert [line for line in packages if f"{line}\n    --hash=sha256:" not in text] == []
    assert re.search(r"https?:|--(extra-)?index-url|--find-links", text) is None


def test_make_help_lists_every_target_that_a_person_may_want() -> None:
    listed = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert set(re.findall(r"^  make (\S+)", listed, re.MULTILINE)) == set(
        re.findall(r"^([a-z][a-z-]*):", _MAKEFILE, re.MULTILINE)
    )
