"""What is read from the Go modules of the local cluster, and where their programs are kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cluster import catalogue, module
from local_cluster.errors import CannotProvide
from local_cluster.module import Module

_GO_MOD = """\
module example.com/controlplane

go 1.26.3

require k8s.io/api v0.37.2

require (
	go.etcd.io/etcd/api/v3 v3.6.1 // indirect
	go.etcd.io/etcd/server/v3 v3.7.0
	k8s.io/kubernetes v1.37.2
)

replace k8s.io/kubernetes/staging => k8s.io/other v0.0.1
"""
_EVERY_MODULE = sorted({program.module for program in catalogue.every()}, key=lambda each: each.folder)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Module]:
    """A module named after Kubernetes, with this go.mod."""
    monkeypatch.setattr(module, "_ROOT", tmp_path)

    def ship(go_mod: str) -> Module:
        (tmp_path / "controlplane").mkdir(exist_ok=True)
        (tmp_path / "controlplane" / "go.mod").write_text(go_mod)
        return Module("controlplane", ("k8s.io/kubernetes",))

    return ship


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "v1.37.2"),
        ("go.etcd.io/etcd/server/v3", "v3.7.0"),
        ("go.etcd.io/etcd/api/v3/version", "v3.6.1"),
        ("k8s.io/api/core/v1", "v0.37.2"),
    ],
)
def test_a_package_has_the_version_of_the_requirement_that_it_belongs_to(
    package: str, version: str, shipped: Callable[[str], Module]
) -> None:
    assert shipped(_GO_MOD).version_of(package) == version


@pytest.mark.parametrize("package", ["k8s.io/kubernetesque", "k8s.io", "k8s.io/other", "example.com/controlplane"])
def test_a_package_of_no_requirement_is_refused_by_name(package: str, shipped: Callable[[str], Module]) -> None:
    with pytest.raises(CannotProvide, match=rf"go\.mod names no version of {package}"):
        shipped(_GO_MOD).version_of(package)


@pytest.mark.parametrize(("line", "version"), [("go 1.26.3", (1, 26, 3)), ("go 1.24", (1, 24, 0))])
def test_the_oldest_go_is_the_go_line(
    line: str, version: tuple[int, int, int], shipped: Callable[[str], Module]
) -> None:
    assert shipped(_GO_MOD.replace("go 1.26.3", line)).go_version() == version


def test_a_file_that_names_no_go_is_refused(shipped: Callable[[str], Module]) -> None:
    with pytest.raises(CannotProvide, match=r"go\.mod names no version of Go"):
        shipped("module example.com/empty\n").go_version()


def test_a_module_without_requirements_is_kept_by_the_text_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    (tmp_path / "pause").mkdir()
    kept = []
    for text in ("package main", "package main // changed", "package main"):
        (tmp_path / "pause" / "main.go").write_text(text)
        kept.append(Module("pause").cache({"XDG_CACHE_HOME": "/cache"}))

    assert kept[0] == kept[2] != kept[1]
    assert kept[0].parent == Path("/cache/novita-operator/pause")


def test_the_cache_is_below_the_home_where_xdg_says_nothing(shipped: Callable[[str], Module]) -> None:
    assert shipped(_GO_MOD).cache({}) == Path.home() / ".cache/novita-operator/controlplane/v1.37.2"


@pytest.mark.parametrize("shipped_module", _EVERY_MODULE, ids=lambda each: str(each.folder))
def test_each_shipped_module_has_the_sums_of_what_it_requires(
    shipped_module: Module,
) -> None:
    files = {path.name for path in shipped_module.directory.iterdir()}

    assert files >= {"go.mod"} | ({"go.sum"} if shipped_module.named_after else {"main.go"})
    assert shipped_module.go_version() >= (1, 24, 0)
    assert re.fullmatch(r"(v\d+\.\d+\.\d+-?)+|[0-9a-f]{12}", shipped_module.version)


@pytest.mark.parametrize("program", catalogue.every(), ids=lambda each: f"{each.module.folder}/{each.name}")
def test_each_program_is_pinned_by_its_module_and_imported_there_so_that_its_sums_are_whole(
    program: catalogue.Program,
) -> None:
    source = "".join(path.read_text() for path in program.module.directory.glob("*.go"))

    assert program.version in program.module.version or program.name in {"etcd", "helm"}
    assert program.package == "." or f'_ "{program.package}"' in source


def test_no_two_modules_share_a_folder_of_the_cache_unless_they_are_two_versions_of_one() -> None:
    folders = [each.cache({}) for each in _EVERY_MODULE]

    assert len(set(folders)) == len(folders)
