"""README, Makefile and locks promise nothing that is not there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest

from chart_tools import settings_table
from demo.environment import REPOSITORY
from novita_operator.settings import Settings

_README = (REPOSITORY / "README.md").read_text()
_MOST_BYTES = 9 * 1024  # more takes longer than a reader gives it
_MAKEFILE = (REPOSITORY / "Makefile").read_text()


def _named(pattern: str) -> list[str]:
    """What the README names in this way, each once."""
    return sorted({next(filter(None, found.groups())) for found in re.finditer(pattern, _README, re.MULTILINE)})


def test_the_readme_can_be_read_in_ten_minutes() -> None:
    assert len(_README.encode()) <= _MOST_BYTES


def test_each_setting_has_its_row_in_one_of_the_two_tables() -> None:
    rows = [*settings_table.everyday().splitlines()[2:], *settings_table.advanced().splitlines()[2:]]

    assert sorted(row.split("`")[1] for row in rows) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("table", "row", "why"),
    [
        (settings_table.everyday, "| `MAX_RETRIES` | `3` | 0 to 10 |", "a default and a range"),
        (settings_table.everyday, "| `DEFAULT_REGION` | `CN-HK-01` |  |", "no range"),
        (settings_table.everyday, "| `NOVITA_API_KEY` | none |  |", "no default"),
        (settings_table.everyday, "| `LEADER_ELECTION` | `false` |  |", "as one writes it into the environment"),
        (settings_table.advanced, "| `BACKOFF_BASE` | `5000` | 10 to 600000 |", "nobody has to set it"),
    ],
)
def test_a_row_says_default_and_range(table: Callable[[], str], row: str, why: str) -> None:
    assert row in table(), why


@pytest.mark.parametrize("target", _named(r"^make ([a-z-]+)|`make ([a-z-]+)"))
def test_each_make_target_that_is_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", _MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("path", _named(r"`((?:operator|deploy|charts|crds|tests|\.ci)/[\w./-]*)`"))
def test_each_path_that_is_named_exists(path: str) -> None:
    assert (REPOSITORY / path).exists()


@pytest.mark.parametrize("link", _named(r"\]\(((?!https?:)[^)#]+)\)"))
def test_each_link_leads_somewhere(link: str) -> None:
    assert (REPOSITORY / link).exists()


_MAP = (REPOSITORY / "docs" / "explanation" / "architecture.md").read_text()
_PACKAGE = REPOSITORY / "operator" / "novita_operator"


def _rows(heading: str) -> list[str]:
    """What stands in code marks in the first column of the table below this heading."""
    below = _MAP.partition(f"{heading}\n")[2].partition("\n#")[0]
    return [
        name
        for row in below.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]


@pytest.mark.parametrize("name", _rows("## The map of the code"))
def test_each_part_on_the_map_of_the_code_exists(name: str) -> None:
    assert (_PACKAGE / name).exists() or (_PACKAGE / f"{name}.py").exists()


@pytest.mark.parametrize("name", _rows("### A controller's rooms"))
def test_each_room_on_the_map_exists(name: str) -> None:
    controller = _PACKAGE / "controllers" / "gpu_instance"

    assert (controller / name).is_dir() or (controller / f"{name}.py").exists()


def test_the_map_leaves_out_no_part_of_the_operator() -> None:
    parts = {path.name for path in _PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert parts - {name.rstrip("/") for name in _rows("## The map of the code")} == set()


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
