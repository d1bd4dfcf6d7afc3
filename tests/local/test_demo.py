"""`make demo`, `demo-up` and `demo-down` as a person runs them."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from tests.local import programs

from demo import commands, servers
from demo.clusters.cluster import Source
from demo.environment import REPOSITORY, Environment
from local_cluster import processes
from local_cluster.errors import CannotStart

_SECONDS = 240  # a loaded machine; an idle one needs twenty


def _command(command: str, state: Path) -> list[str]:
    return [sys.executable, "-m", "demo", command, "--state", str(state)]


_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY / "deploy" / "local")}


def _demo(command: str, state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(command, state), env=_ENVIRONMENT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )


def test_the_demo_shows_the_whole_life_of_an_instance_and_of_a_job_and_leaves_nothing(tmp_path: Path) -> None:
    shown = _demo("show", tmp_path / "state")

    assert shown.returncode == 0, shown.stdout + shown.stderr
    states = re.findall(r"^ +[\d.]+ s  (\w+) +(?:True|False) +(\w+) ", shown.stdout, re.MULTILINE)
    assert ("Running", "Ready") in states
    assert states[-1] == ("Complete", "Completed")
    assert [("Creating", "Creating") in states, ("Pulling", "Pulling") in states] == [True, True]
    events = re.findall(r"^  (Scheduled|Created|Pulling|Ready|Deleted) ", shown.stdout, re.MULTILINE)
    assert events == ["Scheduled", "Created", "Pulling", "Ready", "Deleted"]
    assert re.search(r"\$ ssh -p \d+ root@127\.0\.0\.1 nvidia-smi\n(?:.*\n)+?.* NVIDIA GeForce RTX 4090 ", shown.stdout)
    assert "exit code 0; its last words: accuracy 0.93\n" in shown.stdout
    assert "rented: 2, gone: 2; 0 instances are billing" in shown.stdout
    assert not (tmp_path / "state").exists()


def test_what_demo_up_started_can_be_used_is_started_once_and_goes_with_demo_down(tmp_path: Path) -> None:
    state = tmp_path / "state"
    playground = state / "playground"
    first = _demo("up", state)
    try:
        started = {**_pids(playground), **_pids(playground / "control-plane")}
        second = _demo("up", state)
        kept = {**_pids(playground), **_pids(playground / "control-plane")}
        (config,) = re.findall(r"export KUBECONFIG=(\S+)", first.stdout)
        listed = subprocess.run(
            ["kubectl", "--kubeconfig", config, "get", "nva", "-o", "name"], capture_output=True, text=True, check=False
        )
    finally:
        ended = _demo("down", state)

    assert first.returncode == 0, first.stdout + first.stderr
    assert listed.stdout.split() == ["novitaaccount.gpu.novita.ai/default"]
    assert "running already" in second.stdout
    assert kept == started
    assert set(started) == {"etcd", "kube-apiserver", "kube-controller-manager", "simulator", "operator"}
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [name for name, process in started.items() if process.alive] == []
    assert not state.exists()


def test_an_interrupted_demo_stops_what_it_has_started(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with subprocess.Popen(
        _command("show", state), env=_ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "operator" in line:
                break
        started = _pids(state / "demo")
        demo.send_signal(signal.SIGTERM)
        rest = demo.stdout.read()

    assert "interrupted; what was started is stopped" in rest
    assert set(started) == {"simulator", "operator"}
    assert [name for name, process in started.items() if process.alive] == []
    assert not state.exists()


def test_a_demo_that_fails_shows_the_logs_keeps_them_and_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = programs.program(tmp_path / "novita-operator", "echo 'no GPU left on this planet'; exit 3")
    real = servers.script
    monkeypatch.setattr(servers, "script", lambda name: str(broken) if name == broken.name else real(name))
    directory, console = tmp_path / "state" / "demo", Console(file=io.StringIO(), width=200)

    with pytest.raises(CannotStart, match="operator ended"):
        commands.show(Environment(directory, Source.LOCAL), console)

    kept = {log.name for log in (directory / "logs").iterdir()}
    assert {"operator.log", "simulator.log", "kube-apiserver.log"} <= kept
    assert [path.name for path in directory.iterdir()] == ["logs"]
    assert isinstance(console.file, io.StringIO)
    assert "no GPU left on this planet" in console.file.getvalue()


def _pids(directory: Path) -> dict[str, processes.Started]:
    return processes.load(directory / "pids.json")
