"""Observations made by chance from fixed seeds, most of them odd: everything that a pass can see, in any mixture."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tests.unit.support import builders as a
from tests.unit.support.builders import NAME, NOON, ago, wire

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.observing.observation import AccountView, Observation
from novita_operator.controllers.gpu_instance.policies import lifetime, window
from novita_operator.controllers.gpu_instance.reachability.ports import Reach
from novita_operator.novita.models import Instance, PortMapping

WORDS = (
    *("pending", "toCreate", "creating", "pulling", "running", "toStart", "starting", "toStop", "stopping", "exited"),
    *("restarting", "resetting", "migrating", "toRemove", "removing", "freezing", "a word of next year"),
)
TROUBLED = ("Starting", "Absent", "NotAdmitted", "KeyMissing", "KeyRejected", "Unreachable")
REASONS = ("StartupTimeout", "Failed", "InstanceLost", "SpotReclaimed", "NoCapacityAtStart")
AGES = (0.0, 1.0, 59.9, 60.0, 599.0, 600.0, 6000.0)
OURS = "i-1"
"""The id that most statuses hold, and that every spec which adopts names."""
HELD_PORTS = ((80, "HTTP"), (22, "TCP"))
DISK_GB = 60
# Beside NOON: one stop, a window that is open, and one that is closed.
OPENS_IN_THE_EVENING = "0 20 * * *"
SCHEDULES = (
    {"stop": "0 20 * * *"},
    {"start": "0 8 * * *", "stop": "0 20 * * *"},
    {"start": OPENS_IN_THE_EVENING, "stop": "0 8 * * *"},
)
OPEN = a.an_allowance({"adoption": "Allow", "retention": "Allow"})
NOBODY = {"namespaces": {"names": ["another"]}}


@cache
def an_odd_observation(seed: int) -> Observation:
    """The observation of this seed: the same one in every run."""
    return _chance(seed, "view").observation()


def _chance(seed: int, part: str) -> _Chance:
    return _Chance(seed, random.Random(f"{part} {seed}"))  # noqa: S311 - chance, and no secret


@dataclass(frozen=True, slots=True)
class _Chance:
    """Builds one part of an observation, by a chance of its own: a new fact in it changes no other part."""

    seed: int
    random: random.Random

    def of(self, part: str) -> _Chance:
        return _chance(self.seed, part)

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def one_of(self, *values: Any) -> Any:
        return self.random.choice(values)

    def observation(self) -> Observation:
        adopting = self.happens(0.1)
        # Of an object that adopts, the one instance is found by its recorded id, and under no other.
        count = self.one_of(0, 1) if adopting else self.one_of(0, 0, 0, 1, 1, 2, 3)
        found = [self.of(f"instance {n}").instance(f"i-{n + 1}", age=90 - n) for n in range(count)]
        resource = self.of("object").resource(found, adopting=adopting)
        seen = a.an_observation(
            resource,
            *(found if resource.status.instance_id is not None or not adopting else ()),
            account=AccountView("Usable" if self.happens(0.8) else self.one_of(*TROUBLED)),
            fresh=self.happens(0.8),
            searches=self.one_of(0, 1, 2, 3, 4),
            gone_polls=self.one_of(0, 1, 2, 3),
            only_by_id=self.happens(0.3),
            delete_accepted=self.happens(0.3),
            doubt="Novita hides too much." if self.happens(0.1) else None,
            detail=a.an_instance() if self.happens(0.5) else None,
            remembered=a.an_intent() if self.happens(0.2) else None,
            delete_settles=self.happens(0.1),
        )
        return replace(
            seen,
            allowance=self.one_of(None, None, OPEN, a.an_allowance(), a.an_allowance({}), a.an_allowance(NOBODY)),
            consent=self.happens(0.5),
            ended=lifetime.stays_ended(resource, NOON),
            end=lifetime.next_end(resource, None, NOON),
            standing=window.standing(resource, NOON),
            price_due=self.happens(0.1),
            measure=self.happens(0.5),
            edit_settles=self.happens(0.2),
            reach=Reach(usable=self.happens(0.7), why="port 80 does not answer"),
        )

    def instance(self, instance_id: str, *, age: float) -> Instance:
        return a.an_instance(
            self.one_of("running", "running", "exited") if self.happens(0.5) else self.one_of(*WORDS),
            instance_id,
            age=age,
            started_at=ago(50),
            ports=tuple(PortMapping(port, protocol, f"https://{port}") for port, protocol in HELD_PORTS),  # type: ignore[arg-type]
            rootfs_gb=DISK_GB,
            spot_status=self.one_of("notified", "reclaiming", "terminated") if self.happens(0.2) else "",
            jobs=("instanceMigrate",) if self.happens(0.05) else (),
            error="OOM" if self.happens(0.1) else "",
        )

    def resource(self, found: list[Instance], *, adopting: bool) -> GPUInstance:
        has_note = self.happens(0.7)
        outcome = self.one_of("Pending", "Pending", "Pending", "Refused", "Released")
        return a.an_object(
            spec=self.of("spec").spec(adopting=adopting),
            status=self.of("status").status(found),
            annotations=self.of("annotations").annotations(),
            intent=a.an_intent(age=self.one_of(*AGES), outcome=outcome) if has_note else None,
            held=self.happens(0.7),
            deleting=self.happens(0.3),
        )

    def spec(self, *, adopting: bool) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "powerState": "Running" if self.happens(0.7) else "Stopped",
            "deletionPolicy": self.one_of("Delete", "Delete", "Retain", "Stop"),
            "startup": {"onTimeout": self.one_of("Delete", "Stop", "Keep")},
            "onSpotReclaim": self.one_of("Recreate", "FallbackOnDemand", "Stop"),
        }
        if adopting:
            spec["adopt"] = {"instanceId": OURS}
        if self.happens(0.3):
            spec["lifetime"] = {"maxSeconds": self.one_of(60, 600, 6000), "action": self.one_of("Stop", "Delete")}
        if self.happens(0.3):
            schedule = {**self.one_of(*SCHEDULES), "action": self.one_of("Stop", "Delete")}
            spec["lifetime"] = {**spec.get("lifetime", {}), "schedule": schedule}
        if self.happens(0.3):
            spec["ports"] = [{"port": 80}, {"port": self.one_of(22, 9000), "protocol": "TCP"}]
        if self.happens(0.3):
            spec["rootfsSizeGB"] = self.one_of(DISK_GB, 100)
        if self.happens(0.05):
            spec |= self.one_of({"gpuCount": "many"}, {"deletionPolicy": "Archive"})
        return spec

    def status(self, found: list[Instance]) -> dict[str, Any]:
        names = ("startedAt", "readyAt", "stoppedAt")
        status: dict[str, Any] = {name: wire(ago(self.one_of(*AGES))) for name in names if self.happens(0.3)}
        if self.happens(0.7 if found else 0.3):
            status["instanceId"] = OURS
        if found and self.happens(0.7):
            status["connection"] = a.a_connection(found[0])
        if self.happens(0.3):
            status["failure"] = self.of("failure").failure()
        if self.happens(0.2):
            status["ended"] = self.of("ended").ended()
        if self.happens(0.2):
            status["attempts"] = 1
        return status

    def failure(self) -> dict[str, Any]:
        failure = a.a_failure(self.one_of(*REASONS), generation=self.one_of(0, 1))
        failure["instanceId"] = self.one_of(OURS, OURS, "i-9")
        return failure | ({"retryAt": wire(ago(self.one_of(-10, 0, 10)))} if self.happens(0.4) else {})

    def ended(self) -> dict[str, Any]:
        cause, how = self.one_of("MaxSeconds", "Idle", "Schedule"), self.one_of("Stop", "Delete")
        return {"cause": cause, "action": how, "at": wire(ago(9)), "generation": self.one_of(0, 1, 1)}

    def annotations(self) -> dict[str, str]:
        notes = {meta.PAUSED: "true"} if self.happens(0.15) else {}
        return notes | ({meta.FORCE_FINALIZE: self.one_of(OURS, NAME)} if self.happens(0.1) else {})
