"""The judge of jobs is shown planted lies about one: it must find each of them, and nothing where none is."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.faults.programs import verdict
from tests.faults.programs.program import PROGRAMS, Program
from tests.faults.programs.verdict import BY_ITSELF, Expected, Facts

_THREE = next(program for program in PROGRAMS if program.name == "three")


def _body(program: Program, end: str = "Failed", reason: str = "BackoffLimitExceeded", **status: Any) -> dict[str, Any]:
    told = {"exitCode": program.code, "attempts": 1, "conditions": [{"type": end, "status": "True", "reason": reason}]}
    return {"status": {**told, **status}}


def _truth(program: Program = _THREE) -> Facts:
    return Facts(starts=("1",), told=(), body=_body(program), output=program.kept)


def _kinds(facts: Facts, expected: Expected = BY_ITSELF) -> list[str]:
    return [complaint.kind for complaint in verdict.complaints(_THREE, expected, facts)]


def test_the_truth_is_no_complaint() -> None:
    assert _kinds(_truth()) == []


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        pytest.param({"starts": ("1", "1")}, "restarted", id="a program that was started twice"),
        pytest.param({"starts": ()}, "misjudged", id="a program that never ran"),
        pytest.param({"starts": ("1", "2")}, "misjudged", id="an attempt too many"),
        pytest.param({"body": _body(_THREE, exitCode=0)}, "misjudged", id="another exit code"),
        pytest.param({"body": _body(_THREE, signal="KILL")}, "misjudged", id="a signal that nobody sent"),
        pytest.param({"body": _body(_THREE, "Complete", "Completed")}, "misjudged", id="another outcome"),
        pytest.param({"body": None}, "misjudged", id="a job that is gone"),
        pytest.param({"output": None}, "misjudged", id="output that is lost"),
        pytest.param({"output": b"out\nerr"}, "misjudged", id="output that lacks a byte"),
        pytest.param({"billing": ("i",)}, "forgotten", id="an instance that costs"),
        pytest.param({"running": (7,)}, "misjudged", id="a program that goes on"),
    ],
)
def test_each_lie_is_found(lie: dict[str, Any], kind: str) -> None:
    assert _kinds(replace(_truth(), **lie)) == [kind]


def test_a_job_whose_time_is_over_has_told_its_program_so_once() -> None:
    late = replace(_truth(), body=_body(_THREE, reason="DeadlineExceeded"), told=("1",))

    assert _kinds(late, Expected("Deadline")) == []
    assert _kinds(replace(late, told=()), Expected("Deadline")) == ["misjudged"]


def test_a_job_that_was_deleted_is_gone_with_all_that_it_ran() -> None:
    gone = Facts(starts=("1",), told=(), body=None, output=None)

    assert _kinds(gone, Expected("Deleted")) == []
    assert _kinds(replace(gone, body=_body(_THREE)), Expected("Deleted")) == ["misjudged"]
    assert _kinds(replace(gone, running=(7,)), Expected("Deleted")) == ["misjudged"]


def test_the_programs_print_what_the_judge_expects(tmp_path: Path) -> None:
    for program in PROGRAMS:
        words = ["sh", "-c", *shlex.split(program.command(tmp_path, held=False))]
        environment = {"GPU_JOB_NAME": program.name, "GPU_JOB_ATTEMPT": "1", "PATH": "/usr/bin:/bin"}
        ran = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        code = ran.returncode if ran.returncode >= 0 else 128 - ran.returncode
        assert (program.name, code) == (program.name, program.code)
        assert ran.stdout[-len(program.kept) or None :] == program.kept, program.name
