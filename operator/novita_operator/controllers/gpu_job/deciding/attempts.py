"""What a job makes: the name and the body of the instance of one attempt. Pure."""

from __future__ import annotations

from typing import Any

from novita_operator.api import meta
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.machines.programs.program import MARK
from novita_operator.reconciling import owned

FORCED: dict[str, Any] = {
    "deletionPolicy": "Delete",
    "powerState": "Running",
    "restartPolicy": {"maxAttempts": 0},
    "onSpotReclaim": "Stop",
}
"""What the instance of a program has, whatever is said: it is there for that program, and ends with it."""
# The plainest program that goes on for ever: neither quotes nor anything else that could be split in another way.
KEPT_ALIVE = {"entrypoint": "tail", "command": "-f /dev/null"}


def attempt_name(job: str, attempt: int) -> str:
    """The name of the instance of one attempt: the same for everybody who counts to it, so it is stored once."""
    return f"{job}-{attempt}"


def program_name(job: meta.Meta, attempt: int) -> str:
    """The name of the program of one attempt, on its machine: the same for everybody who asks for it."""
    return f"{job.uid}-{attempt}"


def body(owner: meta.Meta, template: GPUInstanceSpec, attempt: int, *, over_ssh: bool) -> dict[str, Any]:
    """The GPUInstance of one attempt.

    Whatever the template says, it is deleted at Novita when the job lets it go, and it does not begin again by itself
    when its program has ended: that is the job's to decide. `over_ssh`: the container only waits, and the program is
    run in it later.
    """
    spec = template.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": "GPUInstance",
        "metadata": {
            "name": attempt_name(owner.name, attempt),
            "namespace": owner.namespace,
            "labels": {meta.JOB_LABEL: owner.name, meta.ATTEMPT_LABEL: str(attempt)},
            "ownerReferences": [owned.reference("GPUJob", owner)],
        },
        "spec": spec | FORCED | (KEPT_ALIVE if over_ssh else {}) | {"env": _env(owner, template, attempt)},
    }


def _env(owner: meta.Meta, template: GPUInstanceSpec, attempt: int) -> list[dict[str, Any]]:
    """The template's variables, and those by which the program knows whose result it reports."""
    given = [each.model_dump(mode="json", by_alias=True, exclude_unset=True) for each in template.env]
    ours = {
        "GPU_JOB_NAME": owner.name,
        "GPU_JOB_NAMESPACE": owner.namespace,
        "GPU_JOB_ATTEMPT": str(attempt),
    }
    names = {each["name"] for each in given}
    added = [{"name": name, "value": value} for name, value in ours.items() if name not in names]
    # By this one the container's environment is known on its machine: nobody else says it.
    others = [each for each in given if each["name"] != MARK]
    return [*others, *added, {"name": MARK, "value": program_name(owner, attempt)}]
