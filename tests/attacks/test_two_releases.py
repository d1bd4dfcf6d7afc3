"""Two operators in one cluster, each with its own policies: they do not deny each other what they do for a living."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from tests.attacks.conftest import Settle
from tests.attacks.installation import Installation
from tests.packaging import rendering
from tests.support import builders, kube, waiting
from tests.support.kube import Kube, Refused
from tests.support.workspace import Workspace

_CLUSTER_WIDE = {
    "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
}  # fmt: skip
_OTHER = "novita-team-b"
# What the second release is installed with; "here" stands for the namespace of the test.
MODES: dict[str, dict[str, Any]] = {
    "everywhere": {},
    "namespaced": {"watchNamespaces": ["here"]},
    "namespaced-with-policies": {"watchNamespaces": ["here"], "admissionPolicies": {"install": "Always"}},
}


@pytest.fixture
async def here(settle: Settle) -> Workspace:
    return await settle("team")


@dataclass(frozen=True)
class Other:
    """The second release: what its ServiceAccount may do, and where it runs."""

    kube: Kube
    namespace: str


@pytest.fixture(params=MODES)
async def other_operator(
    request: pytest.FixtureRequest, installation: Installation, here: Workspace
) -> AsyncIterator[Other]:
    """What the second release may do, as its ServiceAccount."""
    values = MODES[request.param] | {"className": "team-b", "crds": {"install": False}, "rbac": {"userRoles": False}}
    if "watchNamespaces" in values:
        values["watchNamespaces"] = [here.namespace]
    namespace = f"{_OTHER}-{secrets.token_hex(3)}"
    rendered = rendering.render(values=values, release="second", namespace=namespace)
    stream = yaml.safe_dump_all([body for body in rendered if body["kind"] in _CLUSTER_WIDE])
    await installation.plane.kube.create(kube.NAMESPACES, builders.namespace(namespace))
    applied = await installation.plane.kubectl("apply", "--server-side", "-f", "-", stdin=stream)
    assert applied.code == 0, applied.err
    account = f"system:serviceaccount:{namespace}:second-novita-operator"
    client = Kube.of(installation.plane.kubeconfig, user=account)
    yield Other(client, namespace)
    await client.aclose()
    await installation.plane.kubectl("delete", "-f", "-", "--wait=false", stdin=stream)


async def test_each_writes_what_the_policies_of_the_other_keep_from_people(
    other_operator: Other, here: Workspace
) -> None:
    await here.create("of-the-other", powerState="Stopped")
    change = {
        "metadata": {"finalizers": ["gpu.novita.ai/instance"], "annotations": {"gpu.novita.ai/create-intent": "x"}}
    }
    at = {"name": "of-the-other", "namespace": here.namespace}

    status = {"status": {"phase": "Running"}}
    record = builders.config_map(f"novita-retained-{here.account_name}", other_operator.namespace)

    async def allowed() -> bool:
        """The bindings of a release take a moment to count; a policy that denies would do so for good."""
        try:
            await other_operator.kube.patch(kube.GPU_INSTANCES, at["name"], change, at["namespace"], dry_run=True)
            await other_operator.kube.patch(
                kube.GPU_INSTANCES, at["name"], status, at["namespace"], subresource="status", dry_run=True
            )
            await other_operator.kube.create(kube.CONFIG_MAPS, record, dry_run=True)
        except Refused:
            return False
        return True

    await waiting.until(allowed, "the second operator may write", explain=here.explain)
    # The first one rents, reports and ends under the policies of the second.
    await here.create()
    await here.until_ready()
    await here.delete()
    await here.until_gone()

    assert (await here.novita.ledger()).live == ()
