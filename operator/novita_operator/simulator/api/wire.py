"""Instances as v1 writes them: numbers as strings, empty strings for nothing, connections in the detail only."""

from __future__ import annotations

from typing import Any

from novita_operator.simulator.account import Account
from novita_operator.simulator.api import connections
from novita_operator.simulator.state.instance import Instance

_PRICE_UNIT = 100_000
# What live clients have seen in list items, and the documents do not show (novita-api 10).
_LIVE_ONLY = frozenset(
    {
        *("gpuIds", "spotStatus", "spotReclaimTime", "tools"),
        *("createdAt", "lastStartedAt", "lastStoppedAt", "startedAt", "stoppedAt"),
    }
)


def seconds(at: float) -> str:
    """Unix seconds as a decimal string; "0" = never."""
    return str(int(at))


def item(account: Account, instance: Instance) -> dict[str, Any]:
    """A list item: everything but the connection blocks."""
    order = instance.order
    return {
        "id": instance.id.upper() if account.settings.ids == "upper" else instance.id,
        "name": account.shown_name(instance),
        "status": instance.word,
        "statusError": {"state": instance.failure.state, "message": instance.failure.message},
        "imageUrl": order.image_url,
        "imageAuthId": order.image_auth_id,
        "command": order.command,
        "entrypoint": order.entrypoint,
        **_hardware(account, instance),
        "portMappings": connections.port_mappings(account, instance),
        "rootfsSize": instance.rootfs_gb,
        "volumeMounts": [
            {"type": "network", "size": "", "id": mount.id, "mountPath": mount.mount_point}
            for mount in order.network_storages
        ],
        "envs": [{"key": env.key, "value": env.value} for env in order.envs],
        "kind": order.kind,
        "billingMode": order.billing_mode,  # as sent: "" where the request had none
        "endTime": seconds(instance.paid_until) if instance.paid_until else "-1",
        "spotStatus": instance.spot_status,
        "spotReclaimTime": seconds(instance.spot_reclaim_at),
        "network": {"id": order.network_id, "ip": account.networks.ip_of(instance)},
        **_times(instance),
        "tools": [tool.model_dump() for tool in order.tools],
        **account.settings.overlay,
        **instance.extra,
    }


def listed(account: Account, instance: Instance) -> dict[str, Any]:
    """A list item as live clients see it, or as it is documented."""
    shown = item(account, instance)
    if account.settings.list_items == "live":
        return shown
    ports = [{key: value for key, value in port.items() if key != "endpoint"} for port in shown["portMappings"]]
    return {key: value for key, value in shown.items() if key not in _LIVE_ONLY} | {"portMappings": ports}


def detail(account: Account, instance: Instance) -> dict[str, Any]:
    """The object of the get call; its connection blocks are empty unless the instance runs."""
    product = account.catalog.products.get(instance.order.product_id)
    jobs = account.jobs.running(instance.id) if instance.job_id else []
    node = {"maxRootfsSize": product.max_root_fs if product else 0}
    return {
        **item(account, instance),
        **connections.blocks(account, instance),
        "node": [node] if account.settings.node_as == "array" else node,
        "freeStorageSize": 60,
        "keepDataDay": account.settings.keep_data_days,
        "jobs": [{"id": job.id, "type": job.type} for job in jobs],
        **_price(account, instance),
        **account.settings.overlay,
        **instance.extra,
    }


def _price(account: Account, instance: Instance) -> dict[str, str]:
    """For all its GPUs, in 1/100000 USD per hour (novita-api 1.10)."""
    return {"instancePrice": str(int(instance.price_per_hour * _PRICE_UNIT))} if account.settings.tell_price else {}


def _hardware(account: Account, instance: Instance) -> dict[str, Any]:
    """What it is and where; the place is known when it has been scheduled."""
    gpus, place = instance.order.gpu_num, instance.shelf.cluster
    product = account.catalog.products.get(instance.order.product_id)
    cluster = account.catalog.clusters.get(place)
    placed = instance.word not in {"pending", "toCreate"}
    return {
        "productId": instance.order.product_id,
        "productName": product.name if product else "",
        "clusterId": place if placed else "",
        "clusterName": cluster.name if cluster is not None and placed else "",
        "cpuNum": str(product.cpu_per_gpu * gpus if product else 0),
        "memory": str(product.memory_per_gpu * gpus if product else 0),
        "gpuNum": str(gpus),
        "gpuIds": list(range(gpus)) if instance.connection else [],
    }


def _times(instance: Instance) -> dict[str, str]:
    return {
        "createdAt": seconds(instance.created_at),
        "lastStartedAt": seconds(instance.started_at),
        "lastStoppedAt": seconds(instance.stopped_at),
        "startedAt": seconds(instance.first_started_at),
        "stoppedAt": seconds(instance.stopped_at),
    }
