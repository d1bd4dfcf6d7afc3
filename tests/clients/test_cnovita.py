"""The command line `cnovita`, of others, lives on the simulator; so do its own tests against the live service."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from cnovita import novita_cli
from cnovita.core import client
from tests.clients.conftest import Novita
from tests.simulator.tenant import LONG, PRODUCT, UNTIL_RUNNING

Cli = Callable[..., Any]
_REGION = "us-ca-6"
# Its tests of the GPU API that have passed against the live service. The others try models and pictures.
_LIVE_TESTS = ("TestE2E_GPU_Products", "TestE2E_Template_Lifecycle", "TestE2E_GPU_Instance_Lifecycle")
_RUN = """
import sys, unittest
import cnovita.core.client as client
client.BASE_URL = sys.argv.pop(1)
unittest.main("cnovita.tests.test_full_e2e")
"""


@pytest.fixture
def cli(novita: Novita, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command and reads its JSON; a text where it prints none."""
    monkeypatch.setattr(client, "BASE_URL", novita.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    async def run(*words: str) -> Any:
        command = ["--json-output", "--api-key", novita.key, *words]
        result = await asyncio.to_thread(CliRunner().invoke, novita_cli.cli, command, obj={})
        assert result.exit_code == 0, f"{words}: {result.output}"
        try:
            return json.loads(result.output)
        except ValueError:
            return result.output

    return run


async def test_an_instance_is_rented_found_edited_stopped_started_restarted_and_ended(novita: Novita, cli: Cli) -> None:
    options = ["--ports", "8080/http", "--env", "MODE=fast", "--billing", "spot", "--rootfs", "40"]
    command = ["gpu", "create", "--product-id", PRODUCT, "--image", "ubuntu:22.04", "--name", "trainer", *options]
    instance_id = (await cli(*command))["id"]
    await novita.tenant.wait(UNTIL_RUNNING)

    listed = await cli("gpu", "list", "--status", "running", "--name", "train")
    await cli("gpu", "edit", instance_id, "--ports", '[{"port": 9090, "type": "tcp"}]', "--expand-disk", "5")
    words = []
    for action in ("stop", "start", "restart"):
        await cli("gpu", action, instance_id)
        await novita.tenant.wait(LONG)
        words.append((await cli("gpu", "get", instance_id))["status"])
    found = await cli("gpu", "get", instance_id)
    metrics = await cli("gpu", "metrics", instance_id)
    await cli("gpu", "delete", instance_id)
    await novita.tenant.wait(LONG)

    assert [each["id"] for each in listed["instances"]] == [instance_id]
    assert words == ["exited", "running", "running"]
    assert [(port["port"], port["type"]) for port in found["portMappings"]] == [(9090, "tcp")]
    assert found["rootfsSize"] == 45
    assert set(metrics) >= {"cpuUtilization", "gpuUtilization"}
    assert (await cli("gpu", "list"))["instances"] == []
    assert await novita.billing() == 0


async def test_the_offer_is_listed(cli: Cli) -> None:
    products = await cli("gpu", "products", "--gpu-num", "1", "--billing", "spot")
    cpu = await cli("gpu", "cpu-products")
    regions = await cli("gpu", "clusters")

    assert PRODUCT in {product["id"] for product in products["data"]}
    assert cpu["data"]
    assert _REGION in {region["id"] for region in regions["data"]}


async def test_a_template_is_made_listed_edited_and_removed(cli: Cli) -> None:
    made = await cli("template", "create", "--name", "mine", "--image", "ubuntu:22.04")
    template_id = made["templateId"]
    listed = await cli("template", "list", "--channel", "private")
    await cli("template", "edit", template_id, "--image", "debian:12")
    found = await cli("template", "get", template_id)
    await cli("template", "delete", template_id)

    assert template_id in {each["Id"] for each in listed["template"]}
    assert (found["Id"], found["image"]) == (template_id, "debian:12")


async def test_a_network_volume_is_made_listed_and_removed(cli: Cli) -> None:
    await cli("storage", "create", "--cluster-id", _REGION, "--name", "data", "--size", "10")
    (listed,) = (await cli("storage", "list"))["data"]
    await cli("storage", "delete", listed["storageId"])

    assert (listed["storageName"], listed["storageSize"], listed["clusterId"]) == ("data", 10, _REGION)
    assert (await cli("storage", "list"))["data"] == []


async def test_its_own_tests_against_the_live_service_pass_against_the_simulator(novita: Novita) -> None:
    environment = {**os.environ, "NOVITA_API_KEY": novita.key, "NO_PROXY": "127.0.0.1"}
    arguments = [sys.executable, "-c", _RUN, novita.url, *_LIVE_TESTS]
    pipe = asyncio.subprocess.PIPE

    process = await asyncio.create_subprocess_exec(*arguments, env=environment, stderr=pipe, stdout=pipe)
    _, said = await process.communicate()

    verdict = said.decode().strip().splitlines()[-1]
    assert (process.returncode, verdict) == (0, "OK"), said.decode()
    assert await novita.billing() == 0
