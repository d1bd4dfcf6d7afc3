"""Whether a spec still asks for what it asked for when something was recorded. Pure."""

from __future__ import annotations

from typing import TypeVar

from novita_operator.api import digest
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Ended, Failure

R = TypeVar("R", Ended, Failure)


def unedited(record: Ended | Failure, resource: GPUInstance) -> bool:
    """An edit changes what the spec means. To drop or to write out a default is none, for all its new generation.

    Else the first apply after an upgrade of the CRDs would rent again what had failed or was ended.
    """
    if record.generation == resource.meta.generation:
        return True
    return record.spec_digest is not None and record.spec_digest == digest.of(resource.spec)


def carried(record: R | None, resource: GPUInstance) -> R | None:
    """The record as the next pass finds it. One of an earlier version, which knew no digests, gets its digest here.

    It names the newest generation that asks for the same: an earlier version, after a rollback, goes by that alone.
    Once an edit was seen, the digest goes: whoever takes that edit back has edited again.
    """
    if record is None:
        return None
    if not unedited(record, resource):
        return record.model_copy(update={"spec_digest": None})
    same = {"generation": resource.meta.generation, "spec_digest": digest.of(resource.spec)}
    return record.model_copy(update=same)
