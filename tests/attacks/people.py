"""Users of the cluster, each with one of Kubernetes' own roles in one namespace, as an administrator binds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from tests.support import builders, kube, waiting
from tests.support.kube import Body, Kind, Kube, Refused
from tests.support.plane import Output, Plane

_ROLE_BINDINGS = Kind("/apis/rbac.authorization.k8s.io/v1", "rolebindings")


@dataclass(frozen=True)
class Person:
    """Somebody who may do in `namespace` what the role says, and nothing else anywhere."""

    plane: Plane
    name: str
    namespace: str
    kube: Kube

    @classmethod
    async def with_role(cls, role: str, namespace: str, plane: Plane, *, everywhere: bool = False) -> Person:
        """A new user, bound to `view`, `edit` or `admin`, or to another ClusterRole; in one namespace or everywhere."""
        name = f"{role}-of-{namespace}"
        kind = kube.CLUSTER_ROLE_BINDINGS if everywhere else _ROLE_BINDINGS
        await plane.kube.create(kind, _binding(name, role, "" if everywhere else namespace))
        client = Kube.of(plane.kubeconfig, user=name)
        await waiting.until(lambda: _may(client, namespace), f"the API server knows {name}")
        return cls(plane, name, namespace, client)

    async def kubectl(self, *arguments: str, stdin: str | None = None) -> Output:
        """The real kubectl, as this person, in this namespace."""
        return await self.plane.kubectl("--as", self.name, "-n", self.namespace, *arguments, stdin=stdin)

    async def create(self, name: str = "gpu", *, metadata: Body | None = None, **spec: Any) -> Body:
        """A GPUInstance; `metadata` is put into the manifest's own. Raises Refused."""
        body = builders.gpu_instance(name, self.namespace, **spec)
        body["metadata"] |= metadata or {}
        return await self.kube.create(kube.GPU_INSTANCES, body)

    async def patch(self, change: Body, name: str = "gpu", *, kind: Kind = kube.GPU_INSTANCES, at: str = "") -> Body:
        """A merge patch; `at` is a subresource. Raises Refused."""
        return await self.kube.patch(kind, name, change, self.namespace, subresource=at)

    async def refusal(self, change: Body, name: str = "gpu", *, kind: Kind = kube.GPU_INSTANCES, at: str = "") -> str:
        """What the API server says to this patch; the test fails where it is taken, or refused for another reason."""
        with pytest.raises(Refused) as caught:
            await self.patch(change, name, kind=kind, at=at)
        assert caught.value.status == 403, caught.value
        return caught.value.message


async def _may(client: Kube, namespace: str) -> bool:
    """Whether the user may read GPUInstances there, as each of the roles allows: bindings take a moment to count."""
    asked = {"namespace": namespace, "verb": "get", "group": "gpu.novita.ai", "resource": "gpuinstances"}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = await client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    return bool(answer["status"]["allowed"])


def _binding(name: str, role: str, namespace: str) -> Body:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
        "subjects": [{"apiGroup": group, "kind": "User", "name": name}],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
    }
