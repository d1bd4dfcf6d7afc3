"""Sets and their instances, each with one sensible value for everything that a test does not speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import digest, meta
from novita_operator.api.gpu_instance_set.resource import GPUInstanceSet
from novita_operator.controllers.gpu_instance_set.observing.observation import Observation
from novita_operator.reconciling.owned import Child, Ended, Trouble

UID = "2f8a0a4d-5c11-4f0e-9f0e-6b1e3b4c0f6b"
OLD = "oldtemplate"
NO_STOCK = Trouble("NoCapacity", "Novita has no free GPU.", lasting=False)
BROKEN = Trouble("StartupTimeout", "It was not Ready in time.", lasting=True)


def a_body(
    *,
    replicas: int = 3,
    template: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
    deleting: bool = False,
    **spec: Any,
) -> dict[str, Any]:
    """A GPUInstanceSet as the API server sends it; keywords are the spec's fields in camelCase."""
    metadata: dict[str, Any] = {
        "name": "web",
        "namespace": "team",
        "uid": UID,
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": wire(ago(3600)),
        "annotations": dict(annotations or {}),
    }
    if deleting:
        metadata["deletionTimestamp"] = wire(ago(30))
    whole = {"replicas": replicas, "template": template or {"spec": {}}, "createIntervalSeconds": 0, **spec}
    return {"metadata": metadata, "spec": whole, "status": dict(status or {})}


def a_set(**parts: Any) -> GPUInstanceSet:
    return GPUInstanceSet.parse(a_body(**parts))


def hash_of(resource: GPUInstanceSet) -> str:
    """The hash that instances of the present template carry."""
    return "" if resource.spec is None else digest.of(resource.spec.template)


def an_instance(index: int, *, age: float = 600, price: str | None = "0.35", hashed: str = "", **changes: Any) -> Child:
    """One that is Ready, unless `changes` say otherwise."""
    child = Child(
        name=f"web-{index}",
        uid=f"uid-{index}",
        created_at=ago(age),
        labels={meta.TEMPLATE_HASH_LABEL: hashed},
        ready=True,
        was_ready=True,
        price_per_hour=None if price is None else Decimal(price),
    )
    return replace(child, **changes)


def starting(index: int, **changes: Any) -> Child:
    return an_instance(index, **{"ready": False, "was_ready": False, "price": None, **changes})


def stopped(index: int, **changes: Any) -> Child:
    """One that is stopped as its own spec asks."""
    return an_instance(index, **{"reason": "Stopped", "price": None, **changes})


def over(index: int, **changes: Any) -> Child:
    """One that spec.lifetime.maxSeconds has ended."""
    ended = Ended("MaxSeconds", "It was ended as its spec.lifetime asks.", None)
    return an_instance(index, **{"reason": "Ended", "price": None, "ended": ended, **changes})


def broken(index: int, **changes: Any) -> Child:
    return an_instance(index, **{"ready": False, "trouble": BROKEN, **changes})


def going(index: int, **changes: Any) -> Child:
    return an_instance(index, deleting=True, **changes)


def seen(resource: GPUInstanceSet, *children: Child, taken: tuple[str, ...] = ()) -> Observation:
    """Instances without a hash of their own are of the present template."""
    hashed = hash_of(resource)
    labelled = [
        child if child.label(meta.TEMPLATE_HASH_LABEL) else replace(child, labels={meta.TEMPLATE_HASH_LABEL: hashed})
        for child in children
    ]
    return Observation(resource, tuple(labelled), hashed, frozenset(taken))


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)
