"""Signals and the end of the time: heard at once, or when what must be whole is done."""

from __future__ import annotations

import signal
import threading

import pytest

from novita_operator.plugin.run import interruptions
from novita_operator.plugin.run.interruptions import LATE, Interrupted, Interruptions

_LONG = 3600.0


def test_a_signal_ends_what_goes_on_with_the_code_of_a_shell() -> None:
    with interruptions.heard(_LONG), pytest.raises(Interrupted) as ended:
        signal.raise_signal(signal.SIGTERM)

    assert ended.value.code == 143


def test_what_is_held_is_done_to_its_end_first() -> None:
    done = []

    def work(signals: Interruptions) -> None:
        with signals.held():
            signal.raise_signal(signal.SIGINT)
            done.append("whole")

    with interruptions.heard(_LONG) as signals, pytest.raises(Interrupted):
        work(signals)

    assert done == ["whole"]


def test_when_the_time_is_over_it_ends_with_a_code_of_its_own() -> None:
    with interruptions.heard(0.01) as signals, pytest.raises(Interrupted) as ended:
        threading.Event().wait(_LONG)

    assert signals.exit_code(ended.value.code) == LATE


def test_afterwards_signals_are_whoevers_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with interruptions.heard(_LONG):
        pass

    assert signal.getsignal(signal.SIGTERM) is before
