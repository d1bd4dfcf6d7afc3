"""Pid files, and the certainty that what is stopped is what was started."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cluster import processes
from local_cluster.processes import Started


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Started]:
    """A process that would run for an hour."""
    process = processes.start(["sleep", "3600"], tmp_path / "sleep.log")
    yield process
    process.stop()


def test_a_started_process_is_alive_until_it_is_stopped(sleeper: Started) -> None:
    was_alive = sleeper.alive
    sleeper.stop()

    assert was_alive
    assert not sleeper.alive


def test_a_process_that_has_our_pid_but_another_start_is_not_ours(sleeper: Started) -> None:
    stranger = dataclasses.replace(sleeper, ticks=sleeper.ticks - 1)

    stranger.stop()

    assert not stranger.alive
    assert sleeper.alive


def test_stopping_what_has_ended_does_nothing(sleeper: Started) -> None:
    sleeper.stop()

    sleeper.stop()

    assert not sleeper.alive


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    script = f"trap '' TERM; echo deaf > '{ready}'; while :; do sleep 1; done"
    stubborn = processes.start(["sh", "-c", script], tmp_path / "stubborn.log")
    assert ready.read_text() == "deaf\n"  # the trap is set, so that the signal cannot come before it

    stubborn.stop(seconds=0.2)

    assert not stubborn.alive


def test_the_pid_file_gives_back_what_was_saved(sleeper: Started, tmp_path: Path) -> None:
    processes.save(tmp_path / "pids.json", {"etcd": sleeper})

    assert processes.load(tmp_path / "pids.json") == {"etcd": sleeper}


@pytest.mark.parametrize(
    "content",
    [None, "", "{", "[]", "null", '{"etcd": 7}', '{"etcd": ["x", "y"]}', '{"etcd": [1]}'],
    ids=["missing", "empty", "torn", "a list", "null", "no pair", "no numbers", "half a pair"],
)
def test_a_pid_file_that_is_missing_or_damaged_names_no_process(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "pids.json"
    if content is not None:
        path.write_text(content)

    assert processes.load(path) == {}


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    assert processes.tail(log, lines=2) == "line 98\nline 99"
