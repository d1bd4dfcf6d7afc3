"""A price limit holds at the call that costs: prices that move before, during and after it."""

from __future__ import annotations

from decimal import Decimal

from tests.support.history import condition
from tests.support.workspace import ADOPTION, Workspace

CHEAP, DEAR = 35_000, 70_000  # in 1/100000 USD an hour
LIMIT = "0.50"
_REPLY_SECONDS = 3.0  # time to change the price on a busy machine; five would be the end of the call
PRODUCT = "RTX 4090 24GB"


async def price_is(workspace: Workspace, price: int) -> None:
    await workspace.novita.set(prices=[{"productId": PRODUCT, "price": price}])


async def test_what_was_rented_above_the_limit_is_ended_and_told_with_its_cost(workspace: Workspace) -> None:
    await workspace.novita.set(tellPrice=True)
    number = await workspace.novita.fault("delay", route="create", seconds=_REPLY_SECONDS)
    await workspace.create(maxPricePerHour=LIMIT)

    async def under_way() -> bool:
        return (await workspace.novita.hits())[number] >= 1

    await workspace.until_novita(under_way, "the create is under way")
    await price_is(workspace, DEAR)

    event = await workspace.until_event("PriceAboveLimit")
    assert "0.70 USD/h" in event["message"]
    assert "limit was 0.50 USD/h" in event["message"]
    assert "USD so far" in (await workspace.until_event("Deleted"))["message"]
    body = await workspace.until_condition("Scheduled", "False", "PriceAboveLimit")
    assert "instanceId" not in body["status"]
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (1, 0)

    await workspace.novita.end_faults()
    await price_is(workspace, CHEAP)

    status = (await workspace.until_ready())["status"]
    assert (status["pricePerHour"], "priceLimit" in status) == ("0.35", False)


async def test_a_limit_that_is_lowered_later_ends_nothing_and_is_told(workspace: Workspace) -> None:
    await workspace.create(maxPricePerHour=LIMIT)
    await workspace.until_ready()

    await workspace.edit(maxPricePerHour="0.10")

    body = await workspace.until_condition("PriceAboveLimit", "True", "PriceAboveLimit")
    assert "0.35 USD/h" in condition(body, "PriceAboveLimit")["message"]
    assert condition(body, "Ready")["status"] == "True"
    assert "It is kept" in (await workspace.until_event("PriceAboveLimit"))["message"]
    assert len((await workspace.novita.ledger()).live) == 1


async def test_the_price_that_novita_tells_of_the_instance_is_the_one_in_the_status(workspace: Workspace) -> None:
    await workspace.novita.set(tellPrice=True)
    number = await workspace.novita.fault("delay", route="create", seconds=_REPLY_SECONDS)
    await workspace.create()

    async def under_way() -> bool:
        return (await workspace.novita.hits())[number] >= 1

    await workspace.until_novita(under_way, "the create is under way")
    await price_is(workspace, DEAR)

    assert (await workspace.until_ready())["status"]["pricePerHour"] == "0.70"


async def test_a_stopped_instance_is_not_started_above_the_limit(workspace: Workspace) -> None:
    await workspace.create(maxPricePerHour=LIMIT)
    await workspace.until_ready()
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", "True", "Stopped")
    await price_is(workspace, DEAR)

    await workspace.edit(powerState="Running")

    body = await workspace.until_condition("Ready", "False", "PriceAboveLimit")
    assert "is not started" in condition(body, "Ready")["message"]
    assert (await workspace.novita.calls()).of("start") == 0

    await workspace.edit(maxPricePerHour="0.70")

    await workspace.until_ready()


async def test_an_instance_above_the_limit_is_not_taken_over(workspace: Workspace) -> None:
    await workspace.edit_account(tenancy=ADOPTION)
    await workspace.edit_account(tenancy=ADOPTION)
    planted = await workspace.novita.plant(name="by-hand")
    await workspace.create(adopt={"instanceId": planted}, maxPricePerHour="0.01")

    body = await workspace.until_condition("Provisioned", "False", "AdoptRefused")

    assert "0.35 USD/h" in condition(body, "Provisioned")["message"]
    assert "instanceId" not in body["status"]

    await workspace.edit(maxPricePerHour=LIMIT)

    assert Decimal((await workspace.until_ready())["status"]["pricePerHour"]) == Decimal("0.35")
