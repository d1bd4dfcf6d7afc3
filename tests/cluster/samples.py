"""The samples of deploy/samples that need more than an account: the tests of what they show apply them."""

from __future__ import annotations

from typing import Any

from tests.support.kube import Body
from tests.support.processes import REPOSITORY

SAMPLES = REPOSITORY / "deploy" / "samples"
READINESS = SAMPLES / "readiness.yaml"  # needs listeners that answer
AUTHORIZED_KEYS = SAMPLES / "authorized-keys.yaml"  # needs a machine that lets in
SERVICE = SAMPLES / "service.yaml"  # needs an address that an EndpointSlice takes


def with_account(body: Body, account: str) -> Body:
    """The same object, paid for by the test's account."""
    reference = {"accountRef": {"name": account}}
    spec: dict[str, Any] = body.get("spec") or {}
    match body["kind"]:
        case "GPUInstance":
            return body | {"spec": spec | reference}
        case "GPUInstanceSet":
            template = spec["template"]
            inner = template | {"spec": (template.get("spec") or {}) | reference}
            return body | {"spec": spec | {"template": inner}}
        case "GPUJob":
            # The machines of the tests' simulator are not real: the end of the container is what can be seen.
            seen = {"completion": {"signal": "Exited"}} | spec
            return body | {"spec": seen | {"template": spec["template"] | reference}}
        case _:
            return body
