"""`offers` and `plan`: what Novita has, asked with the key of the environment."""

from __future__ import annotations

import json

import yaml
from tests.plugin.conftest import Plugin
from tests.support import builders
from tests.support.processes import REPOSITORY


async def test_the_catalogue_has_vram_prices_and_the_stock_of_each_region(plugin: Plugin) -> None:
    await plugin.workspace.novita.sold_out(product="4090.16c62g", region="us-ca-6")

    shown = await plugin.asking_novita("offers", "--product", "4090 24gb")
    listed = json.loads((await plugin.asking_novita("offers", "-o", "json")).out)

    assert shown.code == 0, shown.err
    line = next(line for line in shown.out.splitlines() if "4090.16c62g" in line)
    assert line.split()[:6] == ["RTX", "4090", "24GB", "24", "0.35", "0.18"]
    assert "CN-HK-01 high" in line
    assert "US-CA-06 none" in line
    prices = [float(offer["pricePerGpuHour"]) for offer in listed]
    assert prices == sorted(prices)
    assert {offer["vramGB"] for offer in listed} >= {24, 80}


async def test_only_what_is_in_stock_in_one_region(plugin: Plugin) -> None:
    await plugin.workspace.novita.sold_out(product="4090.16c62g", region="cn-hongkong-1")

    found = await plugin.asking_novita("offers", "--available", "--region", "cn-hk-01", "-o", "json")

    offers = json.loads(found.out)
    assert "4090.16c62g" not in {offer["productId"] for offer in offers}
    assert {region for offer in offers for region in offer["stock"]} == {"CN-HK-01"}


async def test_without_a_key_it_says_which_variable_and_why(plugin: Plugin) -> None:
    for arguments in (("offers",), ("plan", "-f", str(REPOSITORY / "deploy/samples/quickstart.yaml"))):
        refused = await plugin.anywhere(*arguments)
        assert (refused.code, refused.out) == (1, "")
        assert "needs a key, which is not taken from the cluster: set NOVITA_API_KEY" in refused.err


async def test_a_refused_key_is_a_sentence(plugin: Plugin) -> None:
    await plugin.workspace.novita.revoke_key(plugin.workspace.novita.key)

    refused = await plugin.asking_novita("offers")

    assert refused.code == 1
    assert refused.err.startswith("error: ")
    assert "401" in refused.err


async def test_a_plan_says_what_the_operator_then_rents(plugin: Plugin) -> None:
    body = plugin.workspace.instance_body(regions=["EU-DE-01", "US-CA-06"], productName="RTX 4090 24GB", gpuCount=2)

    planned = await plugin.asking_novita("plan", "-f", "-", "-o", "json", stdin=yaml.safe_dump(body))
    (answer,) = json.loads(planned.out)
    await plugin.workspace.plane.kubectl("create", "-f", "-", stdin=yaml.safe_dump(body))
    status = (await plugin.workspace.until_ready())["status"]

    assert planned.code == 0, planned.err
    rented = (status["product"]["id"], status["region"], status["pricePerHour"])
    assert (answer["productId"], answer["region"], answer["pricePerHour"]) == rented
    assert answer["why"] == status["selection"]


async def test_planning_rents_nothing(plugin: Plugin) -> None:
    await plugin.asking_novita("plan", "-f", str(REPOSITORY / "deploy/samples/set.yaml"))

    assert (await plugin.workspace.novita.ledger()).created == 0


async def test_a_set_is_planned_with_all_of_its_replicas(plugin: Plugin) -> None:
    planned = await plugin.asking_novita("plan", "-f", str(REPOSITORY / "deploy/samples/set.yaml"))

    assert planned.code == 0, planned.err
    line = next(line for line in planned.out.splitlines() if line.startswith("GPUInstanceSet"))
    assert line.split()[7:11] == ["3", "0.35", "1.05", "25.20"]
    assert "Together 1.05 USD/h" in planned.out


async def test_what_cannot_be_rented_says_why_and_changes_the_exit_code(plugin: Plugin) -> None:
    cheap = builders.gpu_instance("cheap", "x", maxPricePerHour="0.01")
    unknown = builders.gpu_instance("unknown", "x", template={"name": "no-such-template"})

    planned = await plugin.asking_novita("plan", "-f", "-", stdin=yaml.safe_dump_all([cheap, unknown]))

    assert planned.code == 1
    assert "is above your limit of 0.01 (spec.maxPricePerHour)" in planned.out
    assert 'Novita has no template of the name "no-such-template".' in planned.out


async def test_a_manifest_that_cannot_be_read_names_the_field_and_not_its_values(plugin: Plugin) -> None:
    bad = builders.gpu_instance("bad", "x", gpuCount=99, env=[{"name": "TOKEN", "value": {"no": "canary-value"}}])

    refused = await plugin.asking_novita("plan", "-f", "-", stdin=yaml.safe_dump(bad))
    broken = await plugin.asking_novita("plan", "-f", "-", stdin="a: [canary-value")

    assert (refused.code, broken.code) == (1, 1)
    assert "spec.gpuCount" in refused.err
    assert "is no YAML, line 1" in broken.err
    assert "canary-value" not in refused.err + broken.err
