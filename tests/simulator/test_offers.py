"""Products, clusters, templates and registry auths (novita-api 2A.3, 2A.4, 2A.6, 1.10)."""

from __future__ import annotations

from typing import Any

from tests.simulator.tenant import PRODUCT, Tenant


async def _products(tenant: Tenant, **params: Any) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = (await tenant.get("/products", **params)).json()["data"]
    return data


async def _templates(tenant: Tenant, **params: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await tenant.get("/templates", **params)).json()
    return page


async def test_prices_are_whole_numbers_as_text_in_a_hundred_thousandth_of_a_dollar(tenant: Tenant) -> None:
    products = await _products(tenant)

    assert all(product["price"].isdigit() and product["spotPrice"].isdigit() for product in products)
    assert next(product["price"] for product in products if product["id"] == PRODUCT) == "35000"


async def test_regions_are_labels_and_clusters_map_them_to_ids_that_no_rule_derives(tenant: Tenant) -> None:
    clusters = {each["name"]: each["id"] for each in (await tenant.get("/clusters")).json()["data"]}
    labels = {label for product in await _products(tenant) for label in product["regions"]}

    assert labels <= set(clusters)
    assert clusters["CN-HK-01 (Hong Kong)"] == "cn-hongkong-1"
    assert clusters["US-CA-06 (California)"] == "us-ca-6"
    assert {label.split()[0] for label in labels} >= {"CN-HK-01", "AS-SGP-02", "US-CA-06", "OC-AU-01", "AS-IN-01"}


async def test_the_product_name_filter_is_fuzzy_so_that_one_kind_finds_another(tenant: Tenant) -> None:
    names = {product["name"] for product in await _products(tenant, productName="rtx 4090")}

    assert names == {"RTX 4090 24GB", "RTX 4090 48GB"}


async def test_one_name_belongs_to_several_products(tenant: Tenant) -> None:
    same = [product for product in await _products(tenant) if product["name"] == "RTX 4090 24GB"]

    assert len(same) == 2
    assert not set(same[0]["regions"]) & set(same[1]["regions"])


async def test_stock_shows_as_availability_and_as_a_word(tenant: Tenant) -> None:
    words: dict[int, tuple[bool, str]] = {}
    for gpus in (0, 1, 20, 1000):
        await tenant.set(stock=[{"productId": PRODUCT, "gpus": gpus}])
        product = next(each for each in await _products(tenant) if each["id"] == PRODUCT)
        words[gpus] = (product["availableDeploy"], product["inventoryState"])

    assert words == {0: (False, "none"), 1: (True, "low"), 20: (True, "normal"), 1000: (True, "high")}


async def test_with_a_cluster_only_its_products_and_its_stock_count(tenant: Tenant) -> None:
    await tenant.set(stock=[{"productId": PRODUCT, "clusterId": "us-ca-6", "gpus": 0}])

    there = {product["id"]: product["availableDeploy"] for product in await _products(tenant, clusterId="us-ca-6")}
    everywhere = {product["id"]: product["availableDeploy"] for product in await _products(tenant)}

    assert "4090.16c96g.v2" not in there
    assert (there[PRODUCT], everywhere[PRODUCT]) == (False, True)


async def test_what_has_no_spot_offer_is_left_out_of_the_spot_products(tenant: Tenant) -> None:
    spot = {product["name"] for product in await _products(tenant, billingMethod="spot")}

    assert "RTX 3080 12GB" not in spot
    assert "RTX 4090 24GB" in spot


async def test_the_number_of_gpus_and_the_sizes_filter(tenant: Tenant) -> None:
    await tenant.set(stock=[{"productId": PRODUCT, "gpus": 2}])

    four = next(product for product in await _products(tenant, gpuNum=4) if product["id"] == PRODUCT)
    large = {product["name"] for product in await _products(tenant, minMemoryPerGpu=150, minCpuPerGpu=20)}

    assert four["availableDeploy"] is False
    assert large == {"H100 SXM 80GB"}


async def test_stock_is_that_of_the_billing_method_and_the_number_of_gpus_asked_for(tenant: Tenant) -> None:
    await tenant.set(stock=[{"productId": PRODUCT, "mode": "onDemand", "gpus": 0}])
    await tenant.set(stock=[{"productId": PRODUCT, "mode": "spot", "gpus": 4}])

    async def seen(**asked: Any) -> tuple[bool, str]:
        found = next(each for each in await _products(tenant, **asked) if each["id"] == PRODUCT)
        return found["availableDeploy"], found["inventoryState"]

    assert await seen() == (False, "none")
    assert await seen(billingMethod="spot") == (True, "low")
    assert await seen(billingMethod="spot", gpuNum=4) == (True, "low")
    assert await seen(billingMethod="spot", gpuNum=8) == (False, "none")
    await tenant.set(stockCounts="any")
    assert await seen(gpuNum=8) == (True, "high")


async def test_cpu_products_have_prices_and_take_the_same_filters(tenant: Tenant) -> None:
    rows = (await tenant.get("/cpu/products")).json()["data"]
    one = (await tenant.get("/cpu/products", productName="4 vcpu", clusterId="us-ca-6")).json()["data"]

    assert all(row["price"].isdigit() and row["cpuNum"] > 0 for row in rows)
    assert [row["cpuNum"] for row in one] == [4]
    assert (await tenant.get("/cpu/products", clusterId="nowhere")).json()["data"] == []


