"""One GPUInstanceSet as the cluster holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from novita_operator.api import complaints
from novita_operator.api.gpu_instance_set.spec import GPUInstanceSetSpec
from novita_operator.api.gpu_instance_set.status import GPUInstanceSetStatus
from novita_operator.api.meta import Meta


@dataclass(frozen=True, slots=True)
class GPUInstanceSet:
    """One object as the cluster holds it. `unreadable`: why its spec cannot be read; then nothing is done."""

    meta: Meta
    spec: GPUInstanceSetSpec | None
    status: GPUInstanceSetStatus
    unreadable: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUInstanceSet:
        """Read a body from the cluster, whatever version wrote it. Raises pydantic.ValidationError for its metadata."""
        meta = Meta.parse(body["metadata"])
        try:
            spec = GPUInstanceSetSpec.model_validate(body.get("spec") or {})
        except ValidationError as error:
            return cls(meta, None, _status(body), complaints.of_spec(error))
        return cls(meta, spec, _status(body))


def _status(body: Mapping[str, Any]) -> GPUInstanceSetStatus:
    """A status of another version is written anew: all of it can be counted."""
    try:
        return GPUInstanceSetStatus.model_validate(body.get("status") or {})
    except ValidationError:
        return GPUInstanceSetStatus()
