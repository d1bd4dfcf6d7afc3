"""What is known of the program of the attempt under way, where it runs over ssh. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from novita_operator.machines.programs.state import State


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why nothing is known of it now. `message` completes "Instance …"; `seconds`: for how long it has been so."""

    kind: Literal["Away", "LoginRefused", "HostKeyChanged", "Unusable"]
    message: str
    since: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Kept:
    """The output of a program that has ended. `name`: of its ConfigMap, None where it could not be kept."""

    name: str | None
    last_lines: str


@dataclass(frozen=True, slots=True)
class Attended:
    """`state`: as the machine last said it. `kept`: set once that was tried, for a program that has ended."""

    state: State | None = None
    hindrance: Hindrance | None = None
    kept: Kept | None = None


UNATTENDED = Attended()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The program that is to be attended to, and how far."""

    job_uid: str
    attempt: int
    name: str
    """On the machine."""
    words: tuple[str, ...]
    instance_uid: str
    secret: str | None
    """The connection Secret of the instance; None while it has no ssh address."""
    fingerprint: str | None
    """Of the only host key that is talked to; None while none is recorded."""
    secrets: tuple[str, ...]
    """Variables whose values must not be kept."""
    may_start: bool
    """It was never seen to run, and nobody holds it back."""
    end: bool
    """It is to be ended: its time is over."""
