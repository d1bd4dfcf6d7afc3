"""Ports and kubeconfigs."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest
import yaml

from local_cluster import kubeconfig, ports


def test_a_kept_port_is_refused_to_all_but_a_server_that_shares_it() -> None:
    kept = ports.keep(2)
    first, second = kept.numbers

    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", first))
    with socket.create_server(("127.0.0.1", first), reuse_port=True) as server:
        kept.release()
        with socket.create_connection(("127.0.0.1", first)) as client:
            accepted, address = server.accept()
            accepted.close()

            assert address == client.getsockname()
    assert first != second


def test_nobody_answers_at_a_kept_port_while_its_server_is_away() -> None:
    kept = ports.keep(1)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", *kept.numbers))
    kept.release()


def test_free_ports_differ_and_can_be_taken_all_at_once() -> None:
    found = ports.free(5)

    with contextlib.ExitStack() as stack:
        for port in found:
            stack.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", port))))
    assert len(set(found)) == 5


def test_a_port_that_is_taken_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not ports.is_free(taken.getsockname()[1])


def test_a_kubeconfig_survives_a_path_with_blanks_colons_and_quotes(tmp_path: Path) -> None:
    certificate = tmp_path / 'a: "b" #c' / "ca.crt"

    path = kubeconfig.write(tmp_path / "kubeconfig", "https://127.0.0.1:1", certificate, "admin", "secret")

    config = yaml.safe_load(path.read_text())
    assert config["clusters"][0]["cluster"]["certificate-authority"] == str(certificate)
    assert config["users"][0] == {"name": "admin", "user": {"token": "secret"}}


def test_a_kubeconfig_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    path = kubeconfig.write(tmp_path / "kubeconfig", "https://127.0.0.1:1", tmp_path / "ca.crt", "admin", "secret")

    assert path.stat().st_mode & 0o077 == 0
