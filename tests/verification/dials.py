"""For each assumption, the dial of the simulator that makes it differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Body = Mapping[str, Any]
_TEMPLATE_LISTS = 4  # asked before single templates
_PRODUCT_LISTS = 5  # asked before those of one cluster
_PRODUCT = {
    "id": "a",
    "name": "RTX 24GB",
    "price": "35000",
    "spotPrice": "0",
    "availableDeploy": True,
    "inventoryState": "high",
    "regions": [],
    "billingMethods": ["onDemand"],
    "minRootFS": 10,
    "maxRootFS": 100,
}


@dataclass(frozen=True)
class Dial:
    """Settings and faults. `paid`: it shows in the life of a rented instance; `open_to_all`: every key is let in.

    `machines`: those of instances are real.
    """

    settings: Body = field(default_factory=dict)
    faults: tuple[Body, ...] = ()
    paid: bool = False
    open_to_all: bool = False
    machines: bool = False


def _set(*, paid: bool = False, **settings: Any) -> Dial:
    return Dial(settings, paid=paid)


def _fault(kind: str, route: str, *, paid: bool = False, **fault: Any) -> Dial:
    return Dial(faults=({"kind": kind, "route": route, **fault},), paid=paid)


def _machine(*faults: Body, **settings: Any) -> Dial:
    return Dial(settings, faults, paid=True, machines=True)


def _answer(route: str, body: object, **fault: Any) -> Dial:
    """A success with another body."""
    return _fault("status", route, status=200, body=body, **fault)


def _products(**change: Any) -> Dial:
    return _answer("products", {"data": [{**_PRODUCT, **change}]})


DIALS: Mapping[str, Dial] = {
    "routes": _fault("status", "jobs", status=404),
    "rate": _set(rateLimit={"perMinute": 2}),
    "wrong-key": Dial(open_to_all=True),
    "error-body": _set(errorBody="message"),
    "not-found-status": _set(notFound=400),
    "not-found-understood": _set(errorBody="html-502"),
    "template-not-found": _fault("status", "templates", status=400, reason="REQUEST", message="no", skip=4, times=1),
    "unknown-route": _answer("unknown", {}),
    "envelopes": _answer("clusters", {"clusters": []}),
    "empty-list": _set(emptyList="null"),
    "list-understood": _answer("list", {"instances": [{"name": "no id"}], "total": "1"}),
    "list-total": _set(totalAs="absent"),
    "total-form": _set(totalAs="int"),
    "page-base": _set(pageBase="zero"),
    "page-size": _answer("templates", {"template": [{"Id": "a"}, {"Id": "b"}]}),
    "largest-page": _set(maxPageSize=50),
    "page-beyond": _answer("list", {"instances": [{"id": "0123456789abcdef"}], "total": "1"}),
    "product-fields": _answer("products", {"data": [{"id": "a"}]}),
    "product-numbers": _set(smallNumbers="string"),
    "price-unit": _set(prices=[{"productId": "*", "price": 35}]),
    "spot-price": _products(billingMethods=["onDemand", "spot"]),
    "stock-words": _products(inventoryState="plenty"),
    "default-billing": _answer("products", {"data": [_PRODUCT]}, times=1),
    "default-count": _answer("products", {"data": [_PRODUCT]}, times=1),
    "memory-in-name": _products(name="RTX"),
    "region-labels": _answer("clusters", {"data": [{"id": "us-ca-6", "name": "California"}]}),
    "clusters": _answer("clusters", {"data": [{"id": 6, "name": "California"}]}),
    "cluster-filter": _answer("products", {"data": [_PRODUCT]}, skip=_PRODUCT_LISTS),
    "templates": _answer("templates", {"template": "a"}, skip=_TEMPLATE_LISTS + 1),
    "balance": _answer("balance", {"availableBalance": 10.5}),
    "volumes": _answer("networkStorages", {"data": [{"storageId": "a", "clusterId": "b", "storageSize": "10"}]}),
    "registry-passwords": _answer("registryAuths", {"data": [{"id": "a", "password": "hunter2"}]}),
    "jobs": _answer("jobs", {"jobs": [{"Id": "a", "state": "success"}]}),
    "metrics": _answer("metrics", {"gpuUtilization": []}),
    "id-form": _set(overlay={"id": "17"}),
    "numbers-as-texts": _set(overlay={"gpuNum": 1}),
    "status-words": _set(overlay={"status": "sleeping"}),
    "list-times": _set(listItems="bare"),
    "list-spot": _set(listItems="bare"),
    "list-endpoints": _set(listItems="bare"),
    "detail-times": _set(overlay={"createdAt": 1_700_000_000}),
    "detail-bare": _set(wrapInstance=True),
    "detail-connections": _answer("get", {"id": "0123456789abcdef"}, skip=1),
    "node-form": _set(nodeAs="array"),
    "price-told": _set(tellPrice=True),
    "data-days": _set(keepDataDays=3),
    "ssh-form": _set(sshForm="top-level"),
    "endpoint-form": _set(tcpEndpointScheme=True),
    "create-reply": _fault("no-id", "create", paid=True),
    "create-listed": _fault("list-lag", "create", seconds=3600, paid=True),
    "name-kept": _set(names="upper", paid=True),
    "first-status": _set(firstStatus="pending", paid=True),
    "life-words": _set(images={"ubuntu": "not-found"}, paid=True),
    "billing-echo": _set(overlay={"billingMode": ""}, paid=True),
    "wrong-state": _fault("status", "start", status=409, reason="OPERATION_LIMIT", message="no", paid=True),
    "delete-reply": _set(mutationReply="no-content", paid=True),
    "delete-any-status": _fault("invalid-state", "delete", times=1, paid=True),
    "delete-time": _set(delays={"remove": 400}, paid=True),
    "delete-again": _fault("status", "delete", status=500, skip=1, paid=True),
    "ssh-login": _machine({"kind": "ssh-wrong-password"}),
    "ssh-host-key": _machine({"kind": "ssh-host-key-changed", "skip": 1}),
    "ssh-shell": _machine(images={"ubuntu": "no-shell"}),
    "ssh-environment": _machine(images={"ubuntu": "hides-environment"}),
}
