"""The parts of a node cluster that need neither root nor a node."""

from __future__ import annotations

import os
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from local_cluster import __main__ as command_line
from local_cluster.errors import CannotHost, CannotStart, NotRunning
from local_cluster.flags import Ports
from local_cluster.nodes import cgroups, cluster, commands, containerd, entering, layout, needs
from local_cluster.nodes.plan import Plan

_MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
42 27 0:39 / /elsewhere/cgroup rw,relatime - cgroup cgroup rw,cpu
"""
_PLAN = Plan(Ports(1, 2, 3), {"runc": "/usr/sbin/runc", "etcd": "/cache/etcd"}, "/usr/lib/cni")


def test_every_hierarchy_is_found_and_mounted_again_as_it_was() -> None:
    found = cgroups.hierarchies(_MOUNTS)

    assert [(each.mountpoint.name, cgroups.mount_options(each)) for each in found] == [
        ("cpu,cpuacct", "cpu,cpuacct"),
        ("systemd", "none,xattr,name=systemd"),
        ("unified", ""),
    ]


@pytest.mark.parametrize(
    ("said", "version", "section"),
    [
        ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", 2, "io.containerd.grpc.v1.cri"),
        ("containerd containerd.io 1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da", 2, "io.containerd.grpc.v1.cri"),
        ("containerd github.com/containerd/containerd/v2 v2.4.2 fb4c30d4", 3, "io.containerd.cri.v1.runtime"),
        ("containerd github.com/containerd/containerd/v2 2.1.4-k3s1", 3, "io.containerd.cri.v1.runtime"),
    ],
)
def test_each_containerd_is_configured_in_its_own_words(said: str, version: int, section: str, tmp_path: Path) -> None:
    written = tomllib.loads(containerd.configuration(said, layout.Files(tmp_path), _PLAN))

    runc = written["plugins"][section]["containerd"]["runtimes"]["runc"]
    assert written["version"] == version
    assert runc == {
        "runtime_type": "io.containerd.runc.v2",
        "options": {"SystemdCgroup": False, "BinaryName": "/usr/sbin/runc"},
    }


@pytest.mark.parametrize(("capabilities", "may"), [("000001fffeffffff", False), ("000001ffffffffff", True)])
def test_whether_a_sandbox_may_be_protected_is_read_from_the_capabilities(capabilities: str, *, may: bool) -> None:
    assert containerd.may_raise_priority(f"Name:\tx\nCapEff:\t{capabilities}\n") is may


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    _PLAN.save(tmp_path / "plan.json")

    assert Plan.load(tmp_path / "plan.json") == _PLAN
    assert _PLAN.path({"PATH": "/bin"}) == "/usr/sbin:/cache:/bin:/usr/sbin:/sbin"


def test_two_checkouts_have_cgroups_of_different_names() -> None:
    assert layout.Files(Path("/one")).name != layout.Files(Path("/two")).name


def test_another_system_is_told_what_works_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(CannotHost, match="need Linux, and this is darwin") as refused:
        needs.programs(os.environ)

    assert "make demo" in str(refused.value)


def test_without_root_the_exit_code_is_3_and_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["local_cluster", "up", "--nodes", "1", "--directory", str(tmp_path / "state")])

    code = command_line.main()

    assert code == 3
    assert "need root" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="programs are looked for on Linux only")
def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(needs, "which", lambda name, _: None if name in ("nft", "runc") else f"/bin/{name}")

    with pytest.raises(CannotHost, match=r"missing here: runc, nft \(Debian: apt-get install nftables runc\)"):
        needs.programs({"PATH": str(tmp_path)})


@pytest.mark.parametrize("what", [["exec", "--", "true"], ["reboot"], ["load", "image.tar"]])
def test_what_needs_a_running_cluster_says_how_to_start_one(
    what: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tarfile.open(tmp_path / "image.tar", "w").close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["local_cluster", *what])

    code = command_line.main()

    assert code == 1
    assert "make cluster-up NODES=1" in capsys.readouterr().err


def test_an_image_for_a_cluster_without_a_node_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["up", "--image", str(tmp_path / "image.tar"), "--directory", str(tmp_path / "state")]
    monkeypatch.setattr(sys, "argv", ["local_cluster", *words])

    code = command_line.main()

    assert code == 1
    assert "make cluster-up NODES=1" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(("archives", "told"), [([], True), ([Path("image.tar")], False)])
def test_who_starts_a_node_without_an_image_is_told_how_the_image_gets_there(
    archives: list[Path],
    told: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(commands.cluster, "up", lambda *_: True)

    commands.up(tmp_path, archives)

    assert ("make cluster-up NODES=1 IMAGE=dist/image.tar" in capsys.readouterr().out) is told


def test_an_image_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises((CannotStart, NotRunning), match="make image"):
        entering.load(tmp_path, tmp_path / "image.tar")


@pytest.mark.parametrize(
    ("content", "word"), [(None, "there is no image"), (b"half an image", "is no image")], ids=["missing", "broken"]
)
def test_an_image_that_cannot_be_loaded_is_told_before_a_cluster_starts(
    tmp_path: Path, content: bytes | None, word: str
) -> None:
    archive, state = tmp_path / "image.tar", tmp_path / "state"
    if content is not None:
        archive.write_bytes(content)

    with pytest.raises(CannotStart, match=word):
        cluster.up(state, [archive])

    assert not state.exists()
