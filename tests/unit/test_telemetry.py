"""What a log line shows: the message, a few known facts, and no secret in whatever form it is written."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_operator.secrecy import Secrets
from novita_operator.telemetry import Calm, Formatter


def hiding(*values: str) -> Secrets:
    secrets = Secrets()
    for value in values:
        secrets.add(value)
    return secrets


def line(message: str, *arguments: object, secrets: Secrets | None = None, as_json: bool = False, **more: Any) -> str:
    """A record at INFO as it would be printed."""
    record = logging.LogRecord(
        "novita_operator.test", logging.INFO, __file__, 1, message, arguments, more.pop("exc", None)
    )
    record.__dict__.update(more)
    return Formatter(as_json=as_json, secrets=secrets or Secrets()).format(record)


# --- The form -------------------------------------------------------------------------------------------------------


def test_text_is_one_line_with_time_level_and_logger() -> None:
    text = line("created instance %s", "i-1", uid="u-1")

    assert text.endswith(" INFO    novita_operator.test: created instance i-1 uid=u-1")
    assert text[:4].isdigit()


def test_json_is_one_object_per_line() -> None:
    parsed = json.loads(line("created\n%s", "i-1", as_json=True, uid="u-1"))

    assert parsed["message"] == "created\ni-1"
    assert (parsed["level"], parsed["logger"], parsed["uid"]) == ("INFO", "novita_operator.test", "u-1")


@pytest.mark.parametrize("as_json", [False, True])
def test_only_known_facts_are_printed(as_json: bool) -> None:
    """kopf adds whole objects, in which env values stand."""
    text = line("seen", as_json=as_json, k8s_ref={"spec": {"env": "canary"}}, settings="canary", account="default")

    assert "canary" not in text
    assert "default" in text


@pytest.mark.parametrize("as_json", [False, True])
def test_an_exception_is_printed_with_its_trace(as_json: bool) -> None:
    try:
        raise ValueError("it broke")  # noqa: TRY301 - the trace is what is tested
    except ValueError:
        text = line("failed", as_json=as_json, exc=sys.exc_info())

    assert "ValueError: it broke" in text
    assert "test_telemetry.py" in text


# --- Redaction ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_are_cut_out_of_message_facts_and_traces(as_json: bool) -> None:
    secrets = hiding("sk_canary_key")
    try:
        raise ValueError("refused: sk_canary_key")  # noqa: TRY301
    except ValueError:
        text = line(
            "key %s", "sk_canary_key", as_json=as_json, secrets=secrets, exc=sys.exc_info(), reason="sk_canary_key"
        )

    assert "canary" not in text
    assert text.count("[redacted]") >= 3


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "value", ['quo"ted canary', "back\\slash canary", "lines\nof canary", "ümlaut canary", "tab\tcanary"]
)
def test_a_secret_is_cut_out_however_it_is_escaped(value: str, as_json: bool) -> None:
    text = line("got %s and %r", value, value, as_json=as_json, secrets=hiding(value))

    assert "canary" not in text


def test_a_secret_within_another_leaves_no_rest_behind() -> None:
    for order in (("canary-one", "canary-one-and-two"), ("canary-one-and-two", "canary-one")):
        assert line("it is canary-one-and-two", secrets=hiding(*order)).endswith("it is [redacted]")


def test_words_too_short_for_a_secret_stay() -> None:
    assert "debug" in line("level debug", secrets=hiding("debug", ""))


def test_secrets_may_be_added_while_another_thread_writes() -> None:
    secrets, done = Secrets(), threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            while not done.is_set():
                secrets.redact("a line without any secret in it")
        except RuntimeError as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    for number in range(1_000):
        secrets.add(f"secret-number-{number}")
    done.set()
    thread.join()

    assert failed == []


def test_of_two_that_overlap_nothing_is_left() -> None:
    secrets = hiding("canary-begins-here", "here-ends-the-canary")

    assert secrets.redact("it is canary-begins-here-ends-the-canary!") == "it is [redacted]!"


def test_two_beside_each_other_are_both_cut_out() -> None:
    assert hiding("canary-one", "canary-two").redact("canary-onecanary-two") == "[redacted][redacted]"


def test_the_oldest_value_goes_where_there_are_too_many_and_one_that_is_used_again_stays() -> None:
    secrets = Secrets(most_values=3)
    for value in ("canary-one", "canary-two", "canary-three", "canary-one", "canary-four"):
        secrets.add(value)

    assert secrets.redact("canary-one canary-two canary-three") == "[redacted] canary-two [redacted]"


def test_what_all_values_take_together_is_bounded() -> None:
    secrets = Secrets(most_chars=10_000)
    for number in range(100):
        secrets.add(f"canary-{number}-" + "x" * 1_000)

    assert secrets.redact("canary-0-" + "x" * 1_000).startswith("canary")
    assert secrets.redact("canary-99-" + "x" * 1_000) == "[redacted]"


def test_ten_thousand_values_are_known_and_the_oldest_goes_for_the_next_one() -> None:
    secrets = Secrets()
    for number in range(10_001):
        secrets.add(f"canary-{number:05}")

    assert secrets.redact("canary-00000 canary-00001 canary-10000") == "canary-00000 [redacted] [redacted]"


def test_values_of_four_mebi_characters_are_known_and_the_oldest_go_for_the_next_one() -> None:
    secrets = Secrets()
    values = [f"canary-{number:05}-{'x' * (4_096 - 13)}" for number in range(1_025)]
    for value in values:
        secrets.add(value)

    assert sum(map(len, values[1:])) == 4 * 1024 * 1024
    assert secrets.redact(values[0]) == values[0]
    assert secrets.redact(values[1] + values[-1]) == "[redacted][redacted]"


def test_a_key_of_an_account_is_never_pushed_out() -> None:
    secrets = Secrets(most_values=10)
    secrets.add("canary-of-the-account", lasting=True)
    for number in range(1_000):
        secrets.add(f"value-of-a-tenant-{number}")

    assert secrets.redact("canary-of-the-account") == "[redacted]"


@pytest.mark.parametrize("alike", [False, True], ids=["all-different", "all-begin-alike"])
def test_a_line_costs_no_more_where_many_values_are_known(alike: bool) -> None:
    few, many = Secrets(), Secrets()
    for number in range(20_000):
        value = f"canary-of-a-tenant-{number}" if alike else f"{number:08}-canary-of-a-tenant"
        many.add(value)
    few.add(value)
    text = "created instance %s for namespace/object, which is Running now " * 4

    assert _slices(many, text) == _slices(few, text)


def _slices(secrets: Secrets, text: str) -> int:
    """How many parts of the text are looked at."""

    class Counted(str):
        __slots__ = ()
        looks: ClassVar[int] = 0

        def __getitem__(self, key: Any) -> str:
            Counted.looks += 1
            return str.__getitem__(self, key)

    counted = Counted(text)
    assert secrets.redact(counted) == text
    return Counted.looks


@given(st.text(min_size=8, max_size=20), st.text(max_size=10), st.booleans())
def test_no_secret_of_whatever_letters_is_ever_printed(value: str, around: str, as_json: bool) -> None:
    value = "canary" + value

    text = line("%s%s%s", around, value, around, as_json=as_json, secrets=hiding(value))

    assert "canary" not in text


# --- What is no error -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logger", "message", "level"),
    [
        ("kopf._cogs.clients", "Request attempt #1 failed; will retry: GET /x -> APITooManyRequestsError(…)", "INFO"),
        ("kopf._cogs.clients", "Request attempt #1 failed; will retry: GET /x -> APIServerError(…)", "WARNING"),
        ("kopf._cogs.clients", "Request attempt #9 failed; escalating: GET /x -> APIServerError(…)", "ERROR"),
        ("novita_operator.runtime", "Request attempt #1 failed; will retry", "ERROR"),
    ],
)
def test_a_call_that_kopf_repeats_by_itself_is_no_error(logger: str, message: str, level: str) -> None:
    record = logging.LogRecord(logger, logging.ERROR, __file__, 1, message, (), None)

    assert Calm().filter(record)
    assert record.levelname == level
