"""What is done in which order: it follows from the seed alone, so that a run can be repeated in its choices."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["instance", "spot", "schedule", "set", "job"]
Deed = Literal[
    "stop",
    "start",
    "edit price",
    "edit ports",
    "replace",
    "restore",
    "delete and make anew",
    "reclaim",
    "scale",
    "program ends",
    "rotate key",
    "bare forms",
    "kill operator",
]

# Of each ten objects. Sets have two members at first.
_MIX: tuple[Kind, ...] = (
    "instance",
    "spot",
    "schedule",
    "instance",
    "set",
    "instance",
    "job",
    "spot",
    "instance",
    "schedule",
)
_FITTING: dict[Kind, tuple[Deed, ...]] = {
    "instance": ("stop", "start", "edit price", "edit ports", "replace", "restore", "delete and make anew"),
    "spot": ("reclaim", "reclaim", "stop", "start", "replace", "restore", "delete and make anew"),
    "schedule": ("stop", "start", "edit price", "replace", "restore", "delete and make anew"),
    "set": ("scale", "scale", "delete and make anew"),
    "job": ("program ends", "program ends", "delete and make anew"),
}
_FOR_ALL: tuple[Deed, ...] = ("rotate key", "bare forms", "kill operator")
# Each about once a minute, whatever the number of objects: with 200 of them, one deed in twelve killed the operator
# every eleven seconds, and a process took a third of that to start.
_OBJECTS_PER_DEED_FOR_ALL = len(_FOR_ALL)
DEEDS: tuple[Deed, ...] = get_args(Deed)


@dataclass(frozen=True)
class Step:
    """`number`: of the object that it is done to. `draw`: from 0 up to 1, for what the deed leaves open."""

    deed: Deed
    number: int
    draw: float


def kind_of(number: int) -> Kind:
    """Which kind the object of this number is."""
    return _MIX[number % len(_MIX)]


def steps(seed: int, objects: int) -> Iterator[Step]:
    """Without end, one for each object and minute."""
    one_in = max(2, objects // _OBJECTS_PER_DEED_FOR_ALL)
    chance = random.Random(seed)  # noqa: S311 - it has to be repeatable
    while True:
        number, draw = chance.randrange(objects), chance.random()
        for_all = chance.randrange(one_in) == 0
        choices = _FOR_ALL if for_all else _FITTING[kind_of(number)]
        yield Step(chance.choice(choices), number, draw)
