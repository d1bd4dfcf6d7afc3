"""What every object claims, held against the ledger: each difference is a lie, once it outlasts the sentinel's grace.

The grace is `GRACE_SECONDS` of real time, for every kind: it is what people may see while the operator works.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from tests.faults import sentinel
from tests.faults.lives import Life
from tests.faults.sentinel import Lie
from tests.soak.estate import Estate
from tests.support.history import condition
from tests.support.kube import Body

KINDS: Mapping[str, str] = {
    "unguarded": "an instance lives, and no object with our finalizer holds it",
    "untrue": "Ready, and no instance lives under its name and id",
    "unbilled": "Ready, and its instance does not run",
    "miscounted": "readyReplicas is not the number of members that run",
    "unrun": "Complete, and no attempt ever ran",
    "mispriced": "pricePerHour is not the ledger's",
    "misnamed": "instanceName is not the name of the instance with its id",
    "overcharged": "cost is far from the ledger's",
    "billed": "Stopped, and its instance is billed",
    "closed": "billed outside the window of its schedule",
    "kept-out": "Stopped inside the window of its schedule",
    "person": "Stalled: only a person can help",
}
"""Each kind of lie, and what it means."""

# The amount is an estimate: each start and stop is seen some seconds late, which is minutes of accelerated time.
_COST_SHARE = Decimal("0.2")
_COST_HOURS_PER_LIFE = Decimal("0.5")
# The operator's clock and the simulator's differ by what a process takes to start; and what opens must start first.
_WINDOW_MARGIN = timedelta(minutes=2)


def lies(book: Sequence[Life], estate: Estate, excused: frozenset[str] = frozenset()) -> Iterator[Lie]:
    """What is wrong in one look."""
    yield from sentinel.lies(book, estate, excused)
    living = {life.id.lower(): life for life in book if life.deleted is None}
    billing = {life.uid for life in living.values() if life.billing}
    spent = _by_object(book, estate.names)
    for body in estate.own:
        if not body["metadata"].get("deletionTimestamp"):
            life = living.get(_id(body))
            billed = body["metadata"]["uid"] in billing or (life is not None and life.billing)
            if life is not None:
                yield from _of_life(body, life)
            yield from _of_power(body, billed, estate.now)
            yield from _of_cost(body, spent[body["metadata"]["name"]])
    for body in estate.sets:
        yield from _of_set(body, estate.own, living)
    for body in estate.jobs:
        yield from _of_job(body, spent)
    for body in (*estate.own, *estate.sets, *estate.jobs):
        stalled = condition(body, "Stalled")
        if stalled.get("status") == "True":
            yield _lie("person", body, f"{stalled.get('reason')}: {stalled.get('message')}")


def _of_life(body: Body, life: Life) -> Iterator[Lie]:
    """What it says of the instance that its status names."""
    status, ready = body["status"], condition(body, "Ready").get("reason") == "Ready"
    if status.get("instanceName") != life.name:
        yield _lie("misnamed", body, f"{status.get('instanceName')} for {life.name}")
    if ready and not life.billing:
        yield _lie("unbilled", body, f"Ready, and {life.id} does not run")
    if ready and Decimal(status.get("pricePerHour") or 0) != life.price:
        yield _lie("mispriced", body, f"{status.get('pricePerHour')} USD/h for {life.price}")


def _of_power(body: Body, billed: bool, now: datetime) -> Iterator[Lie]:
    """`billed`: whether any instance that was rented for it is. Windows here are of each hour, by their minutes."""
    stopped = condition(body, "Ready").get("reason") == "Stopped"
    if stopped and billed:
        yield _lie("billed", body, "Stopped, and an instance of it is billed")
    schedule = (body["spec"].get("lifetime") or {}).get("schedule")
    if schedule is None:
        return
    is_open = {_is_open(schedule, now + by) for by in (-_WINDOW_MARGIN, _WINDOW_MARGIN)}
    if is_open == {False} and billed:
        yield _lie("closed", body, f"billed at {now:%H:%M}, outside {schedule}")
    if is_open == {True} and stopped and body["spec"].get("powerState", "Running") == "Running":
        yield _lie("kept-out", body, f"Stopped at {now:%H:%M}, inside {schedule}")


def _is_open(schedule: Mapping[str, str], at: datetime) -> bool:
    start, stop = (int(schedule[key].split()[0]) for key in ("start", "stop"))
    return (at.minute - start) % 60 < (stop - start) % 60


def _of_cost(body: Body, lives: Sequence[Life]) -> Iterator[Lie]:
    """Of all instances that its name ever had: a restored object goes on with the amount of the old one."""
    cost = (body.get("status") or {}).get("cost")
    if not cost or not lives:
        return
    spent = sum((life.cost for life in lives), Decimal(0))
    slack = spent * _COST_SHARE + sum((life.price for life in lives), Decimal(0)) * _COST_HOURS_PER_LIFE
    if Decimal(cost["amount"]) > spent + slack:
        yield _lie("overcharged", body, f"{cost['amount']} USD for {spent}")


def _of_set(body: Body, instances: Sequence[Body], living: Mapping[str, Life]) -> Iterator[Lie]:
    claimed = (body.get("status") or {}).get("readyReplicas")
    if claimed is None or body["metadata"].get("deletionTimestamp"):
        return
    run = sum(_runs(each, living) for each in instances if _is_owned(each, body))
    if claimed != run:
        yield _lie("miscounted", body, f"readyReplicas {claimed}, and {run} members run")


def _runs(body: Body, living: Mapping[str, Life]) -> bool:
    """Ready, with an instance that the ledger bills."""
    life = living.get(_id(body))
    leaving = body["metadata"].get("deletionTimestamp")
    return not leaving and condition(body, "Ready").get("reason") == "Ready" and life is not None and life.billing


def _is_owned(body: Body, owner: Body) -> bool:
    references = body["metadata"].get("ownerReferences") or ()
    return any(each["uid"] == owner["metadata"]["uid"] for each in references)


def _of_job(body: Body, spent: Mapping[str, Sequence[Life]]) -> Iterator[Lie]:
    name = body["metadata"]["name"]
    attempts = [lives for owner, lives in spent.items() if owner.rpartition("-")[0] == name]
    if condition(body, "Complete").get("status") == "True" and not any(
        life.billed for lives in attempts for life in lives
    ):
        yield _lie("unrun", body, "Complete, and nothing ran for it")


def _by_object(book: Sequence[Life], names: Mapping[str, str]) -> defaultdict[str, list[Life]]:
    """All instances that were ever rented, by the name of the object that they were rented for."""
    found: defaultdict[str, list[Life]] = defaultdict(list)
    for life in book:
        if life.uid is not None and life.uid in names:
            found[names[life.uid]].append(life)
    return found


def _id(body: Body) -> str:
    return str((body.get("status") or {}).get("instanceId") or "").lower()


def _lie(kind: str, body: Body, text: str) -> Lie:
    return Lie(kind, body["metadata"]["uid"], f"{body['metadata']['name']}: {text}")
