"""What was promised, beside what was found: a goal that is missed is said to be missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.contenders import NAIVE, OURS
from tests.bench.figures import Churn, Life, Limited, Poison
from tests.bench.results import Results, slope

_THOUSAND, _TEN_THOUSAND = 1_000, 10_000
_NEAR = 1.2  # times the floor
_MB = 10**6 / 2**20  # in MiB, which is what is measured: memory was promised in megabytes


@dataclass(frozen=True)
class Goal:
    """`found` is to be `at_most`."""

    what: str
    at_most: float
    found: float

    @property
    def row(self) -> str:
        kept = "yes" if self.found <= self.at_most else "**no**"
        return f"| {self.what} | ≤ {self.at_most:.4g} | {self.found:.2f} | {kept} |"


def table(results: Results) -> str:
    """Every goal that the run can judge."""
    rows = [goal.row for goal in _all(results)]
    return "\n".join(["| goal | | found | kept |", "|---|--:|--:|---|", *rows]) if rows else ""


def _all(results: Results) -> Iterator[Goal]:
    by = {(life.contender, life.objects): life for life in results.lives}
    if (ours := by.get((OURS.name, _THOUSAND))) is not None:
        yield from _of_thousand(ours)
        if (naive := by.get((NAIVE.name, _THOUSAND))) is not None:
            yield Goal("1,000 Ready, no limit: time ÷ naive", 1, ours.ready_seconds / naive.ready_seconds)
    if (ours := by.get((OURS.name, _TEN_THOUSAND))) is not None:
        yield Goal("10,000: RSS with all Ready, MiB (300 MB)", 300 * _MB, ours.rss_ready)
    for each in results.limited:
        if each.objects == _THOUSAND:
            yield from _of_limited(each)
    if results.poison is not None:
        yield _of_poison(results.poison)
    if results.churn is not None:
        yield from _of_churn(results.churn)


def _of_thousand(ours: Life) -> Iterator[Goal]:
    yield Goal("1,000: Novita calls per object to Ready", 4, ours.calls_to_ready)
    yield Goal("1,000: Novita calls per object and hour, steady", 2, ours.steady_calls_per_hour)
    yield Goal("1,000: API writes per object to Ready, Events apart", 6, ours.writes_to_ready)
    yield Goal("1,000: API writes per object to delete", 3, ours.delete_writes)
    yield Goal("1,000: API writes in a steady minute", 0, ours.steady_writes)
    yield Goal("1,000: RSS with all Ready, MiB (120 MB)", 120 * _MB, ours.rss_ready)
    yield Goal("1,000: CPU steady, % of a core", 2, ours.steady_cpu_percent)
    yield Goal("1,000: API writes after a restart", 0, ours.restart_writes)
    yield Goal("1,000: first object looked at after a restart, s", 5, ours.restart_seconds)
    yield Goal("1,000: left billing", 0, ours.left_billing)


def _of_limited(found: Limited) -> Iterator[Goal]:
    yield Goal("1,000 Ready under a limit: time ÷ floor", _NEAR, found.ready.ratio)
    yield Goal("1,000 deleted under a limit, until nothing is billed: time ÷ floor", _NEAR, found.unbilled.ratio)
    yield Goal("1,000 deleted under a limit, until the objects are gone: time ÷ floor", _NEAR, found.gone.ratio)
    yield Goal("1,000 deleted under a limit: left billing", 0, found.left_billing)


def _of_poison(found: Poison) -> Goal:
    return Goal("p99 of 900 beside 100 poisoned ÷ beside 100 good", 1.1, found.p99_with / found.p99_without)


def _of_churn(found: Churn) -> Iterator[Goal]:
    late = slice(len(found.rss) // 2, None)
    yield Goal("churn: RSS per cycle, second half, MiB", 0.5, slope(found.rss[late]))
    yield Goal("churn: tasks per cycle, second half", 0.5, slope(found.tasks[late]))
    yield Goal("churn: file descriptors per cycle, second half", 0.5, slope(found.files[late]))
