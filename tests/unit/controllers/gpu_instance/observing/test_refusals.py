"""Whose calls go behind those of others: what was refused, is asked for again, and can cost nothing yet."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.result import Problem, Result


def refused(reason: Reason = Reason.CREATE_REFUSED) -> Result:
    return Result(problem=Problem(ConditionType.PROVISIONED, reason, "Novita refuses it."))


def after(*results: Result) -> Memory:
    """What is remembered after passes over the first generation that ended so."""
    memory = Memory(0)
    for each in results:
        memory.tried(1, refused=each.refused, rented=each.instance_id is not None)
    return memory


def repeats(memory: Memory, **of_the_object: Any) -> bool:
    return memory.repeats(a.an_observation(a.an_object(**of_the_object)))


@pytest.mark.parametrize("reason", [Reason.CREATE_REFUSED, Reason.NO_CAPACITY, Reason.REFERENCE_NOT_FOUND])
def test_what_was_refused_is_a_repeat_until_its_instance_is_there(reason: Reason) -> None:
    assert not repeats(after())
    assert repeats(after(refused(reason)))
    assert repeats(after(refused(reason), Result(queued=True), Result()))
    assert not repeats(after(refused(reason), Result(instance_id="i-1")))


def test_an_edit_makes_it_a_first_try_again() -> None:
    memory = after(refused())
    memory.refused_generation = 0

    assert not repeats(memory)


def test_a_call_whose_outcome_nobody_knows_is_never_a_repeat() -> None:
    assert not repeats(after(refused(Reason.CREATE_OUTCOME_UNKNOWN)))
    assert not repeats(after(refused()), intent=a.an_intent())


def test_neither_is_anything_about_an_instance_that_is_there() -> None:
    assert not repeats(after(refused()), status={"instanceId": "i-1"})
    assert not after(refused()).repeats(a.an_observation(a.an_object(), a.an_instance()))
