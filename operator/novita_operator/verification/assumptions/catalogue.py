"""All assumptions, in the order of reports."""

from __future__ import annotations

from novita_operator.verification.assumption import Assumption
from novita_operator.verification.assumptions import account, errors, instances, life, machine, offers, pages

ALL: tuple[Assumption, ...] = (
    *errors.ALL,
    *pages.ALL,
    *offers.ALL,
    *account.ALL,
    *instances.ALL,
    *life.ALL,
    *machine.ALL,
)
