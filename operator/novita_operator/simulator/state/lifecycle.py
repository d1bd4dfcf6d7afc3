"""The status clock: which word an instance shows, what entering it does, and when the next one is due."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from novita_operator.simulator.offer.catalog import Catalog
from novita_operator.simulator.settings import ImageOutcome, Settings
from novita_operator.simulator.state import words
from novita_operator.simulator.state.fleet import Fleet
from novita_operator.simulator.state.hosting import Hosting
from novita_operator.simulator.state.instance import Connection, Failure, Instance
from novita_operator.simulator.state.jobs import Jobs
from novita_operator.simulator.state.ledger import Ledger
from novita_operator.simulator.state.schedule import Schedule
from novita_operator.simulator.state.virtual_clock import VirtualClock

_NO_IMAGE = Failure("IMAGE_URL_OR_AUTH_ERROR", "failed to pull the image: not found or no access")
_BIG_IMAGE = Failure("IMAGE_TOO_LARGE", "the image is larger than the root disk")
_NODE_FAULT = Failure("NODE_STATUS", "the node of the instance is not available")
_MOST_PORTS = 16  # more than an instance may have


@dataclass
class Lifecycle:
    """Moves the instances of one account."""

    clock: VirtualClock
    settings: Callable[[], Settings]
    catalog: Catalog
    fleet: Fleet
    ledger: Ledger
    jobs: Jobs
    chance: random.Random
    hosting: Hosting
    schedule: Schedule = field(default_factory=Schedule)

    def advance(self) -> None:
        """Lets everything happen that is due by now; costs next to nothing where nothing is."""
        now = self.clock.now()
        self.schedule.run(now)
        self._collect_arrears(now)

    def enter(self, instance: Instance, word: str, at: float, failure: Failure | None = None) -> None:
        """The instance shows `word` from `at` on; whatever was planned for it before is void."""
        before, instance.word = instance.word, word
        instance.token += 1
        if failure is not None:
            instance.failure = failure
        self._bill(instance, word, at)
        if before == "migrating":
            self.jobs.finish(instance.job_id, "success")
        self._settle(instance, word, at)
        self.hosting.entered(instance)
        self.plan_next(instance, at)

    def plan_next(self, instance: Instance, at: float) -> None:
        """Plans what follows the present word: the usual course, or what this image is known for."""
        match instance.word, self._image_outcome(instance):
            case "pulling", ImageOutcome.STUCK:
                pass
            case "pulling", ImageOutcome.NOT_FOUND:
                self._plan_failure(instance, at + self._delay("pull"), _NO_IMAGE)
            case "pulling", ImageOutcome.TOO_LARGE:
                self._plan_failure(instance, at + self._delay("pull"), _BIG_IMAGE)
            case "running", ImageOutcome.EXITS:
                self._plan_failure(instance, at + self._delay("crash"), Failure())
            case "running", ImageOutcome.NODE_FAULT:
                self._plan_failure(instance, at + self._delay("crash"), _NODE_FAULT)
            case "pulling", _ if instance.image_cached:
                self._plan_word(instance, at + self._delay("cached_pull"), "running")
            case _:
                word = words.of(instance.word)
                if word.then is not None:
                    self._plan_word(instance, at + self._delay(word.after), word.then)

    def edit(self, instance: Instance, change: Callable[[], None], at: float) -> None:
        """Lets `change` happen after the edit delay, whatever the status is by then."""
        self.schedule.plan_regardless(at + self._delay("edit"), instance, lambda _it, _when: change())

    def announce_reclaim(self, instance: Instance, at: float, notice_seconds: float) -> None:
        """Spot: notified now, reclaimed after the notice, then terminated and exited (novita-api 1.12)."""
        instance.spot_status = "notified"
        instance.spot_reclaim_at = at + notice_seconds
        self.schedule.plan(instance.spot_reclaim_at, instance, self._reclaim)

    def save_image(self, instance: Instance, job_id: str, at: float) -> None:
        """The job takes as long as a first pull, whatever becomes of the instance meanwhile."""
        done = at + self._delay("pull")
        self.schedule.plan_regardless(done, instance, lambda _it, _when: self.jobs.finish(job_id, "success"))

    def vanish(self, instance: Instance, at: float) -> None:
        """The record disappears at once, without anybody having deleted it."""
        instance.token += 1
        self._release(instance)
        self.ledger.deleted(instance.id, self.clock.moment(at), "vanished")
        self.fleet.remove(instance)
        self.hosting.left(instance)

    def end(self, instance: Instance, at: float) -> None:
        """The program of its container has ended by itself (novita-api 3.3: no exit code is told)."""
        if instance.word == "running" and not instance.frozen:
            self.ledger.note("containerEnded", instance.id, self.clock.moment(at))
            self.enter(instance, "exited", at)

    def _plan_word(self, instance: Instance, at: float, word: str) -> None:
        self.schedule.plan(at, instance, lambda it, when: self.enter(it, word, when))

    def _plan_failure(self, instance: Instance, at: float, failure: Failure) -> None:
        def fail(it: Instance, when: float) -> None:
            self.ledger.note("failed", it.id, self.clock.moment(when))
            self.enter(it, "exited", when, failure)

        self.schedule.plan(at, instance, fail)

    def _reclaim(self, instance: Instance, at: float) -> None:
        instance.spot_status = "reclaiming"
        self.schedule.plan(at + self.settings().spot.reclaiming_seconds, instance, self._terminate)

    def _terminate(self, instance: Instance, at: float) -> None:
        instance.spot_status = "terminated"
        self.ledger.note("reclaimed", instance.id, self.clock.moment(at))
        self.enter(instance, "exited", at)
        instance.spot_status = self.settings().spot.status_after

    def _delay(self, name: str) -> float:
        delay: float = getattr(self.settings().delays, name)
        return delay

    def _image_outcome(self, instance: Instance) -> ImageOutcome | None:
        return self.settings().image_outcome(instance.order.image_url)

    def _bill(self, instance: Instance, word: str, at: float) -> None:
        match words.of(word).billing:
            case "starts":
                self.ledger.billing_starts(instance.id, self.clock.moment(at))
            case "ends":
                self.ledger.billing_ends(instance.id, self.clock.moment(at))
            case "stays":
                pass

    def _settle(self, instance: Instance, word: str, at: float) -> None:
        match word:
            case "running":
                self._come_up(instance, at)
            case "exited" | "freezing":
                self._go_down(instance, at)
            case "toStart" | "migrating" | "resetting":
                instance.connection = None
                instance.failure = Failure()
            case "removed":
                self._release(instance)
                self.ledger.deleted(instance.id, self.clock.moment(at))
            case words.GONE:
                self.fleet.remove(instance)

    def _come_up(self, instance: Instance, at: float) -> None:
        instance.image_cached = True
        instance.running_since = instance.started_at = at
        instance.first_started_at = instance.first_started_at or at
        instance.connection = instance.connection or self._new_connection()
        if instance.order.mode == "spot":
            self._come_up_on_spot(instance, at)

    def _go_down(self, instance: Instance, at: float) -> None:
        instance.connection = None
        instance.stopped_at = at
        if instance.spot_status != "terminated":  # what was announced for a stopped instance does not come
            instance.spot_status, instance.spot_reclaim_at = "", 0
        self._release(instance)

    def _come_up_on_spot(self, instance: Instance, at: float) -> None:
        if instance.spot_status == "notified":  # a restart does not put off what was announced
            self.schedule.plan(instance.spot_reclaim_at, instance, self._reclaim)
            return
        instance.spot_status, instance.spot_reclaim_at = "running", 0
        spot = self.settings().spot
        if spot.reclaim_after is not None:
            self.schedule.plan(
                at + spot.reclaim_after, instance, lambda it, when: self.announce_reclaim(it, when, spot.notice_seconds)
            )

    def _new_connection(self) -> Connection:
        return Connection(
            ssh_port=self.chance.randrange(30_000, 40_000),
            ssh_password=f"{self.chance.getrandbits(64):016x}",
            terminal_password=f"{self.chance.getrandbits(64):016x}",
            host_ports=tuple(self.chance.sample(range(40_000, 60_000), _MOST_PORTS)),
            address=f"10.64.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}",
        )

    def _release(self, instance: Instance) -> None:
        if instance.holding:
            instance.holding = False
            self.catalog.give_back(instance.shelf, instance.order.gpu_num)

    def _collect_arrears(self, now: float) -> None:
        settings = self.settings()
        left = settings.balance + settings.credit_limit - self.ledger.cost(self.clock.moment(now))
        if left >= Decimal(0) or not self.ledger.is_billing:
            return
        for instance in list(self.fleet):
            if words.of(instance.word).billing == "starts" and not instance.frozen:
                self.enter(instance, "freezing", now)
