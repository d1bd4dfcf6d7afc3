"""What happens to jobs while their programs are started, run, end and are judged. Each says for whom it is proven."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults.programs.batch import Batch
from tests.faults.programs.verdict import BY_ITSELF, Expected
from tests.faults.world import DELAYS
from tests.support import waiting
from tests.support.history import condition

Names = frozenset[str]
_AIMED = Path(__file__).parents[1] / "aimed_operator.py"

# The way of a job: one instance, its program, its output, its outcome, its release.
POINTS = (
    "child.before-create",
    "child.after-create",
    "intent.before-write",
    "intent.after-write",
    "create.after-call",
    "secret.before-write",
    "secret.after-write",
    "program.before-start",
    "program.after-start",
    "output.before-write",
    "output.after-write",
    "status.before-write",
    "status.after-write",
    "output.after-write>status.before-write",  # the one that records the outcome
    "output.after-write>status.after-write",
    "child.before-delete",
    "child.after-delete",
    "delete.before-call",
    "delete.after-call",
    "release.before-write",
    "release.after-write",
)
# Bytes that go over the first connections to a machine, in turn. The first one only asks for its host key; then a
# start or a wait is cut, a look, and a long output. A third connection proves that the second one broke.
_CUTS = (16_000, 21_000, 9_000, 40_000)
_LEAST_CUTS = 3
_LATE_SECONDS = 4.0
_TIME_TO_ARRANGE = {**DELAYS, "pull": 2.0, "cachedPull": 2.0}
_PATIENCE = 300.0  # seconds: another host key alone is doubted for two minutes


@dataclass(frozen=True)
class Disturbance:
    """`strike` does it, from the making of the jobs to their end."""

    label: str
    strike: Callable[[Batch], Awaitable[Names]]
    expected: Expected = BY_ITSELF
    patience: float = _PATIENCE


async def _nothing(batch: Batch) -> Names:
    await batch.begin(held=False)
    await batch.until_over()
    return batch.names


async def _killed_at(moment: str, batch: Batch) -> Names:
    """Once for each job, one after the other: a kill amid the call of another one would take its moment from it."""
    folder = batch.at.directory / "aimed"
    folder.mkdir()
    batch.at.program = (str(_AIMED), moment, str(folder))
    batch.start_operator()
    for program in batch.programs:
        await batch.make(program, held=False)
        await waiting.until(
            partial(_is_killed_or_over, batch, folder, program.name),
            f"the operator is killed at {moment} for {program.name}",
            seconds=batch.at.stage.patience,
            explain=batch.explain,
        )
    await batch.until_over()
    killed = frozenset(path.name for path in folder.iterdir())
    keeper = batch.keeper
    if keeper is not None and keeper.unasked > len(killed):
        batch.at.stuck["the process"] = f"{keeper.unasked} operators ended, {len(killed)} were killed"
    return killed


async def _is_killed_or_over(batch: Batch, folder: Path, name: str) -> bool:
    return (folder / name).exists() or await batch.is_over(name)


async def _killed_after_a_start(batch: Batch) -> Names:
    """The process that starts the first of them is killed; the next one knows of that start by its machine alone."""
    await batch.begin(held=False, arms=["program.after-start:kill"])
    await batch.until_over()
    return batch.names if batch.keeper is not None and batch.keeper.fired_at else frozenset()


async def _killed_while_it_runs(batch: Batch) -> Names:
    """The programs end while no operator runs."""
    await batch.begin()
    await batch.until_running()
    (first,) = batch.at.keepers
    await first.stop()
    batch.go()
    await waiting.until(partial(batch.marked, "ended"), "all programs have ended", seconds=batch.at.stage.patience)
    batch.start_operator()
    await batch.until_over()
    return batch.names


async def _cut(batch: Batch) -> Names:
    """The first connections to each machine break, each after another number of bytes."""
    await batch.at.novita.set(delays=_TIME_TO_ARRANGE)
    await batch.begin(held=False)
    faults: dict[str, list[int]] = {}

    async def all_are_arranged() -> bool:
        for name, instance_id in (await batch.instances()).items():
            if name not in faults:
                faults[name] = [await _cut_of(batch, instance_id, turn) for turn in range(len(_CUTS))]
        return faults.keys() == batch.names

    await waiting.until(all_are_arranged, "all machines are hired", seconds=batch.at.stage.patience)
    await batch.until_over()
    hits = await batch.at.novita.hits()
    return frozenset(name for name, numbers in faults.items() if sum(hits[each] for each in numbers) >= _LEAST_CUTS)


async def _cut_of(batch: Batch, instance_id: str, turn: int) -> int:
    match = {"instanceId": instance_id}
    return await batch.at.novita.fault("ssh-cut", bytes=_CUTS[turn], skip=turn, times=1, match=match)


async def _late(batch: Batch) -> Names:
    """Nobody gets in for some seconds after the machine is up."""
    number = await batch.at.novita.fault("ssh-late", seconds=_LATE_SECONDS)
    await batch.begin(held=False)
    await batch.until_over()
    shut = (await batch.at.novita.hits())[number]
    return batch.names if shut == len(batch.names) else frozenset()


async def _away(batch: Batch) -> Names:
    """Connections end and none is let in; the programs end meanwhile. Two minutes, sped up as the world is."""
    await batch.begin()
    await batch.until_running()
    faults = await _on_all(batch, "ssh-refused")
    await _all_tell(batch, "refuses the connection")
    batch.go()
    await waiting.until(partial(batch.marked, "ended"), "all programs have ended", seconds=batch.at.stage.patience)
    await _end(batch, faults)
    await batch.until_over()
    return batch.names


async def _another_key(batch: Batch, *, lasting: bool) -> Names:
    """Whoever comes back to a machine meets another host key."""
    await batch.begin()
    await batch.until_running()
    faults = await _on_all(batch, "ssh-host-key-changed")
    await _end(batch, await _on_all(batch, "ssh-refused"))  # whoever is connected has to come back
    await _all_tell(batch, "host key")
    if not lasting:
        await _end(batch, faults)
        batch.go()
    await batch.until_over()
    return batch.names


async def _stopped(batch: Batch) -> Names:
    """Somebody stops the instance in Novita's console."""
    await batch.begin()
    await batch.until_running()
    for instance_id in (await batch.instances()).values():
        await batch.at.novita.force(instance_id, status="exited")
    await batch.until_over()
    return batch.names


