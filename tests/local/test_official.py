"""Programs from a server with the layout of the official releases, and what each fault of it leads to."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.local import programs, release_server
from tests.local.release_server import Fault, Releases
from tests.support import processes

from demo.environment import REPOSITORY
from local_cluster import binaries, catalogue, downloading, official, ports, progress, releases
from local_cluster.errors import CannotProvide, Unavailable

_KUBERNETES = "dl.k8s.io/v1.37.2/bin/linux/amd64"
_ETCD = "github.com/etcd-io/etcd/releases/download/v3.7.0"
_ETCD_ARCHIVE = f"{_ETCD}/etcd-v3.7.0-linux-amd64.tar.gz"
_API_SERVER = f"{_KUBERNETES}/kube-apiserver"
_CONTAINERD = "github.com/containerd/containerd/releases/download/v2.4.2/containerd-2.4.2-linux-amd64.tar.gz"
_CNI = "github.com/containernetworking/plugins/releases/download/v1.10.0/cni-plugins-linux-amd64-v1.10.0.tgz"


def _content(name: str) -> bytes:
    """A program of another size than the next one's, that no compression makes small."""
    return f"#!/bin/sh\n# {name}\nexit 0\n".encode() + random.Random(name).randbytes(600_000 + len(name))  # noqa: S311


@pytest.fixture
def server() -> Iterator[Releases]:
    """Everything that the control plane and a node need, published as the projects do it."""
    published = Releases()
    for name in ("kube-apiserver", "kube-controller-manager", "kubelet", "kube-scheduler", "kube-proxy"):
        published.publish(f"{_KUBERNETES}/{name}", _content(name))
    etcd = {f"etcd-v3.7.0-linux-amd64/{name}": _content(name) for name in ("etcdctl", "etcd")}
    published.files[f"{_ETCD}/SHA256SUMS"] = b"0" * 64 + b"  etcd-v3.7.0-linux-arm64.tar.gz\n"
    published.publish(_ETCD_ARCHIVE, release_server.tar(etcd), f"{_ETCD}/SHA256SUMS")
    helm = "get.helm.sh/helm-v4.3.1-linux-amd64.tar.gz"
    published.publish(helm, release_server.tar({"linux-amd64/helm": _content("helm")}), f"{helm}.sha256sum")
    containerd = {f"bin/{name}": _content(name) for name in ("containerd", "containerd-shim-runc-v2", "ctr")}
    published.publish(_CONTAINERD, release_server.tar(containerd), f"{_CONTAINERD}.sha256sum")
    cni = {f"./{name}": _content(name) for name in ("bridge", "host-local", "loopback", "portmap")}
    published.publish(_CNI, release_server.tar(cni))
    coredns = "github.com/coredns/coredns/releases/download/v1.15.0/coredns_1.15.0_linux_amd64.tgz"
    published.publish(coredns, release_server.tar({"coredns": _content("coredns")}))
    with release_server.serving(published):
        yield published


