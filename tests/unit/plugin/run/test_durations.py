"""Spans of time as people write them."""

from __future__ import annotations

import pytest
import typer

from novita_operator.plugin.run import durations


@pytest.mark.parametrize(
    ("said", "seconds"), [("4h", 14_400), ("90m", 5400), ("1h30m", 5400), ("60s", 60), ("2d", 172_800)]
)
def test_a_span_is_read(said: str, seconds: int) -> None:
    assert durations.seconds(said) == seconds


@pytest.mark.parametrize("said", ["", "4", "h", "30m1h", "59s", "366d", "-4h", "4 h"])
def test_what_is_no_span_or_not_within_the_bounds_is_refused(said: str) -> None:
    with pytest.raises(typer.BadParameter, match="--timeout is"):
        durations.seconds(said)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.9, "59s"), (300, "5m00s"), (3661, "1h01m01s"), (86_400, "1d00h00m00s")]
)
def test_a_span_is_written(seconds: float, text: str) -> None:
    assert durations.text(seconds) == text
