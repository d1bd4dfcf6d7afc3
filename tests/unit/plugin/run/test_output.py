"""What a program on a machine prints, behind the head of the answer, however it is cut into pieces."""

from __future__ import annotations

import io

from novita_operator.plugin.run.remote import Output


class _Pieces(io.BytesIO):
    """A stream that gives a byte at a time."""

    def read1(self, _: int | None = -1, /) -> bytes:
        return self.read(1)


def test_the_head_is_left_out_and_what_follows_is_counted() -> None:
    into = io.BytesIO()
    output = Output(into)

    output.take_all(_Pieces(b"welcome\ngpu-job 1\n\nfrom 0\nbytes 7\nfirst\n\xffstate running\n"))
    output.take_all(_Pieces(b"gpu-job 1\n\nfrom 7\nbytes 6\nsecondstate ended\n"))

    assert into.getvalue() == b"first\n\xffsecond"
    assert output.size == len(into.getvalue())


def test_an_answer_that_is_cut_in_its_head_prints_nothing() -> None:
    into = io.BytesIO()

    Output(into).take_all(_Pieces(b"gpu-job 1\n"))

    assert into.getvalue() == b""
