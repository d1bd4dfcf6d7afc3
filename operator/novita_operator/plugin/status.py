"""`status`: a line per instance, live if asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, money, printing, rows
from novita_operator.plugin.cluster import Scope
from novita_operator.plugin.options import Everywhere, Format, Namespace, Output
from novita_operator.plugin.rows import Row

# Between two reads of --watch: an instance needs seconds for each step, and the API server is everybody's.
_LOOK_SECONDS = 2.0
_COLUMNS = ("NAME", "PHASE", "PROGRESS", "GPU", "REGION", "$/H", "COST", "AGE", "WHAT THE OPERATOR SAYS")
_MONEY = ("$/H", "COST")
_STYLES = {"Running": "green", "Stopped": "dim", "Failed": "red", "Deleting": "magenta", "Stopping": "magenta"}


def status(
    namespace: Namespace = None,
    *,
    all_namespaces: Everywhere = False,
    output: Output = Format.TABLE,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Keep looking until Ctrl-C.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Write the table as a picture to this file as well.")] = None,
) -> None:
    """Every instance: how far it is, what it costs. Exit code 1 where one of them needs a person."""
    scope = Scope(namespace, all_namespaces)
    if watch and output is Format.JSON:
        raise typer.BadParameter("--watch draws a table; for programs there is `kubectl get gpui --watch -o json`")
    if watch:
        cluster.ask(lambda reader: _watched(reader, scope))
        return
    found, accounts = cluster.ask(lambda reader: _read(reader, scope))
    if output is Format.JSON:
        printing.as_json([row.to_json() for row in found])
    elif not found:
        printing.say("No GPUInstances found." if all_namespaces else "No GPUInstances found; -A looks everywhere.")
    else:
        drawn = board(found, accounts, datetime.now(UTC), everywhere=all_namespaces)
        printing.show(drawn)
        if svg is not None:
            printing.picture(drawn, svg, "kubectl novita status")
    if any(row.stalled for row in found):
        raise typer.Exit(1)


async def _read(reader: Reader, scope: Scope) -> tuple[list[Row], list[NovitaAccount]]:
    found = await cluster.instances(reader, scope)
    now = datetime.now(UTC)
    return [rows.row(each, now) for each in found], await cluster.accounts(reader) or []


async def _watched(reader: Reader, scope: Scope) -> None:
    console = printing.console()
    seen: dict[str, tuple[str, str]] = {}
    with Live(Text(""), console=console, auto_refresh=False) as live:
        while True:
            found, accounts = await _read(reader, scope)
            if console.is_terminal:
                live.update(board(found, accounts, datetime.now(UTC), everywhere=scope.everywhere), refresh=True)
            else:
                _tell_changes(found, seen)
            await asyncio.sleep(_LOOK_SECONDS)


def _tell_changes(found: Sequence[Row], seen: dict[str, tuple[str, str]]) -> None:
    """A line per change where there is no terminal to draw on."""
    for row in found:
        state = (row.phase, row.message)
        if seen.get(row.instance.meta.uid) != state:
            seen[row.instance.meta.uid] = state
            printing.say(f"{row.instance.meta.namespace}/{row.name}  {row.phase}  {row.message}")


def board(
    found: Sequence[Row], accounts: Sequence[NovitaAccount], now: datetime, *, everywhere: bool
) -> RenderableType:
    """The table with its totals."""
    columns = ("NAMESPACE", *_COLUMNS) if everywhere else _COLUMNS
    drawn = printing.table(*columns, right=_MONEY)
    for row in found:
        cells = _cells(row, now)
        drawn.add_row(*((printing.cell(row.instance.meta.namespace), *cells) if everywhere else cells))
    return Group(drawn, Text(""), printing.cell(_totals(found, accounts, now), "bold"))


def _cells(row: Row, now: datetime) -> tuple[Text, ...]:
    style = "red" if row.stalled else _STYLES.get(row.phase, "yellow")
    return (
        printing.cell(row.name, "bold"),
        printing.cell(row.phase, style),
        _progress(row.step),
        printing.cell(row.gpu),
        printing.cell(row.instance.status.region or "-"),
        printing.cell(row.per_hour),
        printing.cell(row.cost),
        printing.cell(printing.age(now - row.instance.meta.created_at)),
        printing.cell(row.message, "red" if row.stalled else ""),
    )


def _progress(step: int | None) -> Text:
    if step is None:
        return Text("-", style="dim")
    bar = Text("█" * step, style="green" if step == rows.STEPS else "yellow")
    return bar.append("░" * (rows.STEPS - step), style="dim").append(f" {step}/{rows.STEPS}", style="")


def _totals(found: Sequence[Row], accounts: Sequence[NovitaAccount], now: datetime) -> str:
    sum_ = money.total(money.bills((row.instance for row in found), now))
    ready = sum(row.ready for row in found)
    text = f"{printing.count(len(found), 'instance')}, {ready} ready, {sum_.billed} billed: "
    text += f"{money.cents(sum_.per_hour)} USD/h, {sum_.so_far:.4f} USD so far"
    for account in accounts:
        if account.status.balance is not None:
            left = f", {account.status.hours_left} h left" if account.status.hours_left else ""
            text += f"; account {account.meta.name}: balance {account.status.balance} USD{left}"
    return text