async def test_ids_of_products_may_hold_dots_and_capitals(tenant: Tenant) -> None:
    ids = {product["id"] for product in await _products(tenant)}

    assert {"A100-80GB.14c240g", "5090.16c92g"} <= ids
    assert (await tenant.order(productId="A100-80GB.14c240g")).status_code == 200


async def test_prices_and_products_can_be_changed_while_it_runs(tenant: Tenant) -> None:
    await tenant.set(prices=[{"productId": "RTX 3080 12GB", "price": 1}])
    stock = {"us-ca-6": {"onDemand": 1}}
    await tenant.set(products=[{"id": "5090", "name": "RTX 5090 32GB", "price": 69000, "stock": stock}])

    prices = {product["id"]: product["price"] for product in await _products(tenant)}

    assert (prices["3080.8c30g"], prices["5090"]) == ("1", "69000")
    assert (await tenant.order(productId="5090")).status_code == 200


async def test_templates_fill_more_than_a_page_and_an_official_one_is_not_on_the_first(tenant: Tenant) -> None:
    first = await _templates(tenant, pageSize=10, pageNum=1)
    names = [template["name"] for template in first["template"]]

    assert (first["pageSize"], first["pageNum"], len(names)) == (10, 1, 10)
    assert int(first["total"]) > 20
    assert "pytorch-jupyter" not in names


async def test_a_template_name_filter_finds_more_than_the_name(tenant: Tenant) -> None:
    found = await _templates(tenant, name="PyTorch-Jupyter", pageSize=50)
    names = [template["name"] for template in found["template"]]

    assert "pytorch-jupyter" in names
    assert len(names) > 1


async def test_the_official_template_has_jupyter_ports_and_envs(tenant: Tenant) -> None:
    (official,) = (await _templates(tenant, name="pytorch-jupyter", channel="official"))["template"]
    detail = (await tenant.get("/template", templateId=official["Id"])).json()["template"]

    assert detail == official
    assert [tool["name"] for tool in detail["tools"]] == ["Jupyter"]
    assert {group["type"] for group in detail["ports"]} == {"http", "tcp"}
    assert all(set(env) == {"key", "value"} for env in detail["envs"])


async def test_templates_that_are_not_there_or_not_ours_have_their_own_reasons(tenant: Tenant) -> None:
    missing = await tenant.get("/template", templateId="nope")
    foreign = await tenant.get("/template", templateId="999")

    assert (missing.status_code, missing.json()["reason"]) == (404, "TEMPLATE_NOT_FOUND")
    assert (foreign.status_code, foreign.json()["reason"]) == (400, "TEMPLATE_IS_PRIVATE")
    assert (await _templates(tenant, name="not-yours"))["template"] == []


async def test_a_template_is_created_updated_and_deleted(tenant: Tenant) -> None:
    made = await tenant.post("/template/create", template={"name": "mine", "image": "a:1", "channel": "official"})
    template_id = made.json()["templateId"]
    await tenant.post("/template/update", template={"Id": template_id, "name": "mine", "image": "a:2"})
    changed = (await tenant.get("/template", templateId=template_id)).json()["template"]
    await tenant.post("/template/delete", templateId=template_id)

    assert (changed["image"], changed["channel"]) == ("a:2", "private")
    assert (await tenant.get("/template", templateId=template_id)).status_code == 404


async def test_keys_of_a_template_that_nobody_documents_are_ignored(tenant: Tenant) -> None:
    tool = {"name": "Jupyter", "port": 8888, "icon": "x"}
    sent = {"name": "mine", "image": "a:1", "env": {"A": "1"}, "isMyCommunity": True, "tools": [tool]}
    made = await tenant.post("/template/create", template=sent)
    template = (await tenant.get("/template", templateId=made.json()["templateId"])).json()["template"]

    assert made.status_code == 200
    assert not {"env", "isMyCommunity"} & set(template)
    assert (template["tools"][0]["port"], "icon" in template["tools"][0]) == ("8888", False)


async def test_saving_a_registry_auth_tells_no_id_and_the_list_does(tenant: Tenant) -> None:
    saved = await tenant.post("/repository/auth/save", name="mine", username="robot", password="hunter3")
    rows = (await tenant.get("/repository/auths")).json()["data"]
    auth_id = next(row["id"] for row in rows if row["name"] == "mine")

    assert (saved.status_code, saved.json()) == (200, {})
    assert "hunter3" not in str(rows)
    assert (await tenant.order(imageAuthId=auth_id)).status_code == 200
    assert (await tenant.order(imageAuthId="nope")).json()["reason"] == "IMAGE_URL_OR_AUTH_ERROR"


async def test_a_registry_auth_in_use_is_not_deleted(tenant: Tenant) -> None:
    await tenant.create(imageAuthId="auth-1")

    used = await tenant.post("/repository/auth/delete", id="auth-1")
    missing = await tenant.post("/repository/auth/delete", id="nope")

    assert used.json()["reason"] == "IMAGE_AUTH_IN_USE"
    assert missing.status_code == 404
