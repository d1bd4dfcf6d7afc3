"""The table, as Markdown."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.row import Row
from tests.faults.rows import catalog
from tests.faults.tally import Tally, percentile, total
from tests.faults.world import DELAYS, LIST_LAG_SECONDS

_HEAD = (
    "| row | cases fired | not fired | twice, outside the window | twice, inside | forgotten | wrongly deleted "
    "| unguarded | untrue | started twice | wrong outcome | need a person | not judged | orphan GPU-s max | p99 "
    "| heal s p50 | max | commit | reproduce |\n"
    f"{'|---' * 19}|"
)

_LEGEND = """\
Written by `make faults` (`python -m tests.faults run`); a row that is run alone takes the place of its last run.
Real operator processes, a real kube-apiserver and etcd; the
simulated Novita's append-only ledger is the judge.

- A case counts only if its crash or fault was proven to have happened: a crash by the mark file that the process wrote
  at that moment, a fault by the count of the server that produced it (of reads, at most one per object).
- *Twice*: names that two live instances bore at one instant. The documented window: a create that Novita carries out
  later than the list lag after its connection died. What happens inside it must heal by itself.
- *Forgotten*: live instances without an object when everything had settled.
- *Unguarded*: live instances that no object with a finalizer held for more than 5 s while an operator worked; *untrue*:
  objects that said Ready for as long while their instance was gone. A judge beside every case looks each second.
- *Started twice*: programs of jobs that were started more than once in one attempt, by the marks that they leave on
  their machines; *wrong outcome*: jobs whose outcome, exit code, signal or kept output is not that of their program.
- *Need a person*: objects that did not get where they were going within 150 s, and accounts that were frozen.
- *Orphan GPU-seconds*, per instance: billed time before an object's status held its id, or after the object was gone.
  An undisturbed create has some, too: the time from the call to the status.
- *Commit*: what the row was run on last; "earlier": before rows kept that.
- *Heal*: from a crash to the moment when every object of its case was where it was going, later crashes included.
- The world is sped up as one: list lag {lag:g} s instead of 60 s, polls every 0.25 s in transition, Novita's delays:
  {delays}. A row that says otherwise in its title uses its own.
"""


@dataclass(frozen=True)
class Done:
    """A row that was run: `ran` of its cases. `failed`: the labels of those that were judged and not clean.

    `commit`: of the operator; "" where it was not kept.
    """

    row: Row
    tally: Tally
    seconds: float
    ran: int
    failed: tuple[str, ...] = ()
    commit: str = ""

    @property
    def title(self) -> str:
        """As the table has it: a row that was run in part says so."""
        whole = len(self.row.cases)
        return self.row.title if self.ran == whole else f"{self.row.title} ({self.ran} of {whole} cases)"

    @property
    def as_it_must_be(self) -> bool:
        """Clean; or caught at what it must not do, where the row is there to be caught."""
        tally = self.tally
        return bool(tally.fired and tally.caught) if self.row.must_fail else tally.clean


def write(done: Sequence[Done], facts: Mapping[str, str]) -> str:
    """The whole file."""
    promised = [each for each in done if not each.row.must_fail]
    witnesses = [each for each in done if each.row.must_fail]
    sums = total(each.tally for each in promised)
    parts = [
        "# Faults: what was broken on purpose, and what came of it",
        _preamble(facts),
        "## The operator",
        "\n".join([_HEAD, *(_line(each) for each in promised), _cells("total", sums, "", "")]),
    ]
    if witnesses:
        parts += [
            "## What has to fail: the same judge on operators that lack something",
            "\n".join([_HEAD, *(_line(each) for each in witnesses)]),
        ]
    notes = [f"- {each.row.name}: {note}" for each in done for note in each.tally.notes]
    if notes:
        parts += ["## Measured", "\n".join(notes)]
    return "\n\n".join(parts) + "\n"


def _preamble(facts: Mapping[str, str]) -> str:
    delays = ", ".join(f"{name} {seconds:g} s" for name, seconds in DELAYS.items())
    told = [f"- {name}: {value}" for name, value in facts.items()]
    return "\n".join([_LEGEND.format(lag=LIST_LAG_SECONDS, delays=delays), *told])


def kept(path: Path) -> list[Done]:
    """What earlier runs have found, in the order of the catalogue; rows that exist no more are left out."""
    stored = json.loads(path.read_text()) if path.exists() else {}
    return [_from_json(row, stored[row.name]) for row in catalog.ROWS if row.name in stored]


def keep(path: Path, done: Done, *, beside: bool) -> None:
    """Put a row in the place of what earlier runs have found of it; or `beside` it, where other cases were run."""
    stored = json.loads(path.read_text()) if path.exists() else {}
    name = done.row.name
    if beside and name in stored:
        done = _both(_from_json(done.row, stored[name]), done)
    stored[name] = _to_json(done)
    path.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")


def _both(one: Done, other: Done) -> Done:
    failed = (*one.failed, *other.failed)
    commits = ", ".join(dict.fromkeys([*one.commit.split(", "), other.commit]))
    return Done(one.row, one.tally + other.tally, one.seconds + other.seconds, one.ran + other.ran, failed, commits)


def _to_json(done: Done) -> dict[str, Any]:
    found = asdict(done.tally)
    for name in ("orphaned", "heal"):
        # One string: as a list each number would be a line of the file.
        found[name] = " ".join(f"{value:.2f}" for value in found[name])
    return {
        "seconds": round(done.seconds),
        "ran": done.ran,
        "commit": done.commit,
        "tally": found,
        "failed": sorted(done.failed),
    }


def _from_json(row: Row, stored: Mapping[str, Any]) -> Done:
    found = dict(stored["tally"])
    for name in ("orphaned", "heal"):
        found[name] = tuple(float(value) for value in found[name].split())
    for name in ("notes", "complaints"):
        found[name] = tuple(found[name])
    ran, failed = stored.get("ran", len(row.cases)), tuple(stored.get("failed", ()))
    return Done(row, Tally(**found), stored["seconds"], ran, failed, stored.get("commit", ""))


def commit(checkout: Path) -> str:
    """Of the operator in this checkout; "" where that cannot be told."""
    asked = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def machine() -> dict[str, str]:
    """What the figures of time depend on."""
    return {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}"
    }


def _line(done: Done) -> str:
    command = f"`python -m tests.faults run --only {done.row.name}`"
    return _cells(done.title, done.tally, done.commit or "earlier", command)


def _cells(title: str, tally: Tally, commit: str, command: str) -> str:
    cells = [
        title,
        tally.fired,
        tally.not_fired,
        tally.outside,
        tally.inside,
        tally.forgotten,
        tally.wrong,
        tally.unguarded,
        tally.untrue,
        tally.restarted,
        tally.misjudged,
        tally.person,
        tally.unjudged,
        _figure(max(tally.orphaned, default=None)),
        _figure(percentile(tally.orphaned, 0.99)),
        _figure(percentile(tally.heal, 0.5)),
        _figure(max(tally.heal, default=None)),
        commit,
        command,
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