async def _reclaimed(batch: Batch) -> Names:
    """Novita takes a spot instance back."""
    await batch.begin(billing="Spot")
    await batch.until_running()
    for instance_id in (await batch.instances()).values():
        await batch.at.novita.force(instance_id, reclaim=True, noticeSeconds=0)
    await batch.until_over()
    return batch.names


async def _deleted(batch: Batch) -> Names:
    """Somebody deletes the job while its program runs."""
    await batch.begin()
    await batch.until_running()
    for name in batch.names:
        await batch.jobs.owners.delete(name)
    await batch.until_released()
    await batch.until_over()
    return batch.names


async def _too_late(batch: Batch) -> Names:
    """The job's time is over while its program runs."""
    await batch.begin()
    await batch.until_running()
    for name in batch.names:
        await batch.jobs.owners.edit(name, activeDeadlineSeconds=1)
    await batch.until_over()
    return batch.names


async def _on_all(batch: Batch, kind: str) -> list[int]:
    """Turn a fault on for the machine of each job."""
    instances = await batch.instances()
    assert instances.keys() == batch.names, "a job has no machine"
    return [await batch.at.novita.fault(kind, match={"instanceId": each}) for each in instances.values()]


async def _end(batch: Batch, faults: list[int]) -> None:
    for number in faults:
        await batch.at.novita.end_faults(number)


async def _all_tell(batch: Batch, words: str) -> None:
    """Until each job has said so of its machine, at one time or another."""
    told: set[str] = set()

    async def all_told() -> bool:
        bodies = await batch.bodies()
        told.update(name for name, body in bodies.items() if words in condition(body, "Ready").get("message", ""))
        return told >= batch.names

    await waiting.until(all_told, f"all jobs tell: {words}", seconds=batch.at.stage.patience, explain=batch.explain)


_AGAIN = Expected(attempts=2)

UNDISTURBED = Disturbance("undisturbed", _nothing)
KILLED_AFTER_A_START = Disturbance("killed after a start", _killed_after_a_start)
DISTURBANCES = (
    Disturbance("another host key for good", partial(_another_key, lasting=True), _AGAIN),
    UNDISTURBED,
    *(Disturbance(f"operator killed at {point}", partial(_killed_at, point)) for point in POINTS),
    Disturbance("operator killed while it runs", _killed_while_it_runs),
    Disturbance("ssh cut", _cut),
    Disturbance("ssh late", _late),
    Disturbance("ssh away", _away),
    Disturbance("another host key for a while", partial(_another_key, lasting=False)),
    Disturbance("instance stopped in the console", _stopped, _AGAIN),
    Disturbance("spot instance reclaimed", _reclaimed, _AGAIN),
    Disturbance("job deleted", _deleted, Expected("Deleted")),
    Disturbance("deadline", _too_late, Expected("Deadline")),
)
