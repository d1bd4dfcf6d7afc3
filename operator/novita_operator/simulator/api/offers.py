"""Products, clusters, templates and registry auths (novita-api 2A.3, 2A.4, 2A.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import connections, paging
from novita_operator.simulator.api.replies import changed
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.offer.catalog import ANY, Cluster, Product
from novita_operator.simulator.offer.templates import Template

_BASE = "/gpu-instance/openapi/v1"
_USUAL_METHOD = "onDemand"
_LOW, _NORMAL = 4, 64  # GPUs in stock up to which the word is `low`, `normal`
_MONTHS = {1: 90, 3: 85, 12: 75}  # percent of the hourly price that a subscription costs
_HOURS_A_MONTH = 720
_MOST_PASSWORD = 500
_CPU_SIZES = ((4, 8), (8, 16), (16, 32))  # cores and GB
_CPU_PRICE = 1_500  # of a core and hour, in 1/100000 USD


def list_products(account: Account, call: Call) -> Reply:
    """All of them in one reply; filters by place, size, fuzzy name and billing method (on demand unless said)."""
    products = account.catalog.products.values()
    return Reply(payload={"data": [_product(account, call, each) for each in products if _fits(call, each)]})


def list_cpu_products(account: Account, call: Call) -> Reply:
    """Machines without a GPU. None of the clusters is short of them, and nothing here rents one."""
    name, cluster = call.param("productName").lower(), call.param("clusterId")
    known = not cluster or cluster in account.catalog.clusters
    rows = [
        {
            "id": f"cpu.{cores}c{memory}g",
            "name": f"{cores} vCPU {memory} GB",
            "cpuNum": cores,
            "memorySize": memory,
            "rootfsSize": 60,
            "localVolumeSize": 0,
            "availableDeploy": True,
            "price": str(cores * _CPU_PRICE),
        }
        for cores, memory in _CPU_SIZES
    ]
    return Reply(payload={"data": [row for row in rows if known and name in str(row["name"]).lower()]})


def list_clusters(account: Account, _call: Call) -> Reply:
    return Reply(payload={"data": [_cluster(account, each) for each in account.catalog.clusters.values()]})


def list_templates(account: Account, call: Call) -> Reply:
    found = account.templates.list(name=call.param("name"), channel=call.param("channel"), kind=call.param("type"))
    part = paging.wanted(call, account.settings)
    return Reply(
        payload={
            "template": [template.to_wire() for template in part.of(found)],
            "pageSize": part.size,
            "pageNum": call.page,
            **paging.total(len(found), account.settings),
        }
    )


def get_template(account: Account, call: Call) -> Reply:
    return Reply(payload={"template": account.templates.get(call.required("templateId")).to_wire()})


def save_template(account: Account, call: Call) -> Reply:
    """Creates a private one, or with an `Id` replaces one."""
    sent = call.body.get("template")
    if not isinstance(sent, Mapping):
        raise refusal.invalid("template", "is required")
    if sent.get("Id"):
        account.templates.get(str(sent["Id"]))
    try:
        # Keys that nobody documents are ignored, as the command line's `env` and `isMyCommunity`.
        whole = {"Id": f"t-{account.new_id()}", **sent, "channel": "private"}
        template = Template.model_validate(whole, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise refusal.invalid(".".join(str(part) for part in first["loc"]), first["msg"]) from None
    account.templates.put(template)
    return Reply(payload={"templateId": template.id})


def delete_template(account: Account, call: Call) -> Reply:
    template_id = call.text("templateId")
    account.templates.remove(template_id)
    return Reply(payload={"templateId": template_id})


def list_auths(account: Account, _call: Call) -> Reply:
    rows = [{"id": each.id, "name": each.name, "username": each.username, "password": "****"} for each in account.auths]
    return Reply(payload={"data": rows})


def save_auth(account: Account, call: Call) -> Reply:
    """Tells no id: it is found in the list."""
    account.auths.save(call.text("name"), call.text("username"), call.text("password", most=_MOST_PASSWORD))
    return changed(account)


def delete_auth(account: Account, call: Call) -> Reply:
    auth_id = call.text("id")
    if any(each.order.image_auth_id == auth_id for each in account.fleet):
        raise refusal.Refusal("IMAGE_AUTH_IN_USE", "an instance uses the registry auth")
    account.auths.delete(auth_id)
    return changed(account)


def _fits(call: Call, product: Product) -> bool:
    method, cluster = call.param("billingMethod"), call.param("clusterId")
    return (
        call.param("productName").lower() in product.name.lower()
        and (not cluster or cluster in product.stock)
        and (not method or method in product.methods)
        and product.cpu_per_gpu >= call.number("minCpuPerGpu", 0)
        and product.memory_per_gpu >= call.number("minMemoryPerGpu", 0)
        and product.max_root_fs >= call.number("minRootFSSize", 0)
    )


def _product(account: Account, call: Call, product: Product) -> dict[str, Any]:
    most, clusters = _free(account, call, product), account.catalog.clusters
    return {
        "id": product.id,
        "name": product.name,
        "cpuPerGpu": product.cpu_per_gpu,
        "memoryPerGpu": connections.small_number(account, str(product.memory_per_gpu)),
        "diskPerGpu": product.disk_per_gpu,
        "availableDeploy": most > 0,
        "inventoryState": _inventory(most),
        "minRootFS": product.min_root_fs,
        "maxRootFS": product.max_root_fs,
        "minLocalStorage": 0,
        "maxLocalStorage": 0,
        "regions": [clusters[each].name for each in product.stock if each in clusters],
        "price": str(product.price),
        "spotPrice": str(product.spot_price),
        "monthlyPrice": [
            {"price": str(product.price * _HOURS_A_MONTH * months * percent // 100), "month": months}
            for months, percent in _MONTHS.items()
        ],
        "billingMethods": product.methods,
    }


def _free(account: Account, call: Call, product: Product) -> int:
    """GPUs in the best place; none where fewer are free than are asked for. On demand unless another method is said."""
    catalog, cluster, counted = account.catalog, call.param("clusterId") or ANY, account.settings.stock_counts
    if counted == "none":
        return 0
    mode = call.param("billingMethod") or _USUAL_METHOD if counted == "asked" else ANY
    most = max((catalog.free(shelf) for shelf in catalog.shelves(product.id, cluster, mode)), default=0)
    return most if counted == "any" or most >= call.number("gpuNum", 0) else 0


def _inventory(gpus: int) -> str:
    if gpus == 0:
        return "none"
    if gpus <= _LOW:
        return "low"
    return "normal" if gpus <= _NORMAL else "high"


def _cluster(account: Account, cluster: Cluster) -> dict[str, Any]:
    kinds = {each.name for each in account.catalog.products.values() if cluster.id in each.stock}
    return {**cluster.model_dump(by_alias=True), "availableGpuType": sorted(kinds)}


TABLE: Table = {
    ("GET", f"{_BASE}/products"): ("products", list_products),
    ("GET", f"{_BASE}/cpu/products"): ("cpuProducts", list_cpu_products),
    ("GET", f"{_BASE}/clusters"): ("clusters", list_clusters),
    ("GET", f"{_BASE}/templates"): ("templates", list_templates),
    ("GET", f"{_BASE}/template"): ("templates", get_template),
    ("POST", f"{_BASE}/template/create"): ("saveTemplate", save_template),
    ("POST", f"{_BASE}/template/update"): ("saveTemplate", save_template),
    ("POST", f"{_BASE}/template/delete"): ("deleteTemplate", delete_template),
    ("GET", f"{_BASE}/repository/auths"): ("registryAuths", list_auths),
    ("POST", f"{_BASE}/repository/auth/save"): ("saveRegistryAuth", save_auth),
    ("POST", f"{_BASE}/repository/auth/delete"): ("deleteRegistryAuth", delete_auth),
}
