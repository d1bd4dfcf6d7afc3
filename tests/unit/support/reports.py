"""A pass as the status sees it: what was observed, what acting brought, and the report of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.unit.support.builders import NOON, a_body, an_observation

from novita_operator.api.events import Event
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import ProductStatus
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reporting import status
from novita_operator.controllers.gpu_instance.result import Chosen, Problem, Result
from novita_operator.reconciling.outcome import Outcome

PACE = status.Pace(cost_interval=600, warning=timedelta(seconds=60))
CHOSEN = Chosen(
    product=ProductStatus(id="4090.16c62g", name="RTX 4090 24GB"),
    region="CN-HK-01",
    billing="OnDemand",
    image="docker.io/library/ubuntu:22.04",
    template=None,
    price_per_hour=Decimal("0.35"),
    sentence="RTX 4090 24GB (4090.16c62g) in CN-HK-01 for 0.35 USD/h; 0 other offers fit.",
)
NOTHING = Result()


def report(seen: Observation, result: Result = NOTHING, *, later: float = 0) -> Outcome:
    """The report of a pass that ended so many seconds after noon."""
    return status.report(seen, result, NOON + timedelta(seconds=later), PACE)


def condition(outcome: Outcome, kind: str) -> dict[str, Any] | None:
    """The condition of this type, as the cluster would show it."""
    return next((found for found in outcome.status["conditions"] if found["type"] == kind), None)


def brief(outcome: Outcome, kind: str) -> str:
    """`True/Ready`, or `absent`."""
    found = condition(outcome, kind)
    return f"{found['status']}/{found['reason']}" if found is not None else "absent"


def message(outcome: Outcome, kind: str = "Ready") -> str:
    found = condition(outcome, kind)
    return str(found["message"]) if found is not None else ""


def reasons(outcome: Outcome) -> list[str]:
    """The reasons of the Events, in order."""
    return [str(event.reason) for event in outcome.events]


def event(outcome: Outcome, reason: str) -> Event:
    (found,) = (each for each in outcome.events if each.reason == reason)
    return found


def kstatus(outcome: Outcome, *, generation: int = 1, deleting: bool = False) -> str:
    """What `helm --wait`, Flux and Argo CD make of it: the generic rules of cli-utils' kstatus, in its order."""
    known = {found["type"]: found["status"] for found in outcome.status["conditions"]}
    if deleting:
        return "Terminating"
    if outcome.status["observedGeneration"] != generation or known.get("Reconciling") == "True":
        return "InProgress"
    if known.get("Stalled") == "True":
        return "Failed"
    return "Current" if known["Ready"] == "True" else "InProgress"


class Life:
    """One object over several passes: each report becomes the status that the next pass reads."""

    def __init__(self, **parts: Any) -> None:
        self.parts = parts
        self.status: dict[str, Any] = {}

    def step(self, *found: Any, result: Result = NOTHING, later: float = 0, **view: Any) -> Outcome:
        """One pass that sees these instances, so many seconds after noon."""
        held = self.parts.get("intent") is not None
        finalizers = ["gpu.novita.ai/instance"] if held else []
        resource = GPUInstance.parse(a_body(**({"finalizers": finalizers} | self.parts), status=self.status))
        outcome = report(an_observation(resource, *found, **view), result, later=later)
        self.status = outcome.status
        return outcome


def a_problem(about: str, reason: str, *, stalled: bool = False) -> Problem:
    return Problem(ConditionType(about), Reason(reason), f"It is a {reason}.", stalled=stalled)
