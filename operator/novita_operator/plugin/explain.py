"""`explain NAME`: the story of one instance, why it is as it is, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, completing, money, printing, rows, timeline
from novita_operator.plugin.cluster import Scope
from novita_operator.plugin.options import Format, Namespace, Output
from novita_operator.plugin.timeline import Entry

# The ones that say something is wrong while they are true.
_ABNORMAL = frozenset({"Stalled", "SpotReclaiming", "Drifted", "DuplicatesRemoved", "PriceAboveLimit", "DataAtRisk"})


@dataclass(frozen=True, slots=True)
class Story:
    """One instance with all that is known of it."""

    instance: GPUInstance
    entries: Sequence[Entry]
    ahead: Sequence[Entry]
    now: datetime

    def to_json(self) -> dict[str, Any]:
        status = self.instance.status
        return rows.row(self.instance, self.now).to_json() | {
            "selection": status.selection,
            "timeline": [entry.to_json() for entry in self.entries],
            "conditions": [condition.to_wire() for condition in status.conditions],
            "next": [entry.to_json() for entry in self.ahead],
        }


def explain(
    name: Annotated[str, typer.Argument(autocompletion=completing.instances)],
    namespace: Namespace = None,
    *,
    output: Output = Format.TABLE,
) -> None:
    """What happened to one instance, from its request to now, and what comes next. Exit code 1 where it is stuck."""
    story = cluster.ask(lambda reader: _read(reader, Scope(namespace), name))
    if output is Format.JSON:
        printing.as_json(story.to_json())
    else:
        printing.show(_drawn(story))
    if rows.row(story.instance, story.now).stalled:
        raise typer.Exit(1)


async def _read(reader: Reader, scope: Scope, name: str) -> Story:
    instance = await cluster.instance(reader, scope, name)
    # By UID: an earlier object of the same name has a story of its own.
    events = await reader.events(instance.meta.namespace, {"involvedObject.uid": instance.meta.uid})
    now = datetime.now(UTC)
    return Story(instance, timeline.entries(instance, events), timeline.ahead(instance.status, now), now)


def _drawn(story: Story) -> RenderableType:
    return Group(*_parts(story))


def _parts(story: Story) -> Iterator[RenderableType]:
    row = rows.row(story.instance, story.now)
    meta = story.instance.meta
    yield printing.cell(f"GPUInstance {meta.namespace}/{meta.name}: {row.phase}, {row.gpu}", "bold")
    yield Text("")
    yield _table(story.entries, meta.created_at)
    yield from _section("Now", _now(story))
    if story.instance.status.selection:
        yield from _section("Why this product and region", [printing.cell(story.instance.status.selection)])
    if story.ahead:
        coming = (f"{entry.at:%Y-%m-%d %H:%M:%S} UTC: {entry.text}" for entry in story.ahead)
        yield from _section("Next", [printing.cell(text) for text in coming])


def _table(entries: Sequence[Entry], began: datetime) -> RenderableType:
    drawn = printing.table("TIME (UTC)", "AFTER", "WHAT", "IN WORDS", right=("AFTER",))
    for entry in entries:
        style = "red" if entry.warning else "cyan"
        drawn.add_row(
            printing.cell(f"{entry.at:%m-%d %H:%M:%S}", "dim"),
            printing.cell(printing.age(entry.at - began)),
            printing.cell(entry.what, style),
            printing.cell(entry.text),
        )
    return drawn


def _section(title: str, lines: Sequence[RenderableType]) -> Iterator[RenderableType]:
    yield Text("")
    yield printing.cell(title, "bold")
    for line in lines:
        yield Text("  ").append_text(line) if isinstance(line, Text) else line


def _now(story: Story) -> list[RenderableType]:
    status = story.instance.status
    if not status.conditions:
        return [printing.cell("The operator has not looked at this object yet. Does it run, and watch this namespace?")]
    lines: list[RenderableType] = [_condition(each, story.now) for each in _speaking(status.conditions)]
    lines.append(
        printing.cell(
            f"Cost: {money.cents(money.price(status))} USD/h now, {money.so_far(status, story.now):.4f} USD so far "
            "(GPU time only; Novita's bill decides)."
        )
    )
    if status.attempts and status.attempts > 1:
        lines.append(printing.cell(f"Create calls made for this object: {status.attempts}."))
    return lines


def _speaking(found: Sequence[Condition]) -> list[Condition]:
    """What is wrong first; of several that say the same in the same words, the first is enough."""
    by_message: dict[str, Condition] = {}
    for each in sorted(filter(_speaks, found), key=lambda condition: condition.type not in _ABNORMAL):
        by_message.setdefault(each.message, each)
    return list(by_message.values())


def _speaks(condition: Condition) -> bool:
    """Ready always; the others where they say that something is not as it should be."""
    if condition.type in _ABNORMAL:
        return condition.status == "True"
    return condition.type == "Ready" or (condition.status != "True" and condition.type != "Reconciling")


def _condition(condition: Condition, now: datetime) -> Text:
    good = condition.status == "True" and condition.type not in _ABNORMAL
    since = printing.age(now - condition.last_transition_time)
    text = f"{condition.type}={condition.status} ({condition.reason}) for {since}: {condition.message}"
    return printing.cell(text, "green" if good else "yellow")
