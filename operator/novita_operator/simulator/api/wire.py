"""Instances as v1 writes them: numbers as strings, empty strings for nothing, connections in the detail only."""

from __future__ import annotations

from typing import Any

from novita_operator.simulator.account import Account
from novita_operator.simulator.state.instance import Connection, Instance

_DOMAIN = "gpu-instance.novita.ai"
_JUPYTER = "jupyter"
_JUPYTER_PORT = "8888"
_NO_NETWORK = {"id": "", "ip": ""}


def seconds(at: float) -> str:
    """Unix seconds as a decimal string; "0" = never."""
    return str(int(at))


def item(account: Account, instance: Instance) -> dict[str, Any]:
    """A list item: everything but the connection blocks."""
    order = instance.order
    product = account.catalog.products.get(order.product_id)
    cluster = account.catalog.clusters.get(instance.shelf.cluster)
    placed = instance.word not in {"pending", "toCreate"}
    return {
        "id": instance.id,
        "name": order.name,
        "clusterId": instance.shelf.cluster if placed else "",
        "clusterName": cluster.name if cluster is not None and placed else "",
        "status": instance.word,
        "statusError": {"state": instance.failure.state, "message": instance.failure.message},
        "imageUrl": order.image_url,
        "imageAuthId": order.image_auth_id,
        "command": order.command,
        "entrypoint": order.entrypoint,
        "cpuNum": str(product.cpu_per_gpu * order.gpu_num if product else 0),
        "memory": str(product.memory_per_gpu * order.gpu_num if product else 0),
        "gpuNum": str(order.gpu_num),
        "gpuIds": list(range(order.gpu_num)) if instance.connection else [],
        "portMappings": _port_mappings(account, instance),
        "productId": order.product_id,
        "productName": product.name if product else "",
        "rootfsSize": instance.rootfs_gb,
        "volumeMounts": [
            {"type": "network", "size": "", "id": mount.id, "mountPath": mount.mount_point}
            for mount in order.network_storages
        ],
        "envs": [{"key": env.key, "value": env.value} for env in order.envs],
        "kind": order.kind,
        "billingMode": order.billing_mode,  # as sent: "" where the request had none
        "endTime": "-1",
        "spotStatus": instance.spot_status,
        "spotReclaimTime": seconds(instance.spot_reclaim_at),
        "network": {"id": order.network_id, "ip": ""} if order.network_id else _NO_NETWORK,
        "createdAt": seconds(instance.created_at),
        "lastStartedAt": seconds(instance.started_at),
        "lastStoppedAt": seconds(instance.stopped_at),
        "startedAt": seconds(instance.first_started_at),
        "stoppedAt": seconds(instance.stopped_at),
        "tools": [tool.model_dump() for tool in order.tools],
        **instance.extra,
    }


def detail(account: Account, instance: Instance) -> dict[str, Any]:
    """The object of the get call; its connection blocks are empty unless the instance runs."""
    connection = _shown(account, instance)
    host = f"proxy.{instance.shelf.cluster}.{_DOMAIN}"
    up = connection is not None
    product = account.catalog.products.get(instance.order.product_id)
    jobs = [{"id": job.id, "type": job.type} for job in account.jobs.running(instance.id)] if instance.job_id else []
    return {
        **item(account, instance),
        "connectComponentSSH": {
            "sshCommand": f"ssh -p {connection.ssh_port} root@{host}" if connection else "",
            "password": connection.ssh_password if connection else "",
            "username": "root" if up else "",
            "address": host if up else "",
            "port": str(connection.ssh_port) if connection else "",
            "isRunning": up,
        },
        "connectComponentWebTerminal": {
            "address": f"https://{instance.id}-2223.{instance.shelf.cluster}.{_DOMAIN}" if up else "",
            "username": "admin" if up else "",
            "password": connection.terminal_password if connection else "",
            "isRunning": up,
        },
        "connectComponentJupyter": _jupyter(instance, up=up),
        "connectComponentLog": {
            "systemLogAddress": f"https://{instance.id}-system-log.{instance.shelf.cluster}.{_DOMAIN}" if up else "",
            "instanceLogAddress": f"https://{instance.id}-log.{instance.shelf.cluster}.{_DOMAIN}" if up else "",
            "isRunning": up,
        },
        "node": {"maxRootfsSize": product.max_root_fs if product else 0},
        "freeStorageSize": 60,
        "keepDataDay": account.settings.keep_data_days,
        "jobs": jobs,
        **instance.extra,
    }


def _shown(account: Account, instance: Instance) -> Connection | None:
    """Filled while it runs, and some time after that began if the settings say so."""
    late = account.clock.now() < instance.running_since + account.settings.delays.connect
    return None if instance.word != "running" or late else instance.connection


def _jupyter(instance: Instance, *, up: bool) -> dict[str, Any]:
    tool = next((each for each in instance.order.tools if each.name.lower() == _JUPYTER), None)
    if tool is None or not up:
        return {"port": "", "address": "", "isRunning": False}
    port = tool.port or _JUPYTER_PORT
    return {"port": port, "address": _http_endpoint(instance, port), "isRunning": True}


def _port_mappings(account: Account, instance: Instance) -> list[dict[str, Any]]:
    connection = _shown(account, instance)
    scheme = "http://" if account.settings.tcp_endpoint_scheme else ""
    mappings: list[dict[str, Any]] = []
    for index, port in enumerate(instance.ports):
        endpoint = ""
        if connection is not None and port.type == "http":
            endpoint = _http_endpoint(instance, port.port)
        elif connection is not None:
            endpoint = f"{scheme}proxy.{instance.shelf.cluster}.{_DOMAIN}:{connection.host_ports[index]}"
        mappings.append({"port": port.port, "endpoint": endpoint, "type": port.type})
    return mappings


def _http_endpoint(instance: Instance, port: int | str) -> str:
    return f"https://{instance.id}-{port}.{instance.shelf.cluster}.{_DOMAIN}"
