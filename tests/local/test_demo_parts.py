"""The parts of the demo that need nothing to run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.local import programs

from demo import board, environment, kubectl, servers
from demo.clusters.cluster import Source
from demo.clusters.kind import Kind
from demo.environment import Environment
from demo.errors import DemoFailed
from demo.kubectl import Kubectl


def _object(phase: str, ready: str, reason: str) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "reason": reason, "message": f"It is {reason}."}
    return {"status": {"phase": phase, "conditions": [{"type": "Synced", "status": "True"}, condition]}}


def test_the_board_has_a_line_for_each_state_and_none_for_a_repetition() -> None:
    times = iter([100.0, 101.0, 102.0, 103.5])
    seen = board.Board(clock=lambda: next(times))

    for body in (_object("Creating", "False", "Creating"),) * 2 + (_object("Running", "True", "Ready"),):
        seen.see(body)

    assert [(line.after, line.phase) for line in seen.lines] == [(1.0, "Creating"), (3.5, "Running")]


@pytest.mark.parametrize("body", [{}, {"status": {}}, {"status": {"conditions": []}}])
def test_an_object_of_which_the_operator_has_not_said_anything_has_no_line(body: dict[str, Any]) -> None:
    assert board.read(body, 0.0) is None


def test_the_board_is_done_when_the_object_is_ready_and_not_before() -> None:
    seen = board.Board()

    seen.see(_object("Running", "False", "NotReachable"))
    before = seen.done
    seen.see(_object("Running", "True", "Ready"))

    assert (before, seen.done) == (False, True)


def test_the_settings_of_a_real_operator_do_not_reach_that_of_the_demo() -> None:
    own = {
        "PATH": "/bin",
        "NOVITA_API_KEY": "sk_real",
        "NOVITA_API_KEY_FILE": "/real",
        "WATCH_NAMESPACES": "prod",
        "DEFAULT_REGION": "US-CA-06",
    }

    given = servers.operator_environment(own, Path("/kubeconfig"), "http://127.0.0.1:1", 2)

    assert given["PATH"] == "/bin"
    assert given["NOVITA_API_URL"] == "http://127.0.0.1:1"
    assert given["NOVITA_API_KEY"] != "sk_real"
    assert {"NOVITA_API_KEY_FILE", "WATCH_NAMESPACES", "DEFAULT_REGION"}.isdisjoint(given)


@pytest.mark.parametrize(
    ("installed", "complaint"),
    [
        ([], "needs docker, which is not installed"),
        (["docker"], "needs kind, which is not installed"),
        (["docker", "kind"], "`docker info` fails"),
    ],
    ids=["neither", "no kind", "Docker is not running"],
)
def test_a_kind_demo_says_what_is_missing(
    installed: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in installed:
        programs.program(tmp_path / "bin" / name, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    with pytest.raises(DemoFailed, match=complaint):
        Kind(tmp_path / "kubeconfig", "novita-demo").prepare()


def test_a_kind_cluster_of_the_same_name_is_deleted_before_one_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.program(tmp_path / "bin" / "kind", f'echo "$@" >> "{tmp_path}/calls"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    config = tmp_path / "kubeconfig"

    Kind(config, "novita-demo").up()

    at = f"cluster --name novita-demo --kubeconfig {config}"
    assert (tmp_path / "calls").read_text().splitlines() == [f"delete {at}", f"create {at} --wait 120s"]


def test_kubectl_complains_in_its_own_words_but_says_nothing_five_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = 'E1124 memcache.go:381] "refused"'
    fake = programs.program(tmp_path / "kubectl", f"echo '{noise}' >&2; echo 'The connection was refused' >&2; exit 1")
    monkeypatch.setattr(kubectl, "executable", lambda: str(fake))

    with pytest.raises(DemoFailed) as failed:
        Kubectl(tmp_path / "kubeconfig").run("get", "pods")

    assert str(failed.value) == "kubectl get pods failed:\nThe connection was refused"


def test_a_watch_gives_each_object_however_the_pipe_cuts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """printf '{"a": 1}{"a"'; sleep 0.1; printf ': "ä}{"}'; printf '\\n\\n{"a": 3}\\n'"""
    monkeypatch.setattr(kubectl, "executable", lambda: str(programs.program(tmp_path / "kubectl", script)))

    assert [body["a"] for body in Kubectl().watch("gpui", seconds=1)] == [1, "ä}{", 3]


def test_what_an_earlier_run_left_is_known_by_its_cluster(tmp_path: Path) -> None:
    (tmp_path / "cluster").write_text("kind")

    assert environment.found_in(tmp_path) == Environment(tmp_path, Source.KIND)
    assert environment.found_in(tmp_path / "other") is None
