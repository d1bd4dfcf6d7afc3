"""What is rented where: regions, prices, stock, templates, and what of the spec reaches Novita."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.workspace import Workspace


async def _rented(workspace: Workspace) -> dict[str, Any]:
    """The one instance, as Novita sees it."""
    (instance,) = await workspace.novita.instances()
    return instance


async def test_a_region_that_has_none_at_create_is_skipped_for_the_next_one(workspace: Workspace) -> None:
    await workspace.novita.fault("no-stock", route="create", match={"clusterId": "as-sgp-2"})
    await workspace.create(regions=["AS-SGP-02", "US-CA-06"])

    body = await workspace.until_ready()

    assert body["status"]["region"] == "US-CA-06"
    assert (await workspace.novita.calls()).of("create") == 2
    assert (await workspace.novita.ledger()).created == 1


async def test_regions_are_tried_in_the_order_of_the_list_and_by_code_or_full_label(workspace: Workspace) -> None:
    await workspace.create("code", regions=["US-CA-06", "CN-HK-01"])
    await workspace.create("label", regions=["AS-SGP-02 (Singapore)"], regionPolicy="Require")

    assert (await workspace.until_ready("code"))["status"]["region"] == "US-CA-06"
    assert (await workspace.until_ready("label"))["status"]["region"] == "AS-SGP-02"


async def test_outside_the_list_the_cheapest_region_comes_first(workspace: Workspace) -> None:
    await workspace.novita.set(products=[_product("dear", 90_000, "us-ca-6"), _product("cheap", 40_000, "eu-de-1")])
    await workspace.create(productName="Test GPU", regions=["CN-HK-01"])

    status = (await workspace.until_ready())["status"]

    assert (status["product"]["id"], status["region"], status["pricePerHour"]) == ("cheap", "EU-DE-01", "0.40")


async def test_a_required_region_without_stock_waits_and_goes_on_when_there_is_some(workspace: Workspace) -> None:
    await workspace.novita.sold_out(region="us-ca-6")
    await workspace.novita.fault("no-stock", route="create")
    await workspace.create(regions=["US-CA-06"], regionPolicy="Require")
    body = await workspace.until_condition("Scheduled", "False", "NoCapacity")
    assert condition(body, "Stalled") == {}
    assert "US-CA-06" in condition(body, "Scheduled")["message"]

    await workspace.novita.in_stock()
    await workspace.novita.end_faults()

    assert (await workspace.until_ready())["status"]["region"] == "US-CA-06"
    assert (await workspace.novita.ledger()).created == 1


async def test_spot_is_rented_from_the_stock_for_spot(workspace: Workspace) -> None:
    await workspace.novita.set(stock=[{"mode": "onDemand", "gpus": 0}])
    await workspace.create(billing="Spot")

    await workspace.until_ready()

    assert (await workspace.novita.calls()).of("create") == 1


async def test_on_demand_is_not_tried_where_only_spot_is_in_stock(workspace: Workspace) -> None:
    await workspace.novita.set(stock=[{"productId": "4090.16c62g", "mode": "onDemand", "gpus": 0}])
    await workspace.create(regions=["CN-HK-01"])

    body = await workspace.until_ready()

    assert body["status"]["product"]["id"] == "4090.16c96g.v2"
    assert (await workspace.novita.calls()).of("create") == 1


async def test_eight_gpus_are_rented_where_eight_are_in_stock_and_not_where_one_is(workspace: Workspace) -> None:
    await workspace.novita.set(stock=[{"productId": "4090.16c62g", "gpus": 4}])
    await workspace.create(gpuCount=8, regions=["CN-HK-01"])

    body = await workspace.until_ready()

    assert body["status"]["product"]["id"] == "4090.16c96g.v2"
    assert (await workspace.novita.calls()).of("create") == 1


async def test_a_catalogue_that_has_none_for_long_is_put_to_the_test_by_a_create_call(workspace: Workspace) -> None:
    await workspace.novita.set(stockCounts="none")
    await workspace.create("first")
    await workspace.until_condition("Scheduled", "False", "NoCapacity", name="first")
    await workspace.create("second", productName="RTX 3090 24GB", billing="Spot")

    await workspace.until_ready("first")
    await workspace.until_ready("second")

    assert (await workspace.novita.ledger()).created == 2


async def test_spot_is_rented_as_spot_at_its_own_price(workspace: Workspace) -> None:
    await workspace.create(billing="Spot")

    status = (await workspace.until_ready())["status"]

    assert (status["billing"], status["pricePerHour"]) == ("Spot", "0.18")
    assert (await _rented(workspace))["billingMode"] == "spot"


async def test_nothing_dearer_than_the_limit_is_rented_until_the_limit_is_raised(workspace: Workspace) -> None:
    await workspace.create(maxPricePerHour="0.30")
    body = await workspace.until_condition("Scheduled", "False", "PriceAboveLimit")
    message = condition(body, "Scheduled")["message"]
    assert "above your limit of 0.30 (spec.maxPricePerHour)" in message
    assert "0.35" in message
    assert condition(body, "Stalled")["status"] == "True"
    assert (await workspace.novita.calls()).of("create") == 0

    await workspace.edit(maxPricePerHour="0.35")

    await workspace.until_ready()


async def test_a_product_is_found_by_its_id(workspace: Workspace) -> None:
    await workspace.create(productId="4090.16c96g.v2")

    status = (await workspace.until_ready())["status"]

    assert (status["product"]["id"], status["pricePerHour"]) == ("4090.16c96g.v2", "0.39")


async def test_a_template_is_found_by_its_id_and_gives_image_command_ports_and_variables(workspace: Workspace) -> None:
    await workspace.create(template={"id": "901"})

    status = (await workspace.until_ready())["status"]

    rented = await _rented(workspace)
    assert status["template"] == {"id": "901", "name": "my-training"}
    assert rented["imageUrl"] == "registry.example.com/team/training:1"
    assert rented["imageAuthId"] == "auth-1"
    assert rented["envs"] == [{"key": "WANDB_MODE", "value": "offline"}]
    assert [mapping["port"] for mapping in rented["portMappings"] if mapping["type"] == "tcp"] == [5000]


async def test_fields_of_the_spec_win_over_those_of_the_template(workspace: Workspace) -> None:
    await workspace.create(
        template={"name": "pytorch-jupyter"},
        image="docker.io/library/ubuntu:22.04",
        command="sleep infinity",
        entrypoint="/bin/sh -c",
        env=[{"name": "JUPYTER_ENABLE", "value": "0"}, {"name": "MINE", "value": "1"}],
        ports=[{"port": 7000, "protocol": "TCP"}],
        tools={"jupyter": False},
        rootfsSizeGB=90,
    )

    await workspace.until_ready()

    rented = await _rented(workspace)
    assert (rented["imageUrl"], rented["command"]) == ("docker.io/library/ubuntu:22.04", "sleep infinity")
    assert rented["entrypoint"] == "/bin/sh -c"
    assert {env["key"]: env["value"] for env in rented["envs"]} == {
        "JUPYTER_ENABLE": "0",
        "HF_HOME": "/workspace/hf",
        "MINE": "1",
    }
    assert [(mapping["port"], mapping["type"]) for mapping in rented["portMappings"]] == [(7000, "tcp")]
    assert rented["tools"] == []
    assert rented["rootfsSize"] == 90


async def test_an_image_without_a_template_takes_nothing_of_the_default_template(workspace: Workspace) -> None:
    await workspace.create(image="docker.io/library/ubuntu:22.04")

    status = (await workspace.until_ready())["status"]

    assert "template" not in status
    assert (await _rented(workspace))["envs"] == []


async def test_variables_come_from_secrets_and_config_maps_of_the_namespace(workspace: Workspace) -> None:
    await workspace.apply(kube.SECRETS, builders.secret("keys", workspace.namespace, token="hf_0123456789"))
    await workspace.apply(kube.CONFIG_MAPS, builders.config_map("paths", workspace.namespace, data="/data"))
    await workspace.create(
        image="docker.io/library/ubuntu:22.04",
        env=[
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
            {"name": "DATA", "valueFrom": {"configMapKeyRef": {"name": "paths", "key": "data"}}},
            {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "x", "optional": True}}},
        ],
    )

    await workspace.until_ready()

    sent = {env["key"]: env["value"] for env in (await _rented(workspace))["envs"]}
    assert sent == {"TOKEN": "hf_0123456789", "DATA": "/data"}


@pytest.mark.parametrize("source", ["secretKeyRef", "configMapKeyRef"])
async def test_a_missing_reference_is_named_and_taken_when_it_comes(workspace: Workspace, source: str) -> None:
    variable = {"name": "TOKEN", "valueFrom": {source: {"name": "later", "key": "token"}}}
    await workspace.create(env=[variable])
    body = await workspace.until_condition("Scheduled", "False", "ReferenceNotFound")
    message = condition(body, "Scheduled")["message"]
    assert all(word in message for word in ("spec.env", "TOKEN", "later", workspace.namespace, "Create it"))
    assert (await workspace.novita.calls()).of("create") == 0

    if source == "secretKeyRef":
        await workspace.apply(kube.SECRETS, builders.secret("later", workspace.namespace, token="here"))
    else:
        await workspace.apply(kube.CONFIG_MAPS, builders.config_map("later", workspace.namespace, token="here"))

    await workspace.until_ready()
    assert {"key": "TOKEN", "value": "here"} in (await _rented(workspace))["envs"]


# No post leaves this machine: nothing in these tests is migrated.
_TELLS_NOBODY = {"url": "https://receiver.example/", "events": ["instance.migrated"]}


@pytest.mark.parametrize("key", ["secret", "mine"])
async def test_a_missing_key_that_signs_webhooks_is_named_before_anything_is_rented(
    workspace: Workspace, key: str
) -> None:
    ref = {"name": "hook"} | ({"key": key} if key != "secret" else {})
    if key != "secret":
        await workspace.apply(kube.SECRETS, builders.secret("hook", workspace.namespace, secret="another"))
    await workspace.create(notifications=[_TELLS_NOBODY | {"secretRef": ref}])

    body = await workspace.until_condition("Scheduled", "False", "ReferenceNotFound")

    message = condition(body, "Scheduled")["message"]
    assert all(word in message for word in ("spec.notifications[0].secretRef", "hook", key, "Looked up again"))
    assert (await workspace.novita.calls()).of("create") == 0
    wanted = builders.secret("hook", workspace.namespace, **{key: "signs"})
    if key == "secret":
        await workspace.apply(kube.SECRETS, wanted)
    else:
        await workspace.plane.kube.patch(kube.SECRETS, "hook", {"data": wanted["data"]}, workspace.namespace)
    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1


async def test_a_private_image_is_pulled_with_the_credentials_of_its_registry(workspace: Workspace) -> None:
    secret = builders.docker_secret(
        "regcred", workspace.namespace, registry="registry.example.com", user="robot", password="s3cret-pull"
    )
    await workspace.apply(kube.SECRETS, secret)
    await workspace.create(image="registry.example.com/team/x:1", imagePullSecretRef={"name": "regcred"})

    await workspace.until_ready()

    assert (await _rented(workspace))["imageAuth"] == "robot:s3cret-pull"


async def test_a_pull_secret_for_another_registry_is_named(workspace: Workspace) -> None:
    secret = builders.docker_secret(
        "regcred", workspace.namespace, registry="ghcr.io", user="robot", password="s3cret-pull"
    )
    await workspace.apply(kube.SECRETS, secret)
    await workspace.create(image="registry.example.com/team/x:1", imagePullSecretRef={"name": "regcred"})

    body = await workspace.until_condition("Scheduled", "False", "ReferenceNotFound")

    message = condition(body, "Scheduled")["message"]
    assert all(word in message for word in ("spec.imagePullSecretRef", "regcred", "registry.example.com/team/x:1"))


def _product(product_id: str, price: int, cluster: str) -> dict[str, Any]:
    """An offer of the simulator; the price in 1/100000 USD."""
    return {"id": product_id, "name": "Test GPU", "price": price, "stock": {cluster: {"onDemand": 8}}}
