"""What a set makes: names and bodies. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Set as AbstractSet
from typing import Any

from novita_operator.api import meta
from novita_operator.api.gpu_instance_set.spec import GPUInstanceSetSpec
from novita_operator.reconciling import owned

# Notes of the operator on one instance: what a template says of them would speak of an instance that never was.
_NEVER_FROM_A_TEMPLATE = frozenset({meta.CREATE_INTENT, meta.FORCE_FINALIZE})


def free_name(set_name: str, present: AbstractSet[str], taken: AbstractSet[str]) -> str:
    """The name of the next instance: `<set>-<index>`, with the lowest index that is free.

    The same as long as nobody sees the instance: whoever crashes, lags or works twice asks for the same name again,
    and the API server stores it once.
    """
    names = (f"{set_name}-{index}" for index in itertools.count())
    return next(name for name in names if name not in present and name not in taken)


def index_of(name: str) -> int:
    """The index in a name, for an order that people expect; names without one come first."""
    tail = name.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else -1


def body(owner: meta.Meta, spec: GPUInstanceSetSpec, name: str, hashed: str) -> dict[str, Any]:
    """The GPUInstance of this name."""
    said = spec.template.metadata
    annotations = {} if said is None else said.annotations
    return {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": "GPUInstance",
        "metadata": {
            "name": name,
            "namespace": owner.namespace,
            "labels": {
                **({} if said is None else said.labels),
                meta.SET_LABEL: owner.name,
                meta.TEMPLATE_HASH_LABEL: hashed,
            },
            "annotations": {key: value for key, value in annotations.items() if key not in _NEVER_FROM_A_TEMPLATE},
            "ownerReferences": [owned.reference("GPUInstanceSet", owner)],
        },
        "spec": spec.template.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }
