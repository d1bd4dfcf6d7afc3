"""What is known at the end of a pass. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.status import Ended, Failure, GPUInstanceStatus
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import restarts
from novita_operator.controllers.gpu_instance.result import Problem, Result


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at the end of a pass."""

    seen: Observation
    result: Result
    problem: Problem | None
    now: datetime

    @property
    def old(self) -> GPUInstanceStatus:
        return self.seen.resource.status

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those of the last pass.

        What was restored speaks of another object: by the name of its instance, and by its time where that is older.
        """
        if self.old.instance_name not in (None, self.seen.name):
            return ()
        return tuple(each for each in self.old.conditions if each.last_transition_time >= self._made_at)

    @property
    def reported_at(self) -> datetime:
        """For new conditions: never before the object was made, however wrong the clock of this machine is."""
        return max(self.now, self._made_at)

    @property
    def _made_at(self) -> datetime:
        return self.seen.resource.meta.created_at

    @property
    def instance_id(self) -> str | None:
        if self.result.released:
            return None
        return self.result.instance_id or self.seen.instance_id

    @property
    def price_per_hour(self) -> Decimal | None:
        """What the instance costs, USD: as Novita tells it itself, else as its catalogue did when it was chosen."""
        result, instance = self.result, self.result.detail or self.seen.instance
        if result.price is not None and result.price.per_hour is not None:
            return result.price.per_hour
        if instance is not None and instance.price_per_hour is not None and self.instance_id is not None:
            return instance.price_per_hour
        if result.chosen is not None:
            return result.chosen.price_per_hour
        return None if self.old.price_per_hour is None else Decimal(self.old.price_per_hour)

    @property
    def novita_created_at(self) -> datetime | None:
        """When Novita made the instance, by its own clock: what is made of our id later is told from ours by it."""
        shown = self.result.detail or self.seen.instance
        if shown is not None and shown.id == self.instance_id and shown.created_at is not None:
            return shown.created_at
        return self.old.novita_created_at if self.instance_id == self.old.instance_id else None

    @property
    def failure(self) -> Failure | None:
        if self.result.failure is not None:
            return self.result.failure
        old = self.old.failure
        if old is None:
            return None
        going = old.reason in restarts.REPLACED and old.instance_id == self.instance_id
        return old if self.seen.failure_stands or going else None

    @property
    def ended(self) -> Ended | None:
        if self.result.ended is not None:
            return self.result.ended
        return self.old.ended if self.seen.ended else None
