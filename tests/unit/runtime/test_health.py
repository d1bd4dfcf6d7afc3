"""The three pages: over a real socket, from a thread of their own."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry, Counter

from novita_operator.runtime.health import CannotListen, HealthServer

Serve = Callable[..., HealthServer]


@dataclass
class Process:
    """What is wrong with it, and where its pages are."""

    url: str = ""
    alive: list[str] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def get(self, page: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=5)
        connection.request("GET", page)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
        connection.close()
        return status, text


@pytest.fixture(scope="module")
def running() -> Iterator[Process]:
    found = Process()
    server = HealthServer("127.0.0.1", 0, alive=lambda: found.alive, ready=lambda: found.ready, registry=found.registry)
    server.start()
    found.url = server.url
    yield found
    server.stop()


@pytest.fixture
def process(running: Process) -> Process:
    """One that is well."""
    running.alive, running.ready = [], []
    return running


@pytest.mark.parametrize("page", ["/livez", "/readyz", "/readyz?verbose"])
def test_a_healthy_process_says_ok(process: Process, page: str) -> None:
    assert process.get(page) == (200, "ok\n")


def test_what_is_wrong_is_said_one_sentence_a_line(process: Process) -> None:
    process.alive = ["the loop hangs", "the queue stands"]

    assert process.get("/livez") == (503, "the loop hangs\nthe queue stands\n")


def test_not_being_ready_is_no_reason_to_be_killed(process: Process) -> None:
    process.ready = ["shutting down"]

    assert process.get("/livez") == (200, "ok\n")
    assert process.get("/readyz") == (503, "shutting down\n")


def test_the_metrics_are_those_of_the_registry(process: Process) -> None:
    Counter("tries", "Tries.", registry=process.registry).inc(3)

    status, text = process.get("/metrics")

    assert status == 200
    assert "tries_total 3.0" in text


@pytest.mark.parametrize("page", ["/", "/live", "/livez/x"])
def test_any_other_page_is_not_found(process: Process, page: str) -> None:
    assert process.get(page)[0] == 404


async def test_it_answers_while_the_event_loop_hangs(process: Process) -> None:
    """A hung loop must not be able to answer for itself: here the loop does nothing but wait for the answer."""
    answers: list[int] = []
    process.alive = ["the loop hangs"]
    asking = threading.Thread(target=lambda: answers.append(process.get("/livez")[0]))

    asking.start()
    while asking.is_alive():
        time.sleep(0.001)  # noqa: ASYNC251 - the loop hangs, and that is the point

    assert answers == [503]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers, and stops them at the end."""
    started: list[HealthServer] = []

    def start(host: str = "127.0.0.1", port: int = 0, file: Path | None = None) -> HealthServer:
        server = HealthServer(host, port, alive=list, ready=list, registry=CollectorRegistry())
        started.append(server)
        server.start(file)
        return server

    yield start
    for server in started:
        server.stop()


def test_a_port_that_is_in_use_is_told_with_the_way_out(serve: Serve) -> None:
    port = serve().port

    with pytest.raises(CannotListen) as raised:
        serve(port=port)

    assert str(raised.value) == (
        f"HEALTH_PORT: cannot listen on 127.0.0.1:{port}: Address already in use. Choose another HEALTH_PORT "
        "(0 takes a free one) or HEALTH_HOST, or end the process that has it."
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_of_this_machine_is_told_in_the_same_way(serve: Serve, host: str) -> None:
    with pytest.raises(CannotListen, match=rf"HEALTH_PORT: cannot listen on {host}:8080: .* HEALTH_HOST"):
        serve(host, 8080)


def test_a_free_port_is_told_by_a_file_and_a_line_of_the_log(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        server = serve(file=tmp_path / "port")

    assert int((tmp_path / "port").read_text()) == server.port
    assert caplog.messages == [f"/livez, /readyz and /metrics are served on 127.0.0.1:{server.port}"]
    assert [file.name for file in tmp_path.iterdir()] == ["port"]


def test_a_file_for_the_port_that_cannot_be_written_is_told(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(CannotListen, match=r"HEALTH_PORT_FILE: .* cannot be written: No such file or directory"):
        serve(file=tmp_path / "missing" / "port")


@pytest.mark.parametrize(("host", "shown", "asked"), [("0.0.0.0", "0.0.0.0", "127.0.0.1"), ("::", "[::]", "[::1]")])  # noqa: S104
def test_the_log_names_the_address_that_is_served_and_not_the_one_to_ask_from_here(
    serve: Serve, host: str, shown: str, asked: str
) -> None:
    server = serve(host)

    assert (server.address, server.url) == (f"{shown}:{server.port}", f"http://{asked}:{server.port}")
    assert Process(server.url).get("/livez") == (200, "ok\n")
