"""The record of what was taken over with consent: it outlives a later refusal, and no object takes another's place."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.support import builders as a
from tests.unit.support.builders import UID

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.novita_account.status import Adoption
from novita_operator.controllers.novita_account.polling import adoptions

TAKEN = a.an_object(spec={"adopt": {"instanceId": "i-1"}}, status={"instanceId": "i-1"})
RECORD = Adoption(instance_id="i-1", namespace="team", name="demo", uid=UID)


def another(uid: str) -> GPUInstance:
    return replace(TAKEN, meta=TAKEN.meta.model_copy(update={"uid": uid}))


def test_what_is_taken_over_with_consent_is_recorded() -> None:
    assert adoptions.record((), [TAKEN], lambda _: True, {"i-1"}) == (RECORD,)


def test_what_is_taken_over_without_consent_is_not() -> None:
    assert adoptions.record((), [TAKEN], lambda _: False, {"i-1"}) == ()


def test_a_status_that_names_another_instance_than_the_spec_records_nothing() -> None:
    forged = a.an_object(spec={"adopt": {"instanceId": "i-1"}}, status={"instanceId": "i-2"})

    assert adoptions.record((), [forged], lambda _: True, {"i-1", "i-2"}) == ()


def test_a_record_outlives_a_later_refusal_and_a_cleared_status() -> None:
    assert adoptions.record([RECORD], [TAKEN], lambda _: False, {"i-1"}) == (RECORD,)
    assert adoptions.record([RECORD], [], lambda _: False, {"i-1"}) == (RECORD,)


def test_a_record_outlives_a_restart_before_anything_is_listed() -> None:
    assert adoptions.record([RECORD], [], lambda _: True, None) == (RECORD,)


def test_a_record_ends_when_object_and_instance_are_gone() -> None:
    assert adoptions.record([RECORD], [], lambda _: True, set()) == ()


def test_while_its_object_lives_nobody_else_is_recorded_for_an_instance() -> None:
    second = another("another-uid")

    assert adoptions.record([RECORD], [TAKEN, second], lambda _: True, {"i-1"}) == (RECORD,)
    assert [each.uid for each in adoptions.record([RECORD], [second], lambda _: True, {"i-1"})] == ["another-uid"]
