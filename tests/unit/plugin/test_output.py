"""Where the output of an attempt is, and what of a kept one is still to be shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.controllers.gpu_job import jobs as a

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.attending import keeping
from novita_operator.controllers.gpu_job.attending.keeping import Record
from novita_operator.plugin.output import seen as counting
from novita_operator.plugin.output import standing
from novita_operator.plugin.output.seen import Seen
from novita_operator.plugin.output.standing import NotBegun, OfItsOwn, Over, Preparing, Runs

_SECOND = {"attempts": 2, "active": 1, "instanceName": "train-2", "completionSignal": "ExitCode"}
_STARTED = {"startedAt": "2026-06-01T12:00:00Z"}


@pytest.mark.parametrize(
    ("status", "attempt", "where"),
    [
        ({}, 1, NotBegun()),
        (_SECOND, 3, NotBegun()),
        (_SECOND, 2, Preparing()),
        (_SECOND | _STARTED, 2, Runs("train-2")),
        (_SECOND | _STARTED, 1, Over()),
        (_SECOND | {"instanceName": None}, 2, Over()),
        (_SECOND | {"completionSignal": "Exited"}, 2, OfItsOwn("train-2")),
        (_SECOND | {"completionSignal": None}, 2, OfItsOwn("train-2")),
    ],
    ids=[
        "no attempt yet",
        "beyond the last one",
        "its program does not run yet",
        "its program runs",
        "an earlier one",
        "the last one, which is over",
        "its container runs the program",
        "a job of an earlier version",
    ],
)
def test_where_the_output_of_an_attempt_is(status: dict[str, Any], attempt: int, where: standing.Standing) -> None:
    job = GPUJob.parse(a.a_body(status={key: value for key, value in status.items() if value is not None}))

    assert standing.standing(job, attempt) == where


@given(output=st.binary(max_size=300), at=st.integers(0, 300), most=st.integers(0, 300))
def test_without_secrets_the_rest_begins_exactly_where_the_shown_part_ends(output: bytes, at: int, most: int) -> None:
    shown = output[:at]
    record = Record(output[max(0, len(output) - most) :], len(output))

    rest = counting.rest(record, Seen().and_then(shown))

    lost = counting.lost(record, Seen().and_then(shown))
    assert shown + output[len(shown) : len(shown) + lost] + rest == output


@pytest.mark.parametrize("before", [10, 500, 2000, 3990])
def test_secrets_that_were_cut_out_do_not_move_the_place(before: int) -> None:
    secret = "canary-" + "x" * 60
    lines = [f"step {number}: {secret if number % 7 == 0 else 'no secret'} done\n".encode() for number in range(200)]
    output = b"".join(lines)
    at = len(b"".join(lines[: before // 20]))
    record = Record(keeping.redacted(output, [secret]), len(output))

    rest = counting.rest(record, Seen().and_then(output[:at]))

    assert rest == keeping.redacted(output[at:], [secret])


def test_the_last_lines_count_one_that_has_no_end() -> None:
    assert counting.last_lines(b"a\nb\nc", 2) == b"b\nc"
    assert counting.last_lines(b"a\nb\n", 0) == b""
    assert counting.last_lines(b"a\nb\n", None) == b"a\nb\n"
