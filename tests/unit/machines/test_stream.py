"""The answer of a machine to whoever follows an output: read the same in whatever pieces it comes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_operator.machines.programs.stream import From, Look, Part, Stream

_ANSWER = b"welcome\ngpu-job 1\n\nfrom 7\nbytes 12\nstate ended\nstate running\nbytes 1\n\n\xffstate ended\n"


@given(st.lists(st.integers(1, len(_ANSWER)), max_size=30))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    stream, places = Stream(), sorted({0, *cuts, len(_ANSWER)})
    pieces = [_ANSWER[start:end] for start, end in itertools.pairwise(places)]

    found = [each for piece in pieces for each in stream.feed(piece)]

    assert b"".join(each.data for each in found if isinstance(each, Part)) == b"state ended\n\n"
    assert [each for each in found if not isinstance(each, Part)] == [From(7), Look("running")]


def test_only_after_its_end_or_its_loss_a_program_prints_no_more() -> None:
    assert [word for word in ("none", "starting", "running", "ended", "lost") if Look(word).over] == ["ended", "lost"]


@pytest.mark.parametrize("said", [b"bytes -1\n", b"from x\n", b"bytes \xff\n", b"x" * 100_000])
def test_what_no_machine_of_ours_says_is_refused(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it says what was read, and nobody reads that
        list(Stream().feed(b"gpu-job 1\n" + said))
