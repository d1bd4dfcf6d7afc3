"""An instance whose create answer was lost is recorded with everything that the answer would have told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import httpx
import pytest
import respx
from pydantic import SecretStr
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import Life

from novita_operator.controllers.gpu_instance.action import Fail, Intent
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.launching import recovery
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Instance, state_of
from novita_operator.novita.snapshot import Snapshot

PRODUCT = a.a_product(spot_price_per_gpu_hour=Decimal("0.10"))


def an_orphaned_instance(**changes: Any) -> Instance:
    listed = {
        "product_id": "4090.16c62g",
        "product_name": "RTX 4090 24GB",
        "cluster_name": "CN-HK-01 (Hong Kong)",
        "billing_mode": "onDemand",
        "gpu_count": 2,
        "image": "ubuntu",
    }
    return a.an_instance("pulling", **(listed | changes))


def taken(instance: Instance, *products: Any, status: dict[str, Any] | None = None) -> Result:
    resource = a.an_object(status=status, intent=a.an_intent(age=310, attempt=2))
    return recovery.facts(instance, a.an_observation(resource, instance), products)


def test_product_place_and_price_are_those_of_the_instance() -> None:
    chosen = taken(an_orphaned_instance(), PRODUCT).chosen

    assert chosen is not None
    assert (chosen.product.id, chosen.product.name) == ("4090.16c62g", "RTX 4090 24GB")
    assert (chosen.region, chosen.billing, chosen.image) == ("CN-HK-01", "OnDemand", "ubuntu")
    assert chosen.price_per_hour == Decimal("0.70")
    assert "CN-HK-01 for 0.70 USD/h" in chosen.sentence


def test_a_spot_instance_has_the_spot_price() -> None:
    chosen = taken(an_orphaned_instance(billing_mode="spot"), PRODUCT).chosen

    assert chosen is not None
    assert (chosen.billing, chosen.price_per_hour) == ("Spot", Decimal("0.20"))


@pytest.mark.parametrize("products", [(), (a.a_product("another"),), (a.a_product(price=None),)])
def test_without_a_known_price_nothing_is_made_up(products: tuple[Any, ...]) -> None:
    result = taken(an_orphaned_instance(), *products)

    assert result.chosen is None
    assert (result.instance_id, result.adopted, result.attempt) == ("i-1", True, 2)


def test_the_deadline_counts_from_the_call() -> None:
    assert taken(an_orphaned_instance(), PRODUCT).started_at == ago(310)
    assert taken(an_orphaned_instance(), status={"startedAt": wire(ago(305))}).started_at == ago(305)


@pytest.mark.parametrize("created_at", [ago(200), None], ids=["as Novita says", "where Novita says nothing"])
def test_where_the_note_is_damaged_the_deadline_counts_from_the_creation(created_at: datetime | None) -> None:
    instance = an_orphaned_instance(created_at=created_at)
    resource = a.an_object(intent="no note of ours")

    found = recovery.facts(instance, a.an_observation(resource, instance), ())

    assert (found.created_at, found.started_at) == (created_at, created_at)


def test_an_instance_that_is_found_after_a_crash_does_not_pull_for_ever() -> None:
    """Nothing but the note of the call was written before the process ended."""
    life = Life(intent=a.an_intent(age=599))
    life.step(an_orphaned_instance(), result=taken(an_orphaned_instance(), PRODUCT))
    resource = a.an_object(status=life.status | {"startedAt": wire(ago(600))}, intent=a.an_intent(age=600))

    assert "startedAt" in life.status
    assert isinstance(plan.decide(a.an_observation(resource, an_orphaned_instance()), NOON), Fail)


@pytest.mark.parametrize(("answer", "priced"), [(200, True), (500, False)])
async def test_what_cannot_be_priced_is_taken_all_the_same(answer: int, priced: bool) -> None:
    instance = an_orphaned_instance()
    seen = a.an_observation(a.an_object(intent=a.an_intent()), instance)
    memory = Memory(unseen_before=0)
    account = parts.an_account()
    account.client = NovitaAccountClient.open(
        base_url="http://novita.example", api_key=SecretStr("sk_test"), max_retries=0
    )
    listed = {"id": "4090.16c62g", "name": "RTX 4090 24GB", "price": "35000", "regions": []}

    with respx.mock(base_url="http://novita.example") as novita:
        novita.get(path__regex="products").mock(return_value=httpx.Response(answer, json={"data": [listed]}))
        result = await recovery.take(instance, Pass(seen, account, memory, parts.KEY))

    assert (result.instance_id, memory.unwritten.instance_id) == ("i-1", "i-1")
    assert (result.chosen is not None) is priced
    await account.client.aclose()


# --- Under a name that is not quite ours -----------------------------------------------------------------------------


@dataclass
class Novita:
    """Lists these instances."""

    shown: tuple[Instance, ...]
    lists: int = 0

    async def list_instances(self, **_: Any) -> tuple[Instance, ...]:
        self.lists += 1
        return self.shown


RENDERED = a.an_instance(name=a.NAME.upper())


async def alike(*shown: Instance, intent: Intent | None, unnoted: bool = False) -> tuple[Instance | None, int]:
    """What is found, and how many lists were asked for."""
    seen = a.an_observation(a.an_object(intent=intent))
    account, novita = parts.an_account(), Novita(shown)
    account.client = cast("Any", novita)
    account.snapshot = Snapshot.of("default", shown, NOON)
    absence = replace(seen.absence, unnoted=unnoted)
    found = await recovery.find_alike(intent, Pass(replace(seen, absence=absence), account, Memory(0), parts.KEY))
    return found, novita.lists


async def test_what_a_call_without_an_answer_may_have_made_is_looked_for_in_a_new_list() -> None:
    assert await alike(RENDERED, intent=a.an_intent()) == (RENDERED, 1)
    assert await alike(a.an_instance(name="hers"), intent=a.an_intent()) == (None, 1)


async def test_a_call_whose_note_may_have_been_removed_is_looked_for_in_the_list_that_is_at_hand() -> None:
    """Many such objects may come at once, after each start: none of them needs a list of its own."""
    assert await alike(RENDERED, intent=None, unnoted=True) == (RENDERED, 0)
    assert await alike(replace(RENDERED, state=state_of("removed")), intent=None, unnoted=True) == (None, 0)


async def test_a_first_call_needs_no_such_search() -> None:
    assert await alike(RENDERED, intent=None) == (None, 0)
    assert await alike(RENDERED, intent=a.an_intent(outcome="Refused")) == (None, 0)