@pytest.fixture
def machine(server: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A Linux machine with an empty cache that has the server for its mirror, and with a Go that notes its calls."""
    monkeypatch.setattr(releases, "this_platform", lambda: "linux/amd64")
    monkeypatch.setattr(downloading, "_PAUSE_SECONDS", 0.01)
    programs.go(tmp_path / "bin")
    return {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        releases.MIRROR: f"{server.url}/",
    }


@pytest.fixture
def built(tmp_path: Path) -> Callable[[], list[str]]:
    """The packages that Go was asked to build."""
    return lambda: [
        call.rpartition("/.building/ ")[2] for call in programs.calls(tmp_path / "bin") if call.startswith("build")
    ]


def _cache(machine: dict[str, str]) -> Path:
    return catalogue.BY_NAME["kube-apiserver"].module.cache(machine)


def _half(machine: dict[str, str]) -> Path:
    return _cache(machine) / ".kube-apiserver.download"


def _left(machine: dict[str, str]) -> list[str]:
    """What lies beside the programs and the logs."""
    return [path.name for path in _cache(machine).iterdir() if path.name.startswith(".")]


def test_a_cluster_with_a_node_comes_from_the_releases_and_nothing_of_it_is_built(
    machine: dict[str, str], server: Releases, built: Callable[[], list[str]]
) -> None:
    names = [program.name for program in (*catalogue.CONTROL_PLANE, *catalogue.HELM, *catalogue.NODE)]
    published = [name for name in names if name != "pause"]

    tools = binaries.provide(machine, names)

    assert [name for name in published if tools.path(name).read_bytes() != _content(name)] == []
    assert [name for name in published if not os.access(tools.path(name), os.X_OK)] == []
    assert built() == ["."]  # the process that holds a pod's namespaces, which nobody publishes as a program
    assert sorted(asked for asked, _ in server.asked) == sorted(server.files)  # each once, the checksums too
    assert _left(machine) == []


def test_size_and_rate_of_each_file_are_said(machine: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    binaries.provide(machine)

    said = capsys.readouterr().out
    assert "downloading etcd v3.7.0, kube-apiserver v1.37.2, kube-controller-manager v1.37.2 from 127.0.0.1" in said
    assert re.search(r"\[2/3\] kube-apiserver 1 MB in \d+\.\d s, \d+\.\d MB/s", said)


def test_where_there_is_no_terminal_a_line_tells_now_and_then_how_far_it_is(
    machine: dict[str, str], server: Releases, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0.0)
    server.rate = 5_000_000

    binaries.provide(machine, ["kube-apiserver"])

    assert "[1/1] kube-apiserver 0 of 1 MB, " in capsys.readouterr().out


def test_a_file_with_another_checksum_is_not_used_but_built_and_nothing_of_it_stays(
    machine: dict[str, str],
    server: Releases,
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.files[_API_SERVER] = b"another program"

    tools = binaries.provide(machine)

    assert tools.path("kube-apiserver").read_text() == "built"
    assert tools.path("etcd").read_bytes() == _content("etcd")
    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver"]
    assert "kube-apiserver: its sha256 is " in capsys.readouterr().out
    assert _left(machine) == []


@pytest.mark.parametrize(
    ("checksums", "why"),
    [
        (b"<html>Please log in</html>", "has no sha256 of kube-apiserver"),
        (b"", "has no sha256 of kube-apiserver"),
        (b"0" * 64 + b"  kubelet\n", "has no sha256 of kube-apiserver"),
        (b"0" * 63, "has no sha256 of kube-apiserver"),
        (None, "answers 404"),
    ],
    ids=["a page", "nothing", "another file's", "too short", "missing"],
)
def test_a_file_that_cannot_be_verified_is_not_even_fetched(
    checksums: bytes | None,
    why: str,
    machine: dict[str, str],
    server: Releases,
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.files.pop(f"{_API_SERVER}.sha256")
    if checksums is not None:
        server.files[f"{_API_SERVER}.sha256"] = checksums

    binaries.provide(machine)

    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver"]
    assert server.requests(_API_SERVER) == []
    assert why in capsys.readouterr().out


@pytest.mark.parametrize(
    "form",
    [
        "{0}",
        "{0}\n",
        "{0}  kube-apiserver\n",
        "{0} *kube-apiserver\r\n",
        "{0}  ./bin/kube-apiserver",
        "{1}  other\n{0}  kube-apiserver",
    ],
)
def test_checksums_are_understood_in_each_form_that_projects_write(
    form: str, machine: dict[str, str], server: Releases, built: Callable[[], list[str]]
) -> None:
    digest = server.files[f"{_API_SERVER}.sha256"].decode().split()[0]
    server.files[f"{_API_SERVER}.sha256"] = form.format(digest.upper(), "0" * 64).encode()

    binaries.provide(machine, ["kube-apiserver"])

    assert built() == []


def test_what_a_release_lacks_is_built_and_the_rest_is_not(
    machine: dict[str, str], server: Releases, built: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    del server.files[f"{_KUBERNETES}/kube-controller-manager"]

    binaries.provide(machine)

    assert built() == ["k8s.io/kubernetes/cmd/kube-controller-manager"]
    assert server.requests(f"{_KUBERNETES}/kube-controller-manager") == [""]  # asking again changes nothing
    assert "kube-controller-manager: answers 404 Not Found; building instead" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("faults", "ranges"),
    [
        (["cut"], ["", "half"]),
        (["cut", "no ranges"], ["", "half"]),
        (["cut", "other range"], ["", "half", ""]),
        (["cut", "busy", "cut at once"], ["", "half", "half", "half"]),
        (["busy"], ["", ""]),
        (["redirected"], ["", ""]),
        (["cut", "redirected"], ["", "half", "half"]),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) and "half" not in each else "",
)
def test_a_cut_connection_is_followed_by_another_that_goes_on_where_it_ended(
    faults: list[Fault],
    ranges: list[str],
    machine: dict[str, str],
    server: Releases,
    built: Callable[[], list[str]],
) -> None:
    server.faults[_API_SERVER] = faults
    half = f"bytes={len(_content('kube-apiserver')) // 2}-"

    tools = binaries.provide(machine, ["kube-apiserver"])

    assert tools.path("kube-apiserver").read_bytes() == _content("kube-apiserver")
    assert server.requests(_API_SERVER) == [half if each else "" for each in ranges]
    assert built() == []


def test_a_stalled_connection_is_given_up_and_another_goes_on(
    machine: dict[str, str], server: Releases, built: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "_STALLED_SECONDS", 2.0)
    server.faults[_API_SERVER] = ["stalled"]

    binaries.provide(machine, ["kube-apiserver"])

    assert len(server.requests(_API_SERVER)) == 2
    assert built() == []


def test_a_server_that_brings_no_byte_three_times_is_given_up(
    machine: dict[str, str], server: Releases, built: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults[_API_SERVER] = ["cut", "busy", "cut at once", "busy", "busy"]

    binaries.provide(machine, ["kube-apiserver"])

    assert len(server.requests(_API_SERVER)) == 4
    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver"]
    assert "kube-apiserver: answers 503" in capsys.readouterr().out
    assert _left(machine) == []


def test_a_line_that_is_slower_than_a_build_is_given_up(
    machine: dict[str, str],
    server: Releases,
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloading, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(downloading, "_LOWEST_RATE", 2_000_000)
    server.rate = 800_000

    binaries.provide(machine, ["kube-apiserver"])

    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver"]
    assert "kB/s is slower than building" in capsys.readouterr().out


def test_a_line_that_is_cut_again_and_again_is_measured_over_all_its_connections(
    machine: dict[str, str],
    server: Releases,
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloading, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(downloading, "_PAUSE_SECONDS", 0.05)  # 20 kB/s at the most
    server.faults[_API_SERVER] = ["dripping"] * 1000

    binaries.provide(machine, ["kube-apiserver"])

    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver"]
    assert "kB/s is slower than building" in capsys.readouterr().out


@pytest.mark.parametrize("setting", ["mirror", "proxy"])
@pytest.mark.parametrize("name", ["mirror..example", ".", f"{'a' * 64}.example"])
def test_a_server_whose_name_is_none_is_told_at_once(
    setting: str,
    name: str,
    machine: dict[str, str],
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if setting == "mirror":
        machine[releases.MIRROR] = f"http://someone:secret@{name}"
    else:
        machine[releases.MIRROR] = "http://mirror.invalid"
        monkeypatch.setenv("HTTP_PROXY", f"http://someone:secret@{name}:3128")

    binaries.provide(machine, ["kube-apiserver"])

    printed = capsys.readouterr()
    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver"]
    assert "the name of the server, or of a proxy, is none" in printed.out
    assert "secret" not in printed.out + printed.err
    assert "Traceback" not in printed.err


def test_an_archive_that_does_not_fit_on_the_disk_is_told_and_not_built_into_the_same_full_disk(
    machine: dict[str, str], built: Callable[[], list[str]]
) -> None:
    _cache(machine).mkdir(parents=True)
    (_cache(machine) / ".etcd.unpacking").symlink_to("/dev/full")

    with pytest.raises(CannotProvide, match=r"etcd\.unpacking cannot be written: No space left on device"):
        binaries.provide(machine, ["etcd"])

    assert built() == []


@pytest.mark.parametrize(
    "mirror", ["http://127.0.0.1:{closed}", "http://no-such-server.invalid"], ids=["refused", "no such name"]
)
def test_without_a_network_one_line_says_so_and_each_server_is_asked_once_at_most(
    mirror: str,
    machine: dict[str, str],
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine[releases.MIRROR] = mirror.format(closed=ports.free(1)[0])
    opened: list[object] = []
    client = downloading.client
    monkeypatch.setattr(downloading, "client", lambda: opened.append(None) or client())

    binaries.provide(machine, [program.name for program in (*catalogue.CONTROL_PLANE, *catalogue.NODE)])

    said = [line for line in capsys.readouterr().out.splitlines() if "no official release" in line]
    assert len(said) == 1
    assert "cannot be reached (" in said[0]
    assert len(opened) == len(catalogue.CONTROL_PLANE)  # at once; the programs of a node were not asked for any more
    assert "k8s.io/kubernetes/cmd/kubelet" in " ".join(built())


def test_a_network_that_swallows_everything_costs_no_more_than_a_glance(
    machine: dict[str, str],
    server: Releases,
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(official, "_ASKED_SECONDS", 0.3)
    server.faults[f"{_API_SERVER}.sha256"] = ["silent"]

    binaries.provide(machine, ["kube-apiserver"])

    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver"]
    assert "127.0.0.1 cannot be reached (no answer within 0 s)" in capsys.readouterr().out


def test_a_redirect_to_an_address_without_tls_is_not_followed_to_a_file() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            return httpx.Response(302, headers={"Location": "http://elsewhere.example/kubelet.sha256"})
        return httpx.Response(200, text="0" * 64)

    with (
        httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client,
        pytest.raises(Unavailable, match="redirected to an address without TLS"),
    ):
        downloading.checksum(client, releases.Asset("https://dl.k8s.io/kubelet", "https://dl.k8s.io/kubelet.sha256"))


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_is_trusted_if_the_environment_says_so(
    trusted: bool, machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = tmp_path / "pair.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    command += ["-subj", "/CN=mirror", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pair, "-out", f"{pair}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    pair.write_text(pair.read_text() + Path(f"{pair}.crt").read_text())
    published = Releases()
    published.publish(_API_SERVER, _content("kube-apiserver"))
    monkeypatch.setattr(downloading, "_trusted", downloading._trusted.__wrapped__)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", f"{pair}.crt")

    with release_server.serving(published, pair):
        tools = binaries.provide(machine | {releases.MIRROR: published.url}, ["kube-apiserver"])

    assert tools.path("kube-apiserver").read_bytes() == (_content("kube-apiserver") if trusted else b"built")


@pytest.mark.parametrize(
    "archive",
    [
        release_server.tar({"etcd-v3.7.0-linux-amd64/etcdctl": b"x"}),
        release_server.tar({"../../../etcd-v3.7.0-linux-amd64/etcd": b"evil", "/etcd": b"evil"}),
        release_server.tar({}, **{"etcd-v3.7.0-linux-amd64/etcd": "/etc/passwd"}),
        b"no archive at all",
        release_server.tar({"etcd-v3.7.0-linux-amd64/etcd": _content("etcd")})[:100_000],
    ],
    ids=["member missing", "paths that lead out", "a link", "no archive", "half an archive"],
)
def test_an_archive_that_does_not_hold_the_program_is_left_alone(
    archive: bytes,
    machine: dict[str, str],
    server: Releases,
    built: Callable[[], list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del server.files[f"{_ETCD}/SHA256SUMS"]
    server.publish(_ETCD_ARCHIVE, archive, f"{_ETCD}/SHA256SUMS")

    tools = binaries.provide(machine)

    assert built() == ["go.etcd.io/etcd/server/v3"]
    assert tools.path("etcd").read_text() == "built"
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"evil" in path.read_bytes()] == []
    assert "etcd-v3.7.0-linux-amd64.tar.gz" in capsys.readouterr().out
    assert _left(machine) == []


def test_what_an_interrupted_run_left_is_gone_on_with(machine: dict[str, str], server: Releases) -> None:
    content = _content("kube-apiserver")
    _half(machine).parent.mkdir(parents=True)
    _half(machine).write_bytes(content[:1000])

    tools = binaries.provide(machine, ["kube-apiserver"])

    assert server.requests(_API_SERVER) == ["bytes=1000-"]
    assert tools.path("kube-apiserver").read_bytes() == content


@pytest.mark.parametrize(
    "left", [b"of something else", _content("kube-apiserver") + b"longer"], ids=["something else", "too long"]
)
def test_what_an_interrupted_run_left_of_another_file_is_fetched_from_the_start(
    left: bytes, machine: dict[str, str], server: Releases, built: Callable[[], list[str]]
) -> None:
    _half(machine).parent.mkdir(parents=True)
    _half(machine).write_bytes(left)

    tools = binaries.provide(machine, ["kube-apiserver"])

    assert server.requests(_API_SERVER) == [f"bytes={len(left)}-", ""]
    assert tools.path("kube-apiserver").read_bytes() == _content("kube-apiserver")
    assert built() == []


def test_what_was_whole_when_the_run_was_interrupted_is_used(machine: dict[str, str], server: Releases) -> None:
    _half(machine).parent.mkdir(parents=True)
    _half(machine).write_bytes(_content("kube-apiserver"))

    tools = binaries.provide(machine, ["kube-apiserver"])

    assert tools.path("kube-apiserver").read_bytes() == _content("kube-apiserver")
    assert len(server.requests(_API_SERVER)) == 1


def _started(machine: dict[str, str]) -> subprocess.Popen[str]:
    environment = {**machine, "PYTHONPATH": str(REPOSITORY / "deploy" / "local")}
    command = [sys.executable, "-m", "local_cluster", "build"]
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=processes.hear_interrupts,  # noqa: PLW1509 - as for every program that tests start
    )


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.01)


@pytest.mark.skipif(releases.this_platform() != "linux/amd64", reason="the server has programs of this platform only")
def test_two_runs_at_once_fetch_each_file_once(machine: dict[str, str], server: Releases) -> None:
    server.rate = 100_000
    first = _started(machine)
    _until(lambda: bool(server.requests(_ETCD_ARCHIVE)))
    second = _started(machine)
    assert second.stdout is not None
    waiting = second.stdout.readline()
    server.rate = None
    said = [run.communicate()[0] for run in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], said
    assert "another run is filling" in waiting
    assert "downloading" not in said[1]
    assert [path for path, _ in server.asked if server.asked.count((path, "")) > 1] == []


@pytest.mark.skipif(releases.this_platform() != "linux/amd64", reason="the server has programs of this platform only")
def test_a_run_that_is_interrupted_says_that_the_next_one_goes_on_and_it_does(
    machine: dict[str, str], server: Releases
) -> None:
    server.faults[_API_SERVER] = ["stalled"]
    run = _started(machine)
    _until(lambda: _half(machine).exists() and _half(machine).stat().st_size > 0)
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate()

    tools = binaries.provide(machine)

    assert run.returncode == 130
    assert "the next run goes on from there" in said
    assert server.requests(_ETCD_ARCHIVE) == [""]
    assert [bool(asked) for asked in server.requests(_API_SERVER)] == [False, True]
    assert tools.path("kube-apiserver").read_bytes() == _content("kube-apiserver")


@pytest.mark.skipif(releases.this_platform() != "linux/amd64", reason="the server has programs of this platform only")
def test_a_full_disk_is_said_and_not_taken_for_a_reason_to_build(
    machine: dict[str, str], built: Callable[[], list[str]]
) -> None:
    environment = {**machine, "PYTHONPATH": str(REPOSITORY / "deploy" / "local")}
    command = ["sh", "-c", f"ulimit -f 100; exec {sys.executable} -m local_cluster build"]

    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert "cannot be written: File too large" in run.stderr
    assert built() == []


def test_the_proxy_of_the_environment_is_used(
    machine: dict[str, str], server: Releases, built: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    for name in ("http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for path in list(server.files):
        server.files[f"mirror.invalid/releases/{path}"] = server.files.pop(path)
    machine[releases.MIRROR] = "http://mirror.invalid/releases"

    binaries.provide(machine)

    assert built() == []
    assert {path.split("/")[0] for path, _ in server.asked} == {"mirror.invalid"}


def test_a_proxy_that_is_none_is_named_and_does_not_stop_the_build(
    machine: dict[str, str],
    built: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://me:canary@proxy.example")

    binaries.provide(machine, ["helm"])

    said = capsys.readouterr().out
    assert built() == ["helm.sh/helm/v4/cmd/helm"]
    assert "names a proxy that cannot be used" in said
    assert "canary" not in said


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "no certificate"])
def test_certificates_that_cannot_be_read_are_named_and_do_not_stop_the_build(
    machine: dict[str, str],
    built: Callable[[], list[str]],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: str | None,
) -> None:
    certificates = tmp_path / "own.crt"
    if content is not None:
        certificates.write_text(content)
    monkeypatch.setattr(downloading, "_trusted", downloading._trusted.__wrapped__)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))

    binaries.provide(machine, ["helm"])

    said = capfd.readouterr()
    assert built() == ["helm.sh/helm/v4/cmd/helm"]
    assert "SSL_CERT_FILE or SSL_CERT_DIR names certificates that cannot be read" in said.out
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize(
    "mirror",
    ["mirror.example", "ftp://mirror.example", "https://", "http://a:b", "https://mirror.example/?a=b", "http://[::1"],
)
def test_a_mirror_that_is_no_address_is_refused_with_an_example(mirror: str, machine: dict[str, str]) -> None:
    machine[releases.MIRROR] = mirror

    with pytest.raises(CannotProvide, match=r"RELEASES_MIRROR is no address.*https://mirror\.example/releases"):
        binaries.provide(machine)


@pytest.mark.parametrize("fault", ["good", "missing", "wrong", "closed"])
def test_the_password_of_a_mirror_is_never_said(
    fault: str, machine: dict[str, str], server: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    port = ports.free(1)[0] if fault == "closed" else server.port
    machine[releases.MIRROR] = f"http://somebody:canary@127.0.0.1:{port}"
    if fault == "missing":
        del server.files[_API_SERVER]
    if fault == "wrong":
        server.files[_API_SERVER] = b"wrong"

    binaries.provide(machine)

    said = capsys.readouterr()
    assert "canary" not in said.out + said.err
    assert "127.0.0.1" in said.out


@pytest.mark.parametrize(
    ("platform", "fetched"),
    [
        ("linux/arm64", {"etcd", "kube-apiserver", "kube-controller-manager", "helm", "kubelet", "containerd"}),
        ("darwin/arm64", {"etcd", "helm"}),
        ("darwin/amd64", {"etcd", "helm"}),
        ("freebsd/amd64", set()),
        ("linux/riscv64", set()),
    ],
)
def test_each_platform_has_what_is_published_for_it(platform: str, fetched: set[str]) -> None:
    names = ("etcd", "kube-apiserver", "kube-controller-manager", "helm", "kubelet", "containerd")
    found = {}
    for name in names:
        program = catalogue.BY_NAME[name]
        place = program.release.find(name, program.version, platform, None) if program.release else None
        if place:
            found[name] = place.asset.url

    assert set(found) == fetched
    assert [url for url in found.values() if not url.startswith("https://")] == []
    assert [name for name, url in found.items() if platform.split("/")[1] not in url] == []
    assert ("etcd" in found and found["etcd"].endswith(".zip")) == platform.startswith("darwin")


def test_a_zip_is_opened_as_well(
    machine: dict[str, str], server: Releases, built: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "this_platform", lambda: "darwin/arm64")
    archive = release_server.zipped({"etcd-v3.7.0-darwin-arm64/etcd": _content("etcd")})
    server.publish(f"{_ETCD}/etcd-v3.7.0-darwin-arm64.zip", archive, f"{_ETCD}/SHA256SUMS")

    tools = binaries.provide(machine)

    assert tools.path("etcd").read_bytes() == _content("etcd")
    assert built() == ["k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager"]
