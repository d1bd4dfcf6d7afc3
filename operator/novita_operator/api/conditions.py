"""Conditions as Kubernetes means them (`metav1.Condition`), and the rule that keeps them calm."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from novita_operator.api.meta import Model, Moment
from novita_operator.cutting import cut

MESSAGE_CHARS = 1000  # what a terminal still shows; status must stay small


def _cut(message: Any) -> Any:  # noqa: ANN401 - a validator gets anything
    return cut(message, MESSAGE_CHARS) if isinstance(message, str) else message


class Condition(Model):
    """One condition of an object."""

    type: str = Field(max_length=316, description="What the condition is about, in CamelCase.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: str = Field(
        max_length=128, description="Why, in one CamelCase word; the documented list is part of the API."
    )
    message: Annotated[str, BeforeValidator(_cut)] = Field(
        "", max_length=MESSAGE_CHARS, description="Why, in a sentence: what happened, what comes next, what to do."
    )
    last_transition_time: Moment = Field(description="When `status` last changed.")
    observed_generation: int = Field(0, ge=0, description="The generation of the spec that the condition speaks of.")


def readable(raw: object) -> tuple[Condition, ...]:
    """Those of a status that are of the right form; whoever wrote the others did not follow the schema."""
    found = []
    for each in raw if isinstance(raw, list) else ():
        with contextlib.suppress(ValidationError):
            found.append(Condition.model_validate(each))
    return tuple(found)


def dated(status: Any, since: datetime) -> Any:  # noqa: ANN401 - anybody wrote it
    """The status, where conditions whose time cannot be read are as old as the object: what they say counts on."""
    raw = status.get("conditions") if isinstance(status, dict) else None
    if not isinstance(raw, list):
        return status
    return status | {"conditions": [_dated(each, since) for each in raw]}


def _dated(raw: Any, since: datetime) -> Any:  # noqa: ANN401 - anybody wrote it
    try:
        Condition.model_validate(raw)
    except ValidationError as error:
        if {each["loc"] for each in error.errors()} == {("lastTransitionTime",)}:
            return raw | {"lastTransitionTime": since}
    return raw


def merge(old: Sequence[Condition], new: Sequence[Condition]) -> tuple[Condition, ...]:
    """The new conditions; each keeps its lastTransitionTime while its *status* is the same.

    Conditions that are not in `new` are dropped: abnormal ones exist only while they are true.
    """
    before = {condition.type: condition for condition in old}
    return tuple(_merged(before.get(condition.type), condition) for condition in new)


def find(conditions: Sequence[Condition], wanted: str) -> Condition | None:
    """The condition of this type."""
    return next((condition for condition in conditions if condition.type == wanted), None)


def _merged(old: Condition | None, new: Condition) -> Condition:
    if old is None or old.status != new.status:
        return new
    return new.model_copy(update={"last_transition_time": old.last_transition_time})
