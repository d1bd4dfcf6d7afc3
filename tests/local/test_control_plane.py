"""The real control plane: up, used, said to be up, down without a trace."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import waiting

from local_cluster import binaries, control_plane, flags, kubeconfig, processes
from local_cluster.control_plane import ControlPlane
from local_cluster.errors import NotOurs


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    directory = tmp_path_factory.mktemp("control-plane")
    started = control_plane.up(directory)
    assert started is not None
    yield started
    control_plane.down(directory)
    started.release_ports()


def _kubectl(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["kubectl", "--kubeconfig", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_serves_the_person_who_started_it(plane: ControlPlane) -> None:
    listed = _kubectl(plane.kubeconfig, "get", "namespaces", "-o", "name")

    assert "namespace/kube-system" in listed.stdout.split(), listed.stderr


def test_rbac_refuses_what_nobody_has_allowed(plane: ControlPlane, tmp_path: Path) -> None:
    token = _kubectl(plane.kubeconfig, "create", "token", "default", "-n", "default").stdout
    config = plane.service_account_kubeconfig(tmp_path / "kubeconfig", token.strip())

    refused = _kubectl(config, "get", "secrets", "-A")

    assert 'User "system:serviceaccount:default:default" cannot list resource "secrets"' in refused.stderr


def test_an_unknown_token_is_nobody(plane: ControlPlane, tmp_path: Path) -> None:
    config = kubeconfig.write(tmp_path / "kubeconfig", plane.url, plane.files.certificate, "x", "guessed")

    assert "Unauthorized" in _kubectl(config, "get", "namespaces").stderr


def test_the_audit_log_has_every_write_of_a_user(plane: ControlPlane) -> None:
    _kubectl(plane.kubeconfig, "create", "namespace", "audited")

    events = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    written = [
        (event["user"]["username"], event["verb"])
        for event in events
        if event.get("objectRef", {}).get("name") == "audited" and event["verb"] == "create"
    ]
    assert written == [("admin", "create")]


def test_objects_go_with_their_namespace(plane: ControlPlane) -> None:
    _kubectl(plane.kubeconfig, "create", "namespace", "short-lived")
    _kubectl(plane.kubeconfig, "create", "configmap", "inside", "-n", "short-lived")

    deleted = _kubectl(plane.kubeconfig, "delete", "namespace", "short-lived", "--timeout=60s")

    assert deleted.returncode == 0, deleted.stderr
    assert "NotFound" in _kubectl(plane.kubeconfig, "get", "namespace", "short-lived").stderr


def test_a_second_up_starts_nothing(plane: ControlPlane) -> None:
    before = processes.load(plane.files.pids)

    assert control_plane.up(plane.directory) is None
    assert processes.load(plane.files.pids) == before


def test_the_api_server_comes_back_with_its_data_on_the_same_port(plane: ControlPlane) -> None:
    _kubectl(plane.kubeconfig, "create", "namespace", "kept")

    plane.stop_api_server()
    without = _kubectl(plane.kubeconfig, "get", "namespace", "kept")
    plane.start_api_server()

    assert "refused" in without.stderr
    assert _kubectl(plane.kubeconfig, "get", "namespace", "kept").returncode == 0


def test_up_after_one_process_died_starts_all_anew_and_down_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    first = control_plane.up(directory)
    assert first is not None
    old = processes.load(first.files.pids)
    old["etcd"].stop(seconds=0)

    again = control_plane.up(directory)
    assert again is not None
    new = processes.load(again.files.pids)
    were_alive = [process.alive for process in new.values()]
    was_there = control_plane.down(directory)
    for plane in (first, again):
        plane.release_ports()

    assert were_alive == [True, True, True]
    assert [process.alive for process in (*old.values(), *new.values())] == [False] * 6
    assert was_there
    assert not directory.exists()


async def test_up_after_its_starter_was_killed_starts_all_anew(tmp_path: Path) -> None:
    async def begun() -> bool:
        return "etcd" in processes.load(flags.Files(tmp_path).pids)

    starter = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [sys.executable, "-m", "local_cluster", "up", "--directory", str(tmp_path)],
        env=processes.with_own_code(os.environ),
        stdout=subprocess.DEVNULL,
    )
    await waiting.until(begun, "etcd is started")
    starter.kill()
    starter.wait()

    try:
        plane = await asyncio.to_thread(control_plane.up, tmp_path)
        assert plane is not None
        assert sorted(processes.load(flags.Files(tmp_path).pids)) == sorted(binaries.CONTROL_PLANE)
        assert _kubectl(plane.kubeconfig, "get", "serviceaccount", "default").returncode == 0
    finally:
        await asyncio.to_thread(control_plane.down, tmp_path)


def test_down_where_nothing_was_started_says_so(tmp_path: Path) -> None:
    assert not control_plane.down(tmp_path / "nowhere")


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")

    with pytest.raises(NotOurs, match="other files than those of a control plane"):
        control_plane.down(tmp_path)

    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_no_two_servers_share_a_port_in_their_flags() -> None:
    files, ports = flags.Files(Path("/d")), flags.Ports(1, 2, 3)

    listening = [
        flag
        for command in (flags.etcd(files, ports), flags.api_server(files, ports), flags.controller_manager(files))
        for flag in command
        if flag.startswith(("--secure-port", "--listen-"))
    ]

    assert listening == [
        "--listen-client-urls=http://127.0.0.1:1",
        "--listen-peer-urls=http://127.0.0.1:2",
        "--secure-port=3",
        "--secure-port=0",
    ]
