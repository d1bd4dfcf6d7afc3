"""What `.ci/run` runs where: its own script, with a `make` that only says which target it was asked for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests import oldest
from tests.local import programs

from demo.environment import REPOSITORY
from local_cluster import catalogue

_ALWAYS = ["check", "test", "test-nodes", "test-gitops"]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with an empty cache, where nothing is ever installed."""
    for name in ("apt-get", "systemctl"):
        programs.program(tmp_path / "bin" / name, "exit 0")
    programs.program(tmp_path / "bin" / "make", '[ "$2" != "$FAILS" ]')
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache"), "FAILS": "none"}


def _run(machine: dict[str, str]) -> tuple[int, dict[str, str]]:
    """The exit code, and what the table at the end says of each target."""
    command = [str(REPOSITORY / ".ci" / "run")]
    ended = subprocess.run(command, env=machine, capture_output=True, text=True, check=False)
    table = ended.stdout.partition("::: every part")[2]
    return ended.returncode, dict(re.findall(r"make (\S+) (passed|FAILED|NOT RUN)", table))


def _cache(machine: dict[str, str], names: tuple[catalogue.Program, ...]) -> None:
    for each in names:
        programs.program(each.module.cache(machine) / each.name, "exit 0")


def test_what_takes_minutes_to_build_is_left_out_and_said_where_the_cache_lacks_it(machine: dict[str, str]) -> None:
    code, table = _run(machine)

    assert code == 0
    assert table == dict.fromkeys(_ALWAYS, "passed") | dict.fromkeys(("test-argocd", "test-oldest-api"), "NOT RUN")


def test_what_the_cache_has_is_run(machine: dict[str, str]) -> None:
    (version,), _ = oldest.PARTS["api"]
    _cache(machine, catalogue.OLDEST[version] + catalogue.ARGOCD)

    code, table = _run(machine)

    assert code == 0
    assert table == dict.fromkeys([*_ALWAYS, "test-argocd", "test-oldest-api"], "passed")


def test_half_of_an_older_control_plane_is_none(machine: dict[str, str]) -> None:
    (version,), _ = oldest.PARTS["api"]
    _cache(machine, catalogue.OLDEST[version][:1])

    assert _run(machine)[1]["test-oldest-api"] == "NOT RUN"


def test_one_failure_fails_the_run_and_hides_no_other_part(machine: dict[str, str]) -> None:
    code, table = _run(machine | {"FAILS": "check"})

    assert code == 1
    assert [table[target] for target in _ALWAYS] == ["FAILED", "passed", "passed", "passed"]


def test_every_test_of_the_part_that_ci_runs_on_older_kubernetes_exists() -> None:
    for test in oldest.API:
        file, _, name = test.partition("::")
        assert (f"def {name}(" if name else "") in (REPOSITORY / file).read_text(), test
