"""Network volumes (novita-api 2A.5). They are a dial of the account, too: both see the same ones."""

from __future__ import annotations

from typing import Any

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import paging
from novita_operator.simulator.api.replies import changed
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.settings import NetworkVolume
from novita_operator.simulator.state import words

_BASE = "/gpu-instance/openapi/v1"
_SMALLEST_GB = 10
_PRICE = "0"  # of a GB and day; nothing relies on it


def list_volumes(account: Account, call: Call) -> Reply:
    """The page parameter has a name of its own here."""
    wanted = {"storageId": call.param("storageId"), "storageName": call.param("storageName")}
    rows = [_row(account, each) for each in account.settings.network_volumes]
    found = [row for row in rows if all(value in ("", row[key]) for key, value in wanted.items())]
    page = paging.wanted(call, account.settings, "pageNo").of(found)
    return Reply(payload={"data": list(page), **paging.total(len(found), account.settings)})


def create_volume(account: Account, call: Call) -> Reply:
    """Documented as the id alone, a JSON string; clients that work read an object."""
    cluster = account.catalog.clusters.get(call.text("clusterId"))
    if cluster is None:
        raise refusal.invalid("clusterId", "there is no such cluster")
    if not cluster.support_network_storage:
        raise refusal.Refusal("CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT", "the cluster has no network storage")
    volume = NetworkVolume(
        storage_id=f"ns-{account.new_id()}",
        storage_name=call.text("storageName"),
        storage_size=_size(call),
        cluster_id=cluster.id,
    )
    _keep(account, *account.settings.network_volumes, volume)
    alone = account.settings.storage_reply == "string"
    return Reply(payload=f'"{volume.storage_id}"' if alone else _row(account, volume))


def update_volume(account: Account, call: Call) -> Reply:
    """A new name, and a size that only grows."""
    volume, size = _known(account, call.text("storageId")), _size(call)
    if size < volume.storage_size:
        raise refusal.invalid("storageSize", "a network volume cannot shrink")
    update = {"storage_size": size, "storage_name": call.text("storageName")}
    others = (each for each in account.settings.network_volumes if each.storage_id != volume.storage_id)
    _keep(account, *others, volume.model_copy(update=update))
    return changed(account)


def delete_volume(account: Account, call: Call) -> Reply:
    """By `storageId` as documented, or by `id` as the official command line sends it."""
    volume = _known(account, call.text("storageId" if "storageId" in call.body else "id"))
    mounts = (
        mount.id for each in account.fleet if each.word not in words.LEAVING for mount in each.order.network_storages
    )
    if volume.storage_id in mounts:
        raise refusal.Refusal("NETWORK_STORAGE_IN_USE", "an instance mounts the network volume")
    _keep(account, *(each for each in account.settings.network_volumes if each.storage_id != volume.storage_id))
    return changed(account)


def _keep(account: Account, *volumes: NetworkVolume) -> None:
    account.settings = account.settings.model_copy(update={"network_volumes": volumes})


def _known(account: Account, storage_id: str) -> NetworkVolume:
    for each in account.settings.network_volumes:
        if each.storage_id == storage_id:
            return each
    raise refusal.Gone("network storage not found", "NETWORK_STORAGE_NOT_FOUND")


def _size(call: Call) -> int:
    """A number; the documents show it as a text where a volume is changed."""
    sent = call.body.get("storageSize")
    text = str(sent) if isinstance(sent, int | str) and not isinstance(sent, bool) else ""
    if not (text.isascii() and text.isdigit()) or int(text) < _SMALLEST_GB:
        raise refusal.invalid("storageSize", f"must be a number of {_SMALLEST_GB} or more")
    return int(text)


def _row(account: Account, volume: NetworkVolume) -> dict[str, Any]:
    cluster = account.catalog.clusters.get(volume.cluster_id)
    return {
        **volume.model_dump(by_alias=True),
        "clusterName": "" if cluster is None else cluster.name,
        "price": _PRICE,
    }


TABLE: Table = {
    ("GET", f"{_BASE}/networkstorages/list"): ("networkStorages", list_volumes),
    ("GET", f"{_BASE}/networkstorages"): ("networkStorages", list_volumes),  # as the official command line asks
    ("POST", f"{_BASE}/networkstorage/create"): ("saveNetworkStorage", create_volume),
    ("POST", f"{_BASE}/networkstorage/update"): ("saveNetworkStorage", update_volume),
    ("POST", f"{_BASE}/networkstorage/delete"): ("deleteNetworkStorage", delete_volume),
}
