"""`doctor`: everything between a user and a running instance, looked at one after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from novita_operator import __version__
from novita_operator.api import kinds, resources
from novita_operator.api.meta import GROUP
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader, Right
from novita_operator.plugin import cluster, findings, judging, printing
from novita_operator.plugin.cluster import Scope
from novita_operator.plugin.findings import Finding, Level
from novita_operator.plugin.options import Format, Namespace, Output

_MARKS = {Level.OK: ("✓", "green"), Level.NOTE: ("-", "yellow"), Level.PROBLEM: ("✗", "red")}
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def doctor(
    namespace: Namespace = None,
    *,
    operator_namespace: Annotated[str, typer.Option(help="Where the operator runs.")] = "novita-system",
    lease: Annotated[str, typer.Option(help="Name of its Lease.")] = "novita-operator",
    output: Output = Format.TABLE,
) -> None:
    """Rights, CRDs, key, Novita's API, operator, Lease, stuck objects. Exit code 1 where something is wrong."""
    found = cluster.ask(lambda reader: examine(reader, Scope(namespace), f"{operator_namespace}/{lease}"))
    if output is Format.JSON:
        printing.as_json([finding.to_json() for finding in found])
    else:
        _draw(found)
    if findings.problems(found):
        raise typer.Exit(1)


async def examine(reader: Reader, scope: Scope, lease: str) -> list[Finding]:
    """All that can be looked at with this user's rights. Raises Unreachable where the API server does not answer."""
    version = await reader.read("/version")
    now = datetime.now(UTC)
    found = [findings.ok("cluster", f"Kubernetes {version.get('gitVersion')}; this is kubectl-novita {__version__}")]
    found += [await _definition(reader, resource) for resource in resources.RESOURCES]
    found += await _rights(reader, scope.one(reader))
    found += await _accounts(reader, now)
    found += await _objects(reader, scope, now)
    found.append(await _lease(reader, lease, now))
    return found


async def _definition(reader: Reader, resource: resources.Resource) -> Finding:
    about = f"CRD {resource.plural}"
    try:
        return judging.definition(resource, await reader.read(f"{_CRDS}/{resource.plural}.{GROUP}"))
    except errors.NotFound:
        return findings.problem(about, "is not installed", "install the operator's CRDs; the chart does")
    except errors.Forbidden:
        return findings.note(about, "you may not read CRDs, so its version is not known")


async def _rights(reader: Reader, namespace: str) -> list[Finding]:
    wanted = {
        Right("list", kinds.GPU_INSTANCE.plural, GROUP, namespace): ("every verb", True),
        Right("patch", kinds.GPU_INSTANCE.plural, GROUP, namespace): ("start, stop and restart", False),
        Right("create", kinds.GPU_INSTANCE.plural, GROUP, namespace): ("renting", False),
        Right("delete", kinds.GPU_INSTANCE.plural, GROUP, namespace): ("giving back", False),
        Right("list", "events", "", namespace): ("explain", False),
        Right("get", "secrets", "", namespace): ("reading the passwords", False),
        Right("list", kinds.NOVITA_ACCOUNT.plural, GROUP): ("orphans, and the balance in status and cost", False),
    }
    answers = await reader.may(list(wanted))
    return [
        judging.right(right, needed_for, allowed=answers[right], essential=essential)
        for right, (needed_for, essential) in wanted.items()
    ]


async def _accounts(reader: Reader, now: datetime) -> list[Finding]:
    try:
        accounts = await cluster.accounts(reader)
    except errors.NotServed:
        return []  # the missing CRD is told already
    if accounts is None:
        return [findings.note("accounts", "you may not read NovitaAccounts, so key and Novita's API are not judged")]
    if not accounts:
        fix = "create a NovitaAccount, or start the operator with NOVITA_API_KEY"
        return [findings.problem("accounts", "there is no NovitaAccount: nothing can be rented", fix)]
    return [finding for account in accounts for finding in judging.account(account, now)]


async def _objects(reader: Reader, scope: Scope, now: datetime) -> list[Finding]:
    """Those of the cluster, or of one namespace where the user may read no others."""
    for each in (Scope(everywhere=True), scope):
        try:
            return list(judging.objects(await cluster.instances(reader, each), now))
        except errors.NotServed:
            return []  # the missing CRD is told already
        except errors.Forbidden:
            continue
    return []  # the missing right is told already


async def _lease(reader: Reader, lease: str, now: datetime) -> Finding:
    namespace, _, name = lease.partition("/")
    try:
        return judging.lease(await reader.get_lease(namespace, name), lease, now)
    except errors.NotFound:
        return judging.lease(None, lease, now)
    except errors.Forbidden:
        return findings.note(f"Lease {lease}", "you may not read it, so leadership is not judged")


def _draw(found: list[Finding]) -> None:
    drawn = printing.table("", "ABOUT", "FOUND")
    for finding in found:
        mark, style = _MARKS[finding.level]
        fix = f"\n→ {finding.fix}" if finding.fix else ""
        drawn.add_row(
            printing.cell(mark, style),
            printing.cell(finding.about),
            printing.cell(finding.text + fix, style if finding.level is Level.PROBLEM else ""),
        )
    printing.show(drawn)
    wrong = findings.problems(found)
    printing.say()
    printing.say(
        f"{printing.count(wrong, 'problem')} found." if wrong else "No problems found.",
        "bold red" if wrong else "bold green",
    )
