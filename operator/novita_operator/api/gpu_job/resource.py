"""One GPUJob as the cluster holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from novita_operator.api import complaints
from novita_operator.api.gpu_job.spec import GPUJobSpec
from novita_operator.api.gpu_job.status import GPUJobStatus
from novita_operator.api.meta import Meta


@dataclass(frozen=True, slots=True)
class GPUJob:
    """One object as the cluster holds it. `unreadable`: why its spec cannot be read; then nothing is done."""

    meta: Meta
    spec: GPUJobSpec | None
    status: GPUJobStatus
    unreadable: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUJob:
        """Read a body from the cluster. Raises pydantic.ValidationError for its metadata and its status.

        Attempts are counted in the status: without the count, a job that has ended would begin again.
        """
        meta, status = Meta.parse(body["metadata"]), GPUJobStatus.model_validate(body.get("status") or {})
        try:
            return cls(meta, GPUJobSpec.model_validate(body.get("spec") or {}), status)
        except ValidationError as error:
            return cls(meta, None, status, complaints.of_spec(error))
