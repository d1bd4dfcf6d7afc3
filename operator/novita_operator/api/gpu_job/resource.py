"""One GPUJob as the cluster holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from novita_operator.api import complaints, conditions, lenient
from novita_operator.api.gpu_job.spec import GPUJobSpec
from novita_operator.api.gpu_job.status import GPUJobStatus
from novita_operator.api.meta import Meta

# Without these, a job that has ended, or whose attempts are used up, would begin again.
_COUNTED = frozenset({"", "conditions", "attempts", "succeeded", "failed", "instanceName", "instanceUid"})


@dataclass(frozen=True, slots=True)
class GPUJob:
    """One object as the cluster holds it. `unreadable`: why it cannot be worked on; then nothing more is begun.

    `kept`: what of its status counts and cannot be read, as it is: whoever can read it has it still.
    """

    meta: Meta
    spec: GPUJobSpec | None
    status: GPUJobStatus
    unreadable: str | None = None
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUJob:
        """Read a body from the cluster, whatever version wrote it. Raises pydantic.ValidationError for its metadata.

        Times that cannot be read are written again; of what is counted nothing is.
        """
        meta, raw = Meta.parse(body["metadata"]), body.get("status") or {}
        status, lost = lenient.read_status(GPUJobStatus, conditions.dated(raw, meta.created_at))
        if lost.fields & _COUNTED:
            kept = {name: value for name, value in raw.items() if name in _COUNTED} if isinstance(raw, dict) else {}
            return cls(meta, None, status, str(lost), kept)
        try:
            return cls(meta, GPUJobSpec.model_validate(body.get("spec") or {}), status)
        except ValidationError as error:
            return cls(meta, None, status, complaints.of_spec(error))
