"""The output that is kept: its end, without secrets, as it was printed."""

from __future__ import annotations

import base64

import pytest
from tests.unit.controllers.gpu_job import jobs as a

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.attending import keeping

OWNER = GPUJob.parse(a.a_body()).meta


def test_a_secret_goes_in_every_line_and_form() -> None:
    secret = "canary-one\ncanary-two"

    kept = keeping.redacted(b"a canary-one b\ncanary-one\ncanary-two\nY2FuYXJ5 c canary-two", [secret, "", "short"])

    assert b"canary" not in kept
    assert kept.startswith(b"a [redacted] b\n")


def test_a_secret_at_the_cut_leaves_no_half() -> None:
    secret = b"canary-" + b"x" * 100
    output = b"." * 100 + secret + b"y" * (keeping.MOST_BYTES - 50)

    kept = keeping.redacted(output, [secret.decode()])

    assert b"xxxx" not in kept
    assert len(kept) <= keeping.MOST_BYTES


@pytest.mark.parametrize("lead", range(4))
def test_what_is_cut_begins_with_a_whole_character(lead: int) -> None:
    output = b"." * lead + ("日" * (keeping.MOST_BYTES // 3 + 10)).encode()

    kept = keeping.redacted(output, [])

    assert kept.decode().strip("日.") == ""
    assert keeping.MOST_BYTES - 4 < len(kept) <= keeping.MOST_BYTES


def test_text_is_kept_as_text_and_bytes_as_bytes() -> None:
    text, binary = (keeping.config_map(OWNER, 2, output, 5_000_000) for output in ("größe\n".encode(), b"\xff\x00\n"))

    assert text["data"] == {"output": "größe\n"}
    assert base64.b64decode(binary["binaryData"]["output"]) == b"\xff\x00\n"
    assert (text["metadata"]["name"], text["metadata"]["ownerReferences"][0]["uid"]) == ("train-2-output", a.UID)


def test_what_is_kept_is_read_as_it_was_printed_and_only_by_the_job_that_printed_it() -> None:
    another = OWNER.model_copy(update={"uid": "another"})

    for output in (b"", "größe\n".encode(), b"\xff\x00\n"):
        body = keeping.config_map(OWNER, 2, output, 5_000_000)
        assert keeping.record(body, OWNER) == keeping.Record(output, 5_000_000)
        assert keeping.record(body, another) is None


def test_a_record_whose_size_somebody_has_removed_is_all_that_there_was() -> None:
    body = keeping.config_map(OWNER, 2, b"kept", 5_000_000)
    body["metadata"]["annotations"] = None

    assert keeping.record(body, OWNER) == keeping.Record(b"kept", 4)


def test_the_name_of_a_config_map_is_never_too_long() -> None:
    assert len(keeping.config_map_name("j" * 253, 100)) == 253


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (b"", ""),
        (b"end", "end"),
        (b"a\nb\n\n", "a\nb"),
        ("\n".join(str(at) for at in range(50)).encode(), "\n".join(str(at) for at in range(40, 50))),
        (b"\x1b[31mred\x1b[0m\r\n\xffx\x00", " [31mred [0m\n\ufffdx"),
    ],
    ids=["nothing", "one line", "empty lines", "many", "no text"],
)
def test_the_last_lines_are_printable(output: bytes, lines: str) -> None:
    assert keeping.last_lines(output) == lines


def test_a_long_line_is_short_in_the_status() -> None:
    assert len(keeping.last_lines(b"x" * 100_000)) == 1000
