"""Where the control plane's binaries come from, in which order, and what a build leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.local import programs

from local_cluster import binaries, building, catalogue, ports, releases
from local_cluster.errors import CannotProvide


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with a Go, an empty cache and the usual tools."""
    programs.go(tmp_path / "bin")
    return {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        releases.MIRROR: f"http://127.0.0.1:{ports.free(1)[0]}",  # nobody listens there
    }


def _assets(directory: Path, *names: str) -> Path:
    for name in names:
        programs.program(directory / name, "exit 0")
    return directory


def _cache(machine: dict[str, str], name: str = "kube-apiserver") -> Path:
    return catalogue.BY_NAME[name].module.cache(machine)


def test_kubebuilder_assets_come_first(machine: dict[str, str], tmp_path: Path) -> None:
    assets = _assets(tmp_path / "assets", *binaries.CONTROL_PLANE)
    _assets(_cache(machine), *binaries.CONTROL_PLANE)

    tools = binaries.provide(machine | {"KUBEBUILDER_ASSETS": str(assets)})

    assert tools.path("etcd") == assets / "etcd"


def test_assets_that_lack_one_are_not_mixed_with_others_and_it_is_said(
    machine: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assets = _assets(tmp_path / "assets", "etcd", "kube-apiserver", "kubectl")
    cache = _assets(_cache(machine), *binaries.CONTROL_PLANE)

    tools = binaries.provide(machine | {"KUBEBUILDER_ASSETS": str(assets)})

    assert tools.path("etcd") == cache / "etcd"
    assert "no kube-controller-manager" in capsys.readouterr().out


def test_a_full_cache_is_used_without_asking_for_go(machine: dict[str, str], tmp_path: Path) -> None:
    cache = _assets(_cache(machine), *binaries.CONTROL_PLANE)

    assert binaries.provide(machine).path("etcd") == cache / "etcd"
    assert programs.calls(tmp_path / "bin") == []


def test_only_what_the_cache_lacks_is_built(machine: dict[str, str], tmp_path: Path) -> None:
    _assets(_cache(machine), "etcd", "kube-apiserver")

    binaries.provide(machine)

    (built,) = [call for call in programs.calls(tmp_path / "bin") if call.startswith("build")]
    assert built.rpartition("/.building/ ")[2] == "k8s.io/kubernetes/cmd/kube-controller-manager"


def test_a_build_says_what_it_does_and_leaves_programs_that_the_next_run_finds(
    machine: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = binaries.provide(machine)
    said = capsys.readouterr().out
    calls = len(programs.calls(tmp_path / "bin"))
    again = binaries.provide(machine)

    assert "building etcd v3.7.0, kube-apiserver v1.37.2, kube-controller-manager v1.37.2 once" in said
    assert "5 of 5 packages" in said
    assert again == tools
    assert len(programs.calls(tmp_path / "bin")) == calls


def test_a_build_that_fails_leaves_no_half_program_and_shows_the_end_of_its_log(
    machine: dict[str, str], tmp_path: Path
) -> None:
    programs.go(tmp_path / "bin", build="printf half > $OUT; echo 'no space left on device'; exit 1")

    with pytest.raises(CannotProvide, match="no space left on device") as refused:
        binaries.provide(machine)

    assert str(_cache(machine) / "build.log") in str(refused.value)
    assert not (_cache(machine) / "etcd").exists()


def test_a_build_that_is_interrupted_ends_its_compiler_and_leaves_nothing(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.go(tmp_path / "bin", build=f'echo $$ > "{tmp_path}/pid"; exec sleep 600')

    def interrupted(_: float) -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise KeyboardInterrupt

    monkeypatch.setattr(building.time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        binaries.provide(machine)

    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()
    assert [path.name for path in _cache(machine).iterdir() if path.suffix != ".log"] == []


def test_each_program_is_kept_with_those_of_its_module_and_version(machine: dict[str, str]) -> None:
    tools = binaries.provide(machine, [program.name for program in catalogue.NODE])

    kept = {path.parent.relative_to(machine["XDG_CACHE_HOME"]).parts[1]: path.parent for path in tools.paths.values()}
    assert sorted(kept) == ["cni", "containerd", "coredns", "node", "pause"]
    assert [path for path in tools.paths.values() if not path.is_file()] == []
    assert kept["node"].name == _cache(machine).name


def test_assets_of_the_control_plane_say_nothing_about_other_programs(
    machine: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assets = _assets(tmp_path / "assets", *binaries.CONTROL_PLANE)

    tools = binaries.provide(machine | {"KUBEBUILDER_ASSETS": str(assets)}, (*binaries.CONTROL_PLANE, "helm"))

    assert (tools.path("etcd"), tools.path("helm")) == (assets / "etcd", _cache(machine) / "helm")
    assert "not using" not in capsys.readouterr().out


def test_what_an_image_holds_alone_is_built_without_the_c_library(machine: dict[str, str], tmp_path: Path) -> None:
    programs.go(tmp_path / "bin", build="printf ${CGO_ENABLED-unset} > $OUT; chmod +x $OUT")

    tools = binaries.provide(machine, ("pause", "kubelet"))

    assert {name: path.read_text() for name, path in tools.paths.items()} == {"pause": "0", "kubelet": "unset"}


@pytest.mark.parametrize("version", catalogue.OLDEST)
def test_an_older_control_plane_is_a_folder_that_serves_as_assets(
    version: str, machine: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = binaries.provide_oldest(machine, version)
    again = binaries.provide_oldest(machine, version)

    tools = binaries.provide(machine | {"KUBEBUILDER_ASSETS": str(folder)})
    assert folder == again
    assert folder.name == f"v{version}"
    assert sorted(tools.paths) == ["etcd", "kube-apiserver", "kube-controller-manager"]
    assert {path.parent for path in tools.paths.values()} == {folder}
    assert "not using" not in capsys.readouterr().out
