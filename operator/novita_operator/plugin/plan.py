"""`plan -f FILE`: what would be rented and for how much, by the operator's own rules, before anything is paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.meta import GROUP
from novita_operator.controllers.gpu_instance.launching import offers, selection, volumes
from novita_operator.controllers.gpu_instance.launching.selection import Candidate, NoSelection
from novita_operator.controllers.gpu_instance.policies import defaults as desired
from novita_operator.controllers.gpu_instance.policies.defaults import Defaults
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.plugin import manifests, money, novita, printing
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.options import Format, Output

_NEVER_STORED = "00000000-0000-0000-0000-000000000000"
_MONEY = ("COUNT", "$/H EACH", "$/H", "$/DAY", "$/MONTH")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object of the file, as instances: a set wants several, a job one at a time."""

    what: str
    count: int
    instance: GPUInstance


@dataclass(frozen=True, slots=True)
class Answer:
    """What would be rented for it, or why nothing would."""

    wanted: Wanted
    chosen: Candidate | None
    why: str

    @property
    def per_hour(self) -> Decimal:
        return self.chosen.price_per_hour * self.wanted.count if self.chosen else Decimal(0)

    def to_json(self) -> dict[str, Any]:
        chosen = self.chosen
        return {
            "object": self.wanted.what,
            "count": self.wanted.count,
            "fits": chosen is not None,
            "productName": chosen.product.name if chosen else None,
            "productId": chosen.product.id if chosen else None,
            "region": chosen.region if chosen else None,
            "pricePerHourEach": str(chosen.price_per_hour) if chosen else None,
            "pricePerHour": str(self.per_hour),
            "why": self.why,
        }


def plan(
    file: Annotated[Path, typer.Option("-f", "--filename", help="A manifest, or - for the standard input.")],
    *,
    output: Output = Format.TABLE,
) -> None:
    """What would be rented now, and at what price. Nothing is created. Asks Novita: needs NOVITA_API_KEY."""
    wanted = list(_wanted(manifests.documents(file)))
    if not wanted:
        raise Wrong(f"{file} holds no GPUInstance, GPUInstanceSet or GPUJob.")
    here = novita.settings()
    defaults = Defaults(here.default_gpu_type, here.default_template, here.default_region, here.startup_timeout // 1000)
    answers = novita.ask(lambda client: _answers(client, wanted, defaults))
    if output is Format.JSON:
        printing.as_json([answer.to_json() for answer in answers])
    else:
        _draw(answers, defaults)
    if any(answer.chosen is None for answer in answers):
        raise typer.Exit(1)


def _wanted(documents: Sequence[Any]) -> Iterator[Wanted]:
    for body in documents:
        if not isinstance(body, dict) or not str(body.get("apiVersion", "")).startswith(f"{GROUP}/"):
            continue
        spec, name = body.get("spec") or {}, str((body.get("metadata") or {}).get("name", "?"))
        match body.get("kind"):
            case "GPUInstance":
                yield _instances(f"GPUInstance {name}", 1, spec)
            case "GPUInstanceSet":
                each = (spec.get("template") or {}).get("spec") or {}
                yield _instances(f"GPUInstanceSet {name}", int(spec.get("replicas", 1)), each)
            case "GPUJob":
                yield _instances(f"GPUJob {name}", 1, spec.get("template") or {})


def _instances(what: str, count: int, spec: Mapping[str, Any]) -> Wanted:
    # As the API server would make it; what names it plays no part in the choice.
    now = datetime.now(UTC).isoformat()
    meta = {"name": "plan", "namespace": "default", "uid": _NEVER_STORED, "creationTimestamp": now}
    instance = GPUInstance.parse({"metadata": meta, "spec": spec})
    if instance.unreadable is not None:
        raise Wrong(f"{what}: {instance.unreadable.message}")
    return Wanted(what, count, instance)


async def _answers(client: NovitaAccountClient, wanted: Sequence[Wanted], defaults: Defaults) -> list[Answer]:
    return [await _answer(client, each, defaults) for each in wanted]


async def _answer(client: NovitaAccountClient, wanted: Wanted, defaults: Defaults) -> Answer:
    spec = wanted.instance.spec
    if spec.adopt is not None:
        return Answer(wanted, None, f"takes over instance {spec.adopt.instance_id} and rents nothing")
    asked = desired.desired(wanted.instance, defaults)
    if spec.volumes:
        cluster = volumes.cluster(spec.volumes, await client.network_volumes())
        if isinstance(cluster, Problem):
            return Answer(wanted, None, cluster.message)
        asked = replace(asked, cluster_id=cluster)
    if (template := asked.template) is not None:
        found = await client.find_template(name=template.name, template_id=template.id)
        if found is None:
            return Answer(wanted, None, f"Novita has no template of the {template}.")
    clusters = await client.clusters()
    products = await offers.read(client, asked, offers.asked(asked, clusters))
    chosen = selection.select(asked, products, clusters, frozenset())
    if isinstance(chosen, NoSelection):
        return Answer(wanted, None, chosen.message)
    best = chosen.candidates[0]
    return Answer(wanted, best, chosen.sentence(best))


def _draw(answers: Sequence[Answer], defaults: Defaults) -> None:
    drawn = printing.table("OBJECT", "GPU", "REGION", *_MONEY, "WHY", right=_MONEY)
    for answer in answers:
        drawn.add_row(*map(printing.cell, _cells(answer)))
    printing.show(drawn)
    printing.say()
    total = sum((answer.per_hour for answer in answers), Decimal(0))
    printing.say(
        f"Together {money.cents(total)} USD/h as of now; prices and stock change. Nothing was created.", "bold"
    )
    if any(_relies_on_defaults(answer.wanted.instance) for answer in answers):
        printing.say(
            f"Where the file is silent: product {defaults.gpu_type}, template {defaults.template}, region "
            f"{defaults.region}, from this environment; the operator's own settings may differ."
        )


def _cells(answer: Answer) -> tuple[str, ...]:
    chosen, wanted = answer.chosen, answer.wanted
    if chosen is None:
        return (wanted.what, "-", "-", str(wanted.count), "-", "-", "-", "-", answer.why)
    hour = answer.per_hour
    return (
        wanted.what,
        f"{wanted.instance.spec.gpu_count}x {chosen.product.name}",
        chosen.region,
        str(wanted.count),
        str(chosen.price_per_hour),
        money.cents(hour),
        money.cents(hour * money.HOURS_A_DAY),
        money.cents(hour * money.HOURS_A_MONTH),
        answer.why,
    )


def _relies_on_defaults(instance: GPUInstance) -> bool:
    spec = instance.spec
    product = spec.product_name or spec.product_id
    return not (product and spec.regions and (spec.template or spec.image))
