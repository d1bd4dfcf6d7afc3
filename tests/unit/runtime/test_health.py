"""The three pages: over a real socket, from a thread of their own."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry, Counter

from novita_operator.runtime.health import HealthServer


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
