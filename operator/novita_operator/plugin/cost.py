"""`cost`: what each namespace spends now, in a day, in a month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, money, printing
from novita_operator.plugin.cluster import Scope
from novita_operator.plugin.money import Bill
from novita_operator.plugin.options import Everywhere, Format, Namespace, Output

_BAR = 30  # columns of the longest bar
_WHAT_COUNTS = (
    "USD; GPU time of the objects that exist now. Disks and objects that are deleted are not in it: "
    "Novita's bill decides."
)
_MONEY = ("OBJECTS", "BILLED", "$/H NOW", "$/DAY", "$/MONTH", "SO FAR")


def cost(namespace: Namespace = None, *, all_namespaces: Everywhere = False, output: Output = Format.TABLE) -> None:
    """What the GPUInstances that exist cost now, and in a day and a month if it goes on like this."""
    scope = Scope(namespace, all_namespaces)
    bills, accounts = cluster.ask(lambda reader: _read(reader, scope))
    if output is Format.JSON:
        printing.as_json([_to_json(bill) for bill in bills])
        return
    if not bills:
        printing.say("No GPUInstances: nothing is rented through this operator here.")
        return
    printing.show(Group(_table(bills), Text(""), *map(printing.cell, _remarks(accounts))))


async def _read(reader: Reader, scope: Scope) -> tuple[list[Bill], list[NovitaAccount]]:
    found = await cluster.instances(reader, scope)
    return money.bills(found, datetime.now(UTC)), await cluster.accounts(reader) or []


def _table(bills: Sequence[Bill]) -> Table:
    drawn = printing.table("NAMESPACE", *_MONEY, "SHARE", right=_MONEY)
    highest = max(bill.per_hour for bill in bills)
    for bill in bills:
        drawn.add_row(printing.cell(bill.namespace), *_figures(bill), _bar(bill.per_hour, highest))
    if len(bills) > 1:
        drawn.add_row(Text("all", style="bold"), *_figures(money.total(bills)), Text(""))
    return drawn


def _figures(bill: Bill) -> tuple[Text, ...]:
    figures = (
        str(bill.objects),
        str(bill.billed),
        money.cents(bill.per_hour),
        money.cents(bill.per_day),
        money.cents(bill.per_month),
        f"{bill.so_far:.4f}",
    )
    return tuple(Text(figure) for figure in figures)


def _bar(value: Decimal, highest: Decimal) -> Text:
    length = round(_BAR * value / highest) if highest else 0
    return Text("█" * length, style="green")


def _remarks(accounts: Sequence[NovitaAccount]) -> list[str]:
    remarks = [_WHAT_COUNTS]
    for account in accounts:
        status = account.status
        if status.balance is not None and status.price_per_hour is not None:
            left = f", which lasts {status.hours_left} h" if status.hours_left else ""
            remarks.append(
                f"Account {account.meta.name}: everything at Novita costs {status.price_per_hour} USD/h; "
                f"balance {status.balance} USD{left}."
            )
    return remarks


def _to_json(bill: Bill) -> dict[str, object]:
    return {
        "namespace": bill.namespace,
        "objects": bill.objects,
        "billed": bill.billed,
        "perHour": money.cents(bill.per_hour),
        "perDay": money.cents(bill.per_day),
        "perMonth": money.cents(bill.per_month),
        "soFar": f"{bill.so_far:.4f}",
    }
