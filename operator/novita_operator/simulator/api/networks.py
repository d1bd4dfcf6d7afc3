"""Private networks (novita-api 2A.7)."""

from __future__ import annotations

from typing import Any

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import paging, wire
from novita_operator.simulator.api.replies import changed
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.state.networks import Network

_BASE = "/gpu-instance/openapi/v1"
_LONGEST_NAME = 30


def list_networks(account: Account, call: Call) -> Reply:
    """Fuzzy by name."""
    found = [each for each in account.networks if call.param("name").lower() in each.name.lower()]
    page = paging.wanted(call, account.settings).of(found)
    rows = [_row(account, each) for each in page]
    return Reply(payload={"networks": rows, **paging.total(len(found), account.settings)})


def get_network(account: Account, call: Call) -> Reply:
    return _one(account, account.networks.get(call.required("networkId")))


def create_network(account: Account, call: Call) -> Reply:
    """The name may be left out."""
    cluster = account.catalog.clusters.get(call.text("clusterId"))
    if cluster is None or not cluster.support_instance_network:
        raise refusal.invalid("clusterId", "the cluster has no private networks")
    name = call.text("name", most=_LONGEST_NAME) if call.body.get("name") else ""
    network = account.networks.add(f"net-{account.new_id()}", name, cluster.id, account.clock.now())
    return _one(account, network)


def update_network(account: Account, call: Call) -> Reply:
    account.networks.get(call.text("networkId")).name = call.text("name", most=_LONGEST_NAME)
    return changed(account)


def delete_network(account: Account, call: Call) -> Reply:
    """Not while an instance is in it."""
    network = account.networks.get(call.text("networkId"))
    if _addresses(account, network):
        raise refusal.Refusal("NETWORK_IN_USE", "an instance is in the network")
    account.networks.remove(network.id)
    return changed(account)


def _one(account: Account, network: Network) -> Reply:
    row = _row(account, network)
    return Reply(payload={"network": [row] if account.settings.network_reply == "array" else row})


def _row(account: Account, network: Network) -> dict[str, Any]:
    ready = account.clock.now() >= network.created_at + account.settings.delays.accept
    return {
        "Id": network.id,
        "user": "simulated",
        "name": network.name,
        "state": {"state": "ready" if ready else "creating", "error": ""},
        "segment": f"{network.prefix}.0/24",
        "clusterId": network.cluster_id,
        "Addresses": _addresses(account, network),
        "createTime": wire.seconds(network.created_at),
    }


def _addresses(account: Account, network: Network) -> list[dict[str, str]]:
    inside = (each for each in account.fleet if each.order.network_id == network.id)
    return [{"Id": each.id, "Ip": account.networks.ip_of(each)} for each in inside]


TABLE: Table = {
    ("GET", f"{_BASE}/networks"): ("networks", list_networks),
    ("GET", f"{_BASE}/network"): ("networks", get_network),
    ("POST", f"{_BASE}/network/create"): ("saveNetwork", create_network),
    ("POST", f"{_BASE}/network/update"): ("saveNetwork", update_network),
    ("POST", f"{_BASE}/network/delete"): ("deleteNetwork", delete_network),
}
