"""What the plugin says to the system's OpenSSH: from a Secret's entries, and from a path as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.local.programs import program
from typer import BadParameter

from novita_operator.plugin import copying, executing, forwarding, syncing, trees
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.copying import Place
from novita_operator.plugin.login import access, openssh

_ENTRIES = {
    "instance-id": "0b5664988de49579",
    "host": "proxy.cn-hongkong-1.gpu-instance.novita.ai",
    "port": "34981",
    "username": "root",
    "password": "canary",
}


def test_an_access_is_what_the_secret_says_and_shows_no_password() -> None:
    found = access.of("gpu", "gpu-connection", _ENTRIES | {"host-key": "ssh-ed25519 AAAAC3Nz+/= of the machine\n"})

    assert found.place == "root@proxy.cn-hongkong-1.gpu-instance.novita.ai"
    assert found.host_key == "ssh-ed25519 AAAAC3Nz+/="
    assert found.alias == "novita-0b5664988de49579"
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("entry", "value", "said"),
    [
        ("host", "-oProxyCommand=evil", "entry host"),
        ("port", "22 -oX=y", "entry port"),
        ("username", "-l", "entry username"),
        ("username", "root@x", "entry username"),
        ("instance-id", "a b", "entry instance-id"),
        ("host-key", "* ssh-ed25519 AAAA\n@cert-authority * ssh-ed25519 AAAA", "no public key"),
        ("password", "two\nlines", "entry password"),
        ("password", "", "entry password"),
    ],
)
def test_a_secret_cannot_smuggle_in_options(entry: str, value: str, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        access.of("gpu", "gpu-connection", _ENTRIES | {entry: value})


@pytest.mark.parametrize("host", ["2001:db8::1", "[2001:db8::1]"])
def test_an_address_of_ipv6_is_in_brackets_for_files_only(host: str) -> None:
    found = access.of("gpu", "gpu-connection", _ENTRIES | {"host": host})

    assert (found.place, found.place_of_files) == ("root@2001:db8::1", "root@[2001:db8::1]")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("gpu:models", Place("models", "gpu")),
        ("gpu:", Place("", "gpu")),
        ("gpu:a:b", Place("a:b", "gpu")),
        ("gpuset/workers-1:/data", Place("/data", "gpuset/workers-1")),
        ("models", Place("models")),
        ("./gpu:models", Place("./gpu:models")),
        ("/tmp/a:b", Place("/tmp/a:b")),
        ("folder/a:b", Place("folder/a:b")),
        (":b", Place(":b")),
    ],
)
def test_a_colon_behind_a_name_means_a_machine(said: str, expected: Place) -> None:
    assert copying.place(said) == expected


def test_what_is_missing_here_or_not_one_of_each_is_said_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Wrong, match="nothing is not here"):
        copying.cp("nothing", "gpu:")
    for paths in (("a", "b"), ("gpu:a", "gpu:b")):
        with pytest.raises(BadParameter, match="one of the two is on a machine"):
            copying.cp(*paths)
    with pytest.raises(Wrong, match="nothing is no folder here"):
        syncing.sync(Path("nothing"), "gpu:code")
    with pytest.raises(BadParameter, match="NAME:PATH"):
        syncing.sync(tmp_path, "code")
    with pytest.raises(BadParameter, match="after two dashes"):
        executing.exec_("gpu")


def test_paths_reach_scp_so_that_they_are_neither_options_nor_patterns_nor_machines() -> None:
    at = "root@host"

    assert Place("-rf").to_source(at) == "./-rf"
    assert Place("a:b").to_target(at) == "./a:b"
    assert Place("a*[1]?\\", "gpu").to_source(at) == r"root@host:a\*\[1\]\?\\"
    assert Place("a*", "gpu").to_target(at) == "root@host:a*"


@pytest.mark.parametrize("said", ["OpenSSH_8.3p1, LibreSSL 2.9.9", "OpenSSH_7.9p1 Debian-10, OpenSSL 1.1.1d"])
def test_an_ssh_that_would_ask_on_the_terminal_is_refused(ssh: Path, said: str) -> None:
    program(ssh, f"echo '{said}' >&2")

    with pytest.raises(Wrong, match=r"that takes 8\.4 or newer"):
        openssh.require(openssh.ASKS_A_PROGRAM)


@pytest.mark.parametrize(
    "said", ["OpenSSH_8.4p1, OpenSSL 3", "OpenSSH_10.0p2, OpenSSL 3", "OpenSSH_for_Windows_9.5p1", "another ssh"]
)
def test_a_newer_one_or_one_of_unknown_version_is_taken(ssh: Path, said: str) -> None:
    program(ssh, f"echo '{said}' >&2")

    openssh.require(openssh.ASKS_A_PROGRAM)


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the only ssh of this computer is to be."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "ssh"


def test_what_changed_in_a_folder_is_told_by_time_size_and_rights(tmp_path: Path) -> None:
    (tmp_path / "deep" / "empty").mkdir(parents=True)
    for name in ("same", "longer", "deep/rights", "deep/gone"):
        (tmp_path / name).write_text("a")
    (tmp_path / "deep" / "circle").symlink_to(tmp_path)
    before = trees.read(tmp_path)

    (tmp_path / "longer").write_text("ab")
    (tmp_path / "deep" / "rights").chmod(0o700)
    (tmp_path / "deep" / "gone").unlink()
    (tmp_path / "deep" / "new").write_text("")
    after = trees.read(tmp_path)

    assert before.folders == after.folders == ["deep", "deep/empty"]
    assert after.changed_since(before) == {"": ["longer"], "deep": ["deep/new", "deep/rights"]}
    assert after.changed_since(after) == {}


@pytest.mark.parametrize("said", ["", "x", "0", "70000", "1:2:3", "8888:", "-1", "80:70000"])
def test_what_is_no_port_is_wrong_usage(said: str) -> None:
    with pytest.raises(BadParameter, match="is no port"):
        forwarding.forward(said)


def test_ports_are_read_as_kubectl_reads_them() -> None:
    read = [forwarding.forward(said) for said in ("8888", "5000:8888", ":8888", "0:8888")]

    assert [each.there for each in read] == [8888] * 4
    assert [each.here for each in read[:2]] == [8888, 5000]
    assert all(each.here > 1024 for each in read[2:])
