"""What an instance really costs is compared with the limit of its call: Novita's figure, else the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.parts import KEY, HandClock

from novita_operator.controllers.gpu_instance.acting.pricing import Pricing
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Price, Result
from novita_operator.novita import errors
from novita_operator.novita.models import Instance, Product

LIMIT = Decimal("0.50")
CHEAP, DEAR = Decimal("0.35"), Decimal("0.70")
SILENT = errors.Unavailable("Novita is silent")


@dataclass
class Novita:
    """What a look by id and the catalogue say."""

    found: Instance | errors.NovitaError
    price: str | errors.NovitaError
    asked_since: list[float] = field(default_factory=list)

    async def get_instance(self, _instance_id: str, **_: Any) -> Instance:
        if isinstance(self.found, errors.NovitaError):
            raise self.found
        return self.found

    async def products(self, *, since: float) -> tuple[Product, ...]:
        self.asked_since.append(since)
        if isinstance(self.price, errors.NovitaError):
            raise self.price
        return (a.a_product(price=self.price, spot_price_per_gpu_hour=Decimal(self.price)),)


def a_pass(novita: Novita, *, age: float = 1, spec: dict[str, Any] | None = None, listed: bool = True) -> Pass:
    status = {
        "instanceId": "i-1",
        "createdAt": wire(ago(age)),
        "product": {"id": "4090.16c62g", "name": "RTX 4090 24GB"},
        "billing": (spec or {}).get("billing", "OnDemand"),
        "priceLimit": str(LIMIT),
    }
    resource = a.an_object(spec={"maxPricePerHour": str(LIMIT)} | (spec or {}), status=status, intent=a.an_intent())
    shown = a.an_instance(billing_mode="spot" if status["billing"] == "Spot" else "onDemand")
    seen = replace(a.an_observation(resource, *([shown] if listed else [])), price_limit=LIMIT)
    account = parts.an_account()
    account.client = cast("Any", novita)
    return Pass(seen, account, Memory(0, rented_at=999.0), KEY)


async def prove(this: Pass) -> Result:
    return await Pricing(HandClock()).prove("i-1", this)


@pytest.mark.parametrize("told", [CHEAP, None], ids=["Novita tells it", "only the catalogue does"])
async def test_a_price_within_the_limit_is_proven_once_for_all(told: Decimal | None) -> None:
    result = await prove(a_pass(Novita(a.an_instance(price_per_hour=told), "0.35")))

    assert result == Result(price=Price(CHEAP))


@pytest.mark.parametrize(
    ("told", "listed"), [(DEAR, "0.35"), (DEAR, "0.70"), (None, "0.70")], ids=["told", "both", "catalogue"]
)
async def test_one_that_was_just_rented_above_the_limit_is_ended_and_said(told: Decimal | None, listed: str) -> None:
    result = await prove(a_pass(Novita(a.an_instance(price_per_hour=told), listed)))

    assert result.price == Price(DEAR)
    assert result.failure is not None
    assert (result.failure.reason, result.failure.instance_id) == ("PriceAboveLimit", "i-1")
    assert (result.failure.retry_at, result.restarts) == (NOON, None)
    assert "0.70 USD/h" in result.failure.message
    assert "0.50 USD/h" in result.failure.message


async def test_what_novita_tells_of_the_instance_itself_counts_more_than_the_catalogue() -> None:
    result = await prove(a_pass(Novita(a.an_instance(price_per_hour=CHEAP), "0.70")))

    assert result == Result(price=Price(CHEAP))


async def test_the_price_of_a_spot_instance_is_the_spot_price_and_that_of_two_gpus_twice_one() -> None:
    novita = Novita(a.an_instance(billing_mode="spot"), "0.26")

    result = await prove(a_pass(novita, spec={"billing": "Spot", "gpuCount": 2}))

    assert result.price == Price(Decimal("0.52"))
    assert result.failure is not None


async def test_the_catalogue_counts_as_it_is_since_the_call_came_back() -> None:
    novita = Novita(a.an_instance(), "0.35")

    await prove(a_pass(novita))

    assert novita.asked_since == [999.0]


@pytest.mark.parametrize(
    ("found", "listed"),
    [(errors.NotFound("not yet"), "0.35"), (SILENT, SILENT), (a.an_instance(), SILENT)],
    ids=["too young for a look by id", "nothing answers", "neither told nor listed"],
)
async def test_what_cannot_be_seen_yet_is_asked_again(found: Any, listed: Any) -> None:
    assert await prove(a_pass(Novita(found, listed), listed=False)) == Result()


@pytest.mark.parametrize(
    ("age", "told"), [(61.0, None), (601.0, DEAR)], ids=["by a later catalogue", "by a price told after ten minutes"]
)
async def test_a_price_that_rose_later_ends_nothing(age: float, told: Decimal | None) -> None:
    result = await prove(a_pass(Novita(a.an_instance(price_per_hour=told), "0.70"), age=age))

    assert result.failure is None
    assert result.price == Price(told)


async def test_a_price_that_nobody_tells_is_not_asked_for_for_ever() -> None:
    assert await prove(a_pass(Novita(SILENT, SILENT), age=timedelta(minutes=10).total_seconds())) == Result(
        price=Price()
    )


async def test_where_the_catalogue_says_less_than_the_bill_the_next_choice_goes_by_the_bill() -> None:
    this = a_pass(Novita(a.an_instance(price_per_hour=DEAR), "0.35"))

    await prove(this)

    asked = this.account.prices.asked
    assert asked([a.a_product(price="0.35")], "4090.16c62g", spot=False, gpu_count=1) == DEAR
    assert asked([a.a_product(price="0.34")], "4090.16c62g", spot=False, gpu_count=1) == Decimal("0.34")


@pytest.mark.parametrize(
    ("limit", "told", "listed", "starts"),
    [
        (None, DEAR, "0.70", True),
        ("0.50", CHEAP, "0.70", True),
        ("0.50", DEAR, "0.35", False),
        ("0.50", None, "0.35", True),
        ("0.50", None, "0.70", False),
        ("0.50", None, SILENT, True),
    ],
    ids=["no limit", "told: cheap", "told: dear", "catalogue: cheap", "catalogue: dear", "nobody tells"],
)
async def test_a_stopped_instance_is_not_started_above_the_limit(
    limit: str | None, told: Decimal | None, listed: Any, starts: bool
) -> None:
    found = a.an_instance("exited", product_id="4090.16c62g", price_per_hour=told)
    resource = a.an_object(spec={"maxPricePerHour": limit} if limit else {}, status={"instanceId": "i-1"})
    account = parts.an_account()
    account.client = cast("Any", Novita(found, listed))
    this = Pass(a.an_observation(resource, replace(found, price_per_hour=None)), account, Memory(0), KEY)

    refused = await Pricing(HandClock()).too_dear_to_start(this)

    assert (refused is None) is starts
    if refused is not None:
        assert refused.problem is not None
        assert refused.problem.retry_after == 60.0
        assert "0.70 USD/h" in refused.problem.message
