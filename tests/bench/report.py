"""RESULTS.md: what was found, as tables, and each goal beside its figure."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping

from tests.bench import goals
from tests.bench.contenders import NAIVE, OURS
from tests.bench.figures import Churn, Life
from tests.bench.results import Results, growth, slope

_ROWS: tuple[tuple[str, Callable[[Life], float]], ...] = (
    ("all Ready, s", lambda life: life.ready_seconds),
    ("floor: bare HTTP without an operator, s", lambda life: life.floor_seconds),
    ("ratio to that floor", lambda life: life.ready_seconds / life.floor_seconds),
    ("created to Ready p50, s", lambda life: life.to_ready.p50),
    ("created to Ready p99, s", lambda life: life.to_ready.p99),
    ("created to first write p50, s", lambda life: life.touched.p50),
    ("created to first write p95, s", lambda life: life.touched.p95),
    ("created to first write p99, s", lambda life: life.touched.p99),
    ("running at Novita to Ready p50, s", lambda life: life.noticed.p50),
    ("running at Novita to Ready p95, s", lambda life: life.noticed.p95),
    ("running at Novita to Ready p99, s", lambda life: life.noticed.p99),
    ("Novita calls per object to Ready", lambda life: life.calls_to_ready),
    ("Novita calls per object and hour, steady", lambda life: life.steady_calls_per_hour),
    ("API writes per object to Ready, Events apart", lambda life: life.writes_to_ready),
    ("Events per object to Ready", lambda life: life.events_to_ready),
    ("API writes in a steady minute, all objects", lambda life: life.steady_writes),
    ("CPU s to Ready", lambda life: life.cpu_to_ready),
    ("CPU steady, % of a core", lambda life: life.steady_cpu_percent),
    ("RSS idle, MiB", lambda life: life.rss_idle),
    ("RSS with all Ready, MiB", lambda life: life.rss_ready),
    ("RSS peak, MiB", lambda life: life.rss_peak),
    ("restart: first object looked at, s", lambda life: life.restart_seconds),
    ("restart: API writes", lambda life: life.restart_writes),
    ("restart: Novita calls in 20 s", lambda life: life.restart_calls),
    ("all deleted, s", lambda life: life.delete_seconds),
    ("API writes per object to delete", lambda life: life.delete_writes),
    ("Novita calls per object to delete", lambda life: life.delete_calls),
    ("instances rented", lambda life: life.created),
    ("left billing at the end", lambda life: life.left_billing),
)
_GROWING: tuple[tuple[str, Callable[[Life], float]], ...] = (
    ("time to Ready", lambda life: life.ready_seconds),
    ("CPU to Ready", lambda life: life.cpu_to_ready),
    ("RSS above idle", lambda life: life.rss_ready - life.rss_idle),
    ("time to delete", lambda life: life.delete_seconds),
)
_HOUR = 3600


def markdown(results: Results) -> str:
    """The whole page."""
    parts = [_head(results), goals.table(results), _lives(results), _growths(results), _limits(results)]
    parts += [_poison(results), _churn(results.churn), _counts(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(results: Results) -> str:
    low, high = min(results.noise), max(results.noise)
    return (
        "# Measured\n\n"
        f"{os.cpu_count()} cores, Python {platform.python_version()}: a real API server with etcd, the simulator, the "
        "operator and the bench share them. Only ratios within one run mean anything. Noise: the same piece of work, "
        f"timed before each run, took between 1 and {high / low:.2f} times its shortest time. `make bench` writes this "
        "file, `make bench-large` with 10,000 objects as well. `naive kopf` is `peers/naive_kopf/naive.py`, the "
        "operator that kopf's tutorial leads to; it posts no Events and writes no Secret."
    )


def _lives(results: Results) -> str:
    if not results.lives:
        return ""
    pairs = _pairs(results)
    names = [f"{life.contender}, {life.objects:,}" for life in results.lives]
    names += [f"naive ÷ ours, {ours.objects:,}" for ours, _ in pairs]
    lines = ["## No limit", "", "| | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    for what, figure in _ROWS:
        cells = [_shown(figure(life)) for life in results.lives]
        cells += [_ratio(figure(naive), figure(ours)) for ours, naive in pairs]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _pairs(results: Results) -> list[tuple[Life, Life]]:
    by = {(life.contender, life.objects): life for life in results.lives}
    sizes = dict.fromkeys(life.objects for life in results.lives)
    return [(by[OURS.name, n], by[NAIVE.name, n]) for n in sizes if (OURS.name, n) in by and (NAIVE.name, n) in by]


def _growths(results: Results) -> str:
    lines = []
    for name, lives in results.by_contender().items():
        if len(lives) > 1:
            found = ", ".join(f"{what} {growth(lives, figure):.2f}" for what, figure in _GROWING)
            lines.append(f"- {name}, {lives[0].objects:,} to {lives[-1].objects:,}: {found}")
    return "Growth, as the fitted exponent of the number of objects:\n\n" + "\n".join(lines) if lines else ""


def _limits(results: Results) -> str:
    if not results.limited:
        return ""
    head = (
        f"## A limit of {results.limited[0].requests_per_minute:,} calls a minute\n\n"
        "The floor is arithmetic: the calls that one object cannot do without, through the limit, and the simulator's "
        "own time from create to running. To Ready that is a create call and one read, since Novita's lists lack the "
        "connection; to the end of its bill one delete; to be let go also one read by id and one list by name that "
        "show it gone. Beside it, what one call for each object would take.\n\n"
        "| objects | | s | calls | floor, s | ratio | one call, s | ratio |\n|--:|---|--:|--:|--:|--:|--:|--:|\n"
    )
    rows = [
        f"| {each.objects:,} | {what} | {timed.seconds:.1f} | {timed.calls} | {timed.floor:.1f} | {timed.ratio:.2f} "
        f"| {timed.one_call:.1f} | {timed.seconds / timed.one_call:.2f} |"
        for each in results.limited
        for what, timed in (("all Ready", each.ready), ("nothing billed", each.unbilled), ("all gone", each.gone))
    ]
    billing = sum(each.left_billing for each in results.limited)
    return head + "\n".join(rows) + f"\n\nLeft billing in the ledger: {billing}."


def _poison(results: Results) -> str:
    found = results.poison
    if found is None:
        return ""
    return (
        f"## Poison\n\n{found.good} objects that work beside {found.poisoned} that never will: created to Ready p99 "
        f"{found.p99_with:.2f} s, beside as many good ones {found.p99_without:.2f} s "
        f"(ratio {found.p99_with / found.p99_without:.2f}). Two runs each: plain, poisoned, poisoned, plain."
    )


def _churn(found: Churn | None) -> str:
    if found is None:
        return ""
    rows = zip(range(1, len(found.rss) + 1), found.rss, found.tasks, found.files, strict=True)
    lines = [f"| {cycle} | {rss:.1f} | {tasks} | {files} |" for cycle, rss, tasks, files in rows]
    late = slice(len(found.rss) // 2, None)
    return (
        f"## Churn\n\n{found.objects:,} objects made, Ready, deleted and gone, {len(found.rss)} times in "
        f"{found.seconds:.0f} s ({_HOUR / found.seconds:.1f} times as fast as once in five minutes); "
        f"{found.left_billing} left billing. Rise from cycle to cycle, fitted over all and over the second half: "
        f"RSS {slope(found.rss):+.2f} and {slope(found.rss[late]):+.2f} MiB, "
        f"tasks {slope(found.tasks):+.2f} and {slope(found.tasks[late]):+.2f}, "
        f"file descriptors {slope(found.files):+.2f} and {slope(found.files[late]):+.2f}.\n\n"
        "| after cycle | RSS, MiB | tasks | file descriptors |\n|--:|--:|--:|--:|\n" + "\n".join(lines)
    )


def _counts(results: Results) -> str:
    lines = [
        f"- {life.contender}, {life.objects:,}: to Ready {_list(life.writes)}; {_list(life.calls)}; "
        f"to delete {_list(life.writes_to_delete)}"
        for life in results.lives
    ]
    return "Writes and calls per object:\n\n" + "\n".join(lines) if lines else ""


def _list(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{what} {count:g}" for what, count in counts.items() if count > 0)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.2f}"


def _ratio(naive: float, ours: float) -> str:
    return f"{naive / ours:.2f}" if ours > 0 else "-"
