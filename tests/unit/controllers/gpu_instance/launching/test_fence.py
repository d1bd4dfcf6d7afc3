"""The note of intent survives the annotation and is never read as harmless when it is damaged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from novita_operator.reconciling.intent import Intent

from novita_operator.reconciling import intent as intents

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize("outcome", ["Pending", "Refused", "Released"])
def test_an_intent_reads_back_as_it_was_written(outcome: intents.Outcome) -> None:
    intent = Intent(attempt=3, at=NOON, holder="pod_1", product="4090", region="CN-HK-01", outcome=outcome)

    assert intents.parse(intent.to_annotation()) == intent


def test_no_annotation_is_no_intent() -> None:
    assert intents.parse(None) is None


@given(st.text(max_size=80))
def test_a_damaged_note_reads_as_a_call_that_may_have_been_made(annotation: str) -> None:
    intent = intents.parse(annotation)

    assert intent is not None
    assert intent.pending


def test_an_unknown_outcome_reads_as_pending() -> None:
    annotation = Intent(1, NOON, "h", "p", "r").to_annotation().replace("Pending", "SomethingNewer")

    intent = intents.parse(annotation)

    assert intent is not None
    assert intent.pending
