"""`top`: how busy GPUs, memory and disks are, by Novita's metrics; live if asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.kube.reading import Reader
from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Curve
from novita_operator.plugin import cluster, load, money, novita, printing, rows, targets
from novita_operator.plugin.cluster import Scope
from novita_operator.plugin.load import Load
from novita_operator.plugin.options import Everywhere, Format, Namespace, Output, machines

_LOOK_SECONDS = 15.0  # Novita measures no more often
_USED = f"{load.SPAN.total_seconds() / 60:.0f} MIN"
_COLUMNS = ("NAME", "GPUS", f"GPU, {_USED}", f"GPU MEMORY, {_USED}", "CPU", "MEMORY", "DISK", "MEASURED")
_FIGURES = _COLUMNS[2:7]
_IDLE, _FULL = 5, 90  # percent

Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="GPUInstances, gpuset/NAME, gpuset/NAME-N, gpujob/NAME; without one, all that run.",
        autocompletion=machines,
    ),
]


def top(
    names: Names = None,
    namespace: Namespace = None,
    *,
    all_namespaces: Everywhere = False,
    selector: Annotated[str, typer.Option("-l", "--selector", help="Only GPUInstances with these labels.")] = "",
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Keep looking until Ctrl-C, on a terminal.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """How busy GPUs, memory and disks are. Asks Novita: needs NOVITA_API_KEY."""
    if names and (selector or all_namespaces):
        raise typer.BadParameter("say names, or -l and -A.")
    if watch and output is Format.JSON:
        raise typer.BadParameter("--watch draws a table; leave it out for JSON.")
    scope = Scope(namespace, all_namespaces)
    read = _Reading(scope, tuple(names or ()), selector)
    console = printing.console()
    if watch and console.is_terminal:
        with Live(Text(""), console=console, auto_refresh=False) as live:
            while True:
                live.update(_board(read(), datetime.now(UTC), everywhere=all_namespaces), refresh=True)
                time.sleep(_LOOK_SECONDS)
    found = read()
    if output is Format.JSON:
        printing.as_json([each.to_json() for each in found])
    else:
        printing.show(_board(found, datetime.now(UTC), everywhere=all_namespaces))


class _Reading:
    """One look at all that is asked for, each time it is called."""

    def __init__(self, scope: Scope, names: Sequence[str], selector: str) -> None:
        self._scope = scope
        self._names = names
        self._selector = selector

    def __call__(self) -> list[Load]:
        found = cluster.ask(self._machines)
        return novita.ask(lambda client: _measured(client, found)) if found else []

    async def _machines(self, reader: Reader) -> list[GPUInstance]:
        if self._names:
            named = [each for name in self._names for each in await targets.instances(reader, self._scope, name)]
            return list({each.meta.uid: each for each in named}.values())
        bodies = await reader.selected(cluster.INSTANCES, self._scope.several(reader), self._selector)
        found = (GPUInstance.parse(body) for body in bodies)
        runs = (each for each in found if money.is_billed(each.status))
        return sorted(runs, key=lambda each: (each.meta.namespace, each.meta.name))


async def _measured(client: NovitaAccountClient, found: Sequence[GPUInstance]) -> list[Load]:
    now = datetime.now(UTC)
    return await asyncio.gather(*(_load(client, each, now) for each in found))


async def _load(client: NovitaAccountClient, found: GPUInstance, now: datetime) -> Load:
    phase, instance_id = found.status.phase or "not looked at yet", found.status.instance_id
    if instance_id is None or not money.is_billed(found.status):
        return Load(found, remark=phase)
    try:
        usage = await client.usage(instance_id, now - load.SPAN, int(load.EVERY.total_seconds()))
    except errors.NotFound:
        return Load(found, remark="Novita does not know it by this key")
    measured = Load(found, usage)
    return measured if measured.measured_at is not None else replace(measured, remark=f"nothing yet ({phase})")


def _board(found: Sequence[Load], now: datetime, *, everywhere: bool) -> RenderableType:
    if not found:
        return Text("Nothing runs." if everywhere else "Nothing runs here; -A looks everywhere.")
    drawn: Table = printing.table(*(("NAMESPACE", *_COLUMNS) if everywhere else _COLUMNS), right=_FIGURES)
    for each in found:
        cells = _cells(each, now)
        drawn.add_row(*((printing.cell(each.instance.meta.namespace), *cells) if everywhere else cells))
    return drawn


def _cells(found: Load, now: datetime) -> tuple[Text, ...]:
    usage = found.usage
    return (
        printing.cell(found.instance.meta.name, "bold"),
        printing.cell(rows.row(found.instance, now).gpu),
        _used(usage.gpu, found.spark(usage.gpu), idle=True),
        _used(usage.gpu_memory, found.spark(usage.gpu_memory)),
        _used(usage.cpu),
        _used(usage.memory),
        _used(usage.disk),
        printing.cell(_measured_when(found, now), "" if not found.remark else "yellow"),
    )


def _measured_when(found: Load, now: datetime) -> str:
    last = found.measured_at
    return found.remark if last is None else f"{printing.age(now - last)} ago"


def _used(curve: Curve, spark: str = "", *, idle: bool = False) -> Text:
    percent = load.latest(curve)
    if percent is None:
        return Text("-", style="dim")
    style = "red" if percent >= _FULL and not idle else "yellow" if idle and percent < _IDLE else "green"
    text = Text(f"{spark} " if spark else "", style=style)
    return text.append(f"{percent:3.0f}%", style=style)
