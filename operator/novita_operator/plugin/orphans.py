"""`orphans`: instances that carry this cluster's mark and belong to no object; list, adopt, delete."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
import yaml

from novita_operator.api import conditions, meta
from novita_operator.api.novita_account.reasons import ConditionType, Reason
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.novita_account.status import Orphan
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, money, printing
from novita_operator.plugin.cluster import ACCOUNTS, Wrong
from novita_operator.plugin.options import Format, Output

app = typer.Typer(invoke_without_command=True, add_completion=False)
Account = Annotated[str, typer.Option("--account", help="Name of the NovitaAccount.")]
_BEYOND = {Reason.IDENTITY_SHARED, Reason.CLUSTER_ID_CHANGED, Reason.RETAINED_UNKNOWN}
_SHORT = 8  # characters of the id in a proposed name


@dataclass(frozen=True, slots=True)
class Found:
    """One orphan and who pays for it."""

    account: NovitaAccount
    orphan: Orphan

    def to_json(self) -> dict[str, Any]:
        return {"account": self.account.meta.name} | self.orphan.to_wire()


@app.callback()
def orphans(context: typer.Context, *, output: Output = Format.TABLE) -> None:
    """Instances that belong to no object and cost money all the same. Exit code 1 where there are any."""
    if context.invoked_subcommand is None:
        list_(output=output)


@app.command("list")
def list_(*, output: Output = Format.TABLE) -> None:
    """List them. Exit code 1 where there are any."""
    found = cluster.ask(_read)
    if output is Format.JSON:
        printing.as_json([each.to_json() for each in found])
    elif not found:
        printing.say("No orphans: every instance with this cluster's mark belongs to an object.")
    else:
        _draw(found)
    if found:
        raise typer.Exit(1)


@app.command()
def adopt(
    instance_id: Annotated[str, typer.Argument(help="The id at Novita.")],
    name: Annotated[str, typer.Option(help="Name of the new object; made of the id without it.")] = "",
) -> None:
    """Print a GPUInstance that takes the instance over; apply it in the namespace that shall own it."""
    one = next((each for each in cluster.ask(_read) if each.orphan.id == instance_id), None)
    if one is None:
        raise Wrong(f"no account lists an orphan of the id {instance_id}. `kubectl novita orphans` lists them.")
    sys.stdout.write(yaml.safe_dump(_manifest(one, name), sort_keys=False))


@app.command()
def delete(
    account: Account = "default",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm the number of orphans that is listed now.")] = False,
) -> None:
    """Let the operator delete the orphans of an account: says what it takes, and confirms it with --yes."""
    printing.say(cluster.ask(lambda reader: _delete(reader, account, confirmed=yes)))


async def _read(reader: Reader) -> list[Found]:
    accounts = await cluster.accounts(reader)
    if accounts is None:
        raise Wrong("you may not read NovitaAccounts, which list the orphans; ask an administrator of the cluster.")
    return [Found(account, orphan) for account in accounts for orphan in account.status.orphans]


async def _delete(reader: Reader, name: str, *, confirmed: bool) -> str:
    body = await reader.get(ACCOUNTS, "", name)
    account = NovitaAccount.parse(body)
    some = printing.count(_count(account), "orphan")
    if not account.status.orphans:
        return f"Account {name} has no orphans."
    if account.spec.orphans != "Delete":
        raise Wrong(
            f"account {name} only reports its {some} (spec.orphans is Report). To have them deleted, now and "
            f'in future: kubectl patch nva {name} --type=merge -p \'{{"spec":{{"orphans":"Delete"}}}}\''
        )
    paused = conditions.find(account.status.conditions, ConditionType.ORPHAN_DELETION_PAUSED)
    if paused is None:
        return f"The operator deletes {some} of account {name} by itself; nothing needs to be confirmed."
    if paused.reason in _BEYOND:
        raise Wrong(f"this cannot be confirmed: {paused.message}")
    if not confirmed:
        raise Wrong(
            f"{paused.message} The same with this program: kubectl novita orphans delete --account {name} --yes"
        )
    # Only the list that was shown is confirmed: the operator compares the number once more. The time tells this
    # confirmation from an earlier one of as many.
    said = f"{_count(account)}/{datetime.now(UTC).isoformat(timespec='seconds')}"
    annotations = {meta.CONFIRM_ORPHANS: said}
    change = {"metadata": {"uid": account.meta.uid, "annotations": annotations}}
    await reader.patch(ACCOUNTS, "", name, change)
    return f"Confirmed: the operator deletes {some} of account {name} at its next orphan checks."


def _count(account: NovitaAccount) -> int:
    """All of them, also where the status lists only the first."""
    counted = account.status.instances.orphaned if account.status.instances else 0
    return max(counted, len(account.status.orphans))


def _draw(found: list[Found]) -> None:
    drawn = printing.table("ACCOUNT", "ID", "$/H", "FIRST SEEN", "NAME", right=("$/H",))
    for each in found:
        drawn.add_row(
            printing.cell(each.account.meta.name),
            printing.cell(each.orphan.id),
            printing.cell(each.orphan.price_per_hour or "?"),
            printing.cell(f"{each.orphan.first_seen:%Y-%m-%d %H:%M} UTC"),
            printing.cell(each.orphan.name),
        )
    printing.show(drawn)
    total = sum((money.amount(each.orphan.price_per_hour) for each in found), Decimal(0))
    printing.say()
    some = printing.count(len(found), "orphan")
    printing.say(f"{some}, {total} USD/h. `orphans adopt ID` keeps one, `orphans delete` ends them.")


def _manifest(one: Found, name: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": "GPUInstance",
        "metadata": {"name": name or f"adopted-{one.orphan.id[:_SHORT].lower()}"},
        "spec": {"accountRef": {"name": one.account.meta.name}, "adopt": {"instanceId": one.orphan.id}},
    }
