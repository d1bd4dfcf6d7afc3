"""The SDK `novita-sdk`, of others, lives on the simulator: it decodes every answer strictly, by documented types."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from novita.generated import models
from tests.clients.conftest import Novita
from tests.simulator.tenant import LONG, PRODUCT, UNTIL_RUNNING

from novita import AsyncNovitaClient, BadRequestError, NotFoundError

_IMAGE = "docker.io/library/ubuntu:22.04"
_REGION = "us-ca-6"


@pytest.fixture
async def sdk(novita: Novita) -> AsyncIterator[AsyncNovitaClient]:
    async with AsyncNovitaClient(novita.key, base_url=novita.url, timeout=60) as client:
        yield client


def _order(**changes: object) -> models.CreateInstanceRequest:
    usual = {"name": "trainer", "productId": PRODUCT, "gpuNum": 1, "rootfsSize": 60, "imageUrl": _IMAGE, "kind": "gpu"}
    return models.CreateInstanceRequest.model_validate(usual | changes)


async def _running(novita: Novita, sdk: AsyncNovitaClient, **changes: object) -> str:
    made = await sdk.gpu.instances.create(_order(**changes))
    await novita.tenant.wait(UNTIL_RUNNING)
    return str(made.id)


async def _status(novita: Novita, sdk: AsyncNovitaClient, instance_id: str) -> str:
    """After every transition is over."""
    await novita.tenant.wait(LONG)
    return str((await sdk.gpu.instances.get(instance_id)).status)


async def test_an_instance_is_rented_found_stopped_started_restarted_and_ended(
    novita: Novita, sdk: AsyncNovitaClient
) -> None:
    instances = sdk.gpu.instances
    instance_id = await _running(novita, sdk, ports="8080/http, 5000/tcp", billingMode="spot")

    listed = await instances.list(page_size=20, page_num=1, name="train", status="running")
    await instances.stop(instance_id)
    stopped = await _status(novita, sdk, instance_id)
    await instances.start(instance_id)
    started = await _status(novita, sdk, instance_id)
    await instances.restart(instance_id)
    restarted = await _status(novita, sdk, instance_id)
    await instances.delete(instance_id)
    await novita.tenant.wait(LONG)

    assert [each.id for each in listed] == [instance_id]
    assert [stopped, started, restarted] == ["exited", "running", "running"]
    with pytest.raises(NotFoundError):
        await instances.get(instance_id)
    assert await novita.billing() == 0


async def test_ports_and_disk_are_edited(novita: Novita, sdk: AsyncNovitaClient) -> None:
    instance_id = await _running(novita, sdk, ports="8080/http")
    change = {"instanceId": instance_id, "ports": [{"port": 9090, "type": "tcp"}], "expandRootDisk": 10}

    await sdk.gpu.instances.edit(models.EditInstanceRequest.model_validate(change))
    await novita.tenant.wait(LONG)
    edited = await sdk.gpu.instances.get(instance_id)

    assert [(port.port, port.type) for port in edited.port_mappings or []] == [(9090, "tcp")]
    assert edited.rootfs_size == 70


async def test_an_instance_gets_another_image_and_moves_to_another_node(novita: Novita, sdk: AsyncNovitaClient) -> None:
    instance_id = await _running(novita, sdk)
    change = {
        "instanceId": instance_id,
        "imageUrl": "docker.io/library/debian:12",
        "envs": [{"key": "MODE", "value": "fast"}],
        "command": "sleep infinity",
        "save": True,
        "networkVolume": {"volumeMounts": []},
    }

    await sdk.gpu.instances.upgrade(models.UpgradeInstanceRequest.model_validate(change))
    upgraded = await _status(novita, sdk, instance_id)
    await sdk.gpu.instances.migrate(instance_id)
    migrated = await _status(novita, sdk, instance_id)
    found = await sdk.gpu.instances.get(instance_id)

    assert [upgraded, migrated] == ["running", "running"]
    assert (found.image_url, found.command) == ("docker.io/library/debian:12", "sleep infinity")
    assert [str(job.type) for job in await sdk.gpu.jobs.list()] == ["instanceMigrate"]


async def test_products_and_regions_are_decoded_with_their_prices(sdk: AsyncNovitaClient) -> None:
    products = await sdk.gpu.products.list()
    spot = await sdk.gpu.products.list(billing_method="spot", gpu_num=1)
    regions = await sdk.gpu.clusters.list()

    assert {product.id: product.price for product in products}[PRODUCT] == 0.35
    assert all(product.spot_price for product in spot)
    assert _REGION in {region.id for region in regions}


async def test_cpu_products_are_decoded(sdk: AsyncNovitaClient) -> None:
    offered = await sdk.gpu.products.list_cpu()

    assert offered
    assert all(product.cpu_num and product.price for product in offered)


async def test_a_template_is_made_found_and_removed(sdk: AsyncNovitaClient) -> None:
    template = {
        "name": "mine",
        "readme": "",
        "type": "instance",
        "channel": "private",
        "image": _IMAGE,
        "startCommand": "sleep infinity",
        "rootfsSize": 60,
        "ports": [{"type": "http", "ports": [8080, 8081]}],
        "volumes": [{"type": "network", "size": 10, "mountPath": "/data"}],
        "envs": [{"key": "MODE", "value": "fast"}],
    }

    made = await sdk.gpu.templates.create(models.CreateTemplateRequest.model_validate({"template": template}))
    found = await sdk.gpu.templates.get(made.template_id)
    await sdk.gpu.templates.delete(made.template_id)

    assert (found.name, found.image) == ("mine", _IMAGE)
    assert [list(group.ports) for group in found.ports or []] == [[8080, 8081]]
    with pytest.raises((NotFoundError, BadRequestError)):
        await sdk.gpu.templates.get(made.template_id)


async def test_a_network_volume_is_made_mounted_grown_and_removed(novita: Novita, sdk: AsyncNovitaClient) -> None:
    storages = sdk.gpu.storages
    order = {"clusterId": _REGION, "storageName": "data", "storageSize": 10}

    await storages.create(models.CreateNetworkStorageRequest.model_validate(order))
    (made,) = [each for each in await storages.list() if each.storage_name == "data"]
    grown = {"storageId": made.storage_id, "storageName": "more", "storageSize": 20}
    await storages.update(models.UpdateNetworkStorageRequest.model_validate(grown))
    (found,) = await storages.list()
    mount = [{"Id": made.storage_id, "mountPoint": "/data"}]
    instance_id = await _running(novita, sdk, clusterId=_REGION, networkStorages=mount)
    with pytest.raises(BadRequestError):
        await storages.delete(str(made.storage_id))
    await sdk.gpu.instances.delete(instance_id)
    await novita.tenant.wait(LONG)
    await storages.delete(str(made.storage_id))

    assert (found.storage_name, found.storage_size, found.cluster_id) == ("more", 20, _REGION)
    assert await storages.list() == []


async def test_credentials_of_a_registry_are_saved_found_and_removed(sdk: AsyncNovitaClient) -> None:
    registries = sdk.gpu.registries

    await registries.create("registry.example.com", "robot", "canary-password")
    (saved,) = [each for each in await registries.list() if each.name == "registry.example.com"]
    await registries.delete(saved.id)

    assert saved.username == "robot"
    assert saved.password.get_secret_value() != "canary-password"
    assert saved.id not in {each.id for each in await registries.list()}


async def test_what_others_call_a_bad_request_is_one(sdk: AsyncNovitaClient) -> None:
    with pytest.raises(BadRequestError):
        await sdk.gpu.instances.create(_order(productId="no-such-product"))
    with pytest.raises(NotFoundError):
        await sdk.gpu.instances.get("0123456789abcdef")
