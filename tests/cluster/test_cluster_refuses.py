"""The cluster refuses what the operator writes: it is told in the cluster's own words, and the instance is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support import kube
from tests.support.history import condition
from tests.support.kube import Body, Kind
from tests.support.workspace import Workspace

_QUOTAS = Kind("/api/v1", "resourcequotas")
_SERVICES = Kind("/api/v1", "services")
_POLICIES = Kind("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies", namespaced=False)
_BINDINGS = Kind("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings", namespaced=False)
_WEBHOOKS = Kind("/apis/admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", namespaced=False)
_SETS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets")
_HOST = "203.0.113.7"
_PORTS = [{"port": 5000, "protocol": "TCP"}]
_UNTIL_PULLING = 3.5  # virtual seconds; the simulator's usual pace
_UNTIL_RUNNING = 60.0
_LONG_AGO = timedelta(hours=1)  # any deadline of a start has passed by then


@dataclass(frozen=True)
class Wall:
    """Something of the cluster that refuses a kind of object in one namespace. `says`: words of its sentence."""

    what: str
    build: Callable[[Workspace, str], Awaitable[None]]
    remove: Callable[[Workspace, str], Awaitable[None]]
    says: str


async def _quota(workspace: Workspace, resource: str) -> None:
    body: Body = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight", "namespace": workspace.namespace},
        "spec": {"hard": {f"count/{resource}": "0"}},
    }
    await workspace.apply(_QUOTAS, body)
    # The local control plane runs no controller of quotas, which would write this.
    counted = {"status": {"hard": body["spec"]["hard"], "used": body["spec"]["hard"]}}
    await workspace.plane.kube.patch(_QUOTAS, "tight", counted, workspace.namespace, subresource="status")
    await _until_it_works(workspace, resource, refuses=True)


async def _no_quota(workspace: Workspace, resource: str) -> None:
    await workspace.plane.kube.delete(_QUOTAS, "tight", workspace.namespace)
    await _until_it_works(workspace, resource, refuses=False)


async def _policy(workspace: Workspace, resource: str) -> None:
    name, group = workspace.namespace, "gpu.novita.ai" if resource.startswith("gpu") else ""
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": _only(workspace)},
            "validations": [{"expression": "false", "message": "nobody makes such things here"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    await workspace.apply(_POLICIES, policy)
    await workspace.apply(_BINDINGS, binding)
    await _until_it_works(workspace, resource, refuses=True)


async def _no_policy(workspace: Workspace, resource: str) -> None:
    await workspace.plane.kube.delete(_BINDINGS, workspace.namespace)
    await _until_it_works(workspace, resource, refuses=False)


async def _webhook(workspace: Workspace, resource: str) -> None:
    """One whose server is gone, as after half an uninstall: the API server answers 500."""
    rule = {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}
    hook = {
        "name": "gone.example.com",
        "clientConfig": {"url": "https://127.0.0.1:9/gone"},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
        "namespaceSelector": _only(workspace),
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": workspace.namespace},
        "webhooks": [hook],
    }
    await workspace.apply(_WEBHOOKS, body)
    await _until_it_works(workspace, resource, refuses=True)


async def _no_webhook(workspace: Workspace, resource: str) -> None:
    await workspace.plane.kube.delete(_WEBHOOKS, workspace.namespace)
    await _until_it_works(workspace, resource, refuses=False)


def _only(workspace: Workspace) -> Body:
    return {"matchLabels": {"kubernetes.io/metadata.name": workspace.namespace}}


async def _until_it_works(workspace: Workspace, resource: str, *, refuses: bool) -> None:
    """The API server takes a moment until it goes by a policy or a webhook that was just made."""
    at = {"metadata": {"name": "tried", "namespace": workspace.namespace}}
    kind, body = {
        "secrets": (kube.SECRETS, at),
        "services": (_SERVICES, at | {"spec": {"ports": [{"port": 80}]}}),
        "gpuinstances.gpu.novita.ai": (kube.GPU_INSTANCES, workspace.instance_body("tried")),
    }[resource]

    async def as_wanted() -> bool:
        try:
            await workspace.plane.kube.create(kind, body, dry_run=True)
        except kube.Refused:
            return refuses
        return not refuses

    await workspace.until_novita(as_wanted, "the API server goes by it")


QUOTA = Wall("a quota", _quota, _no_quota, "quota")
POLICY = Wall("a policy", _policy, _no_policy, "nobody makes such things here")
WEBHOOK = Wall("a webhook that is gone", _webhook, _no_webhook, "gone.example.com")
_each = pytest.mark.parametrize("wall", [QUOTA, POLICY, WEBHOOK], ids=lambda wall: wall.what.replace(" ", "-"))


async def _passed_anew(workspace: Workspace, mark: str) -> None:
    """A whole pass that began after now."""
    await workspace.annotate(reconcile_requested_at=mark)
    await workspace.until(lambda body: body["status"].get("lastHandledReconcileAt") == mark, f"handled {mark}")


async def _start_long_ago(workspace: Workspace) -> None:
    change: dict[str, Any] = {"status": {"startedAt": f"{datetime.now(UTC) - _LONG_AGO:%Y-%m-%dT%H:%M:%SZ}"}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace, subresource="status")


@_each
async def test_a_refused_connection_secret_is_told_as_that_and_never_ends_the_instance(
    workspace: Workspace, wall: Wall
) -> None:
    await workspace.novita.stand_still()
    await workspace.create(startup={"timeoutSeconds": 60})
    await workspace.until(lambda body: "instanceId" in body.get("status", {}), "it is rented")
    await wall.build(workspace, "secrets")
    await workspace.novita.pass_seconds(_UNTIL_RUNNING)

    body = await workspace.until_condition("Ready", "False", "SecretRefused")

    assert wall.says in condition(body, "Ready")["message"]
    assert "runs and costs 0.35 USD/h" in condition(body, "Ready")["message"]
    assert body["status"]["phase"] == "Running"
    assert wall.says in (await workspace.until_event("WriteRefused"))["message"]
    await _start_long_ago(workspace)
    for mark in ("one", "two"):
        await _passed_anew(workspace, mark)
    body = await workspace.get()
    assert condition(body, "Ready")["reason"] == "SecretRefused"
    assert "failure" not in body["status"]

    await wall.remove(workspace, "secrets")

    await workspace.until_ready()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (1, 1)


@_each
@pytest.mark.parametrize("resource", ["secrets", "services"])
async def test_what_the_cluster_would_refuse_is_found_out_before_anything_is_rented(
    workspace: Workspace, wall: Wall, resource: str
) -> None:
    await workspace.novita.set(endpointHost=_HOST)
    await wall.build(workspace, resource)
    await workspace.create(ports=_PORTS, service={})

    reason = {"secrets": "SecretRefused", "services": "ServiceRefused"}[resource]
    body = await workspace.until_condition("Ready", "False", reason)

    assert wall.says in condition(body, "Scheduled")["message"]
    assert "Nothing is rented" in condition(body, "Scheduled")["message"]
    assert wall.says in (await workspace.until_event("WriteRefused"))["message"]
    assert (await workspace.novita.ledger()).created == 0

    await wall.remove(workspace, resource)

    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1


@pytest.mark.parametrize("wall", [QUOTA], ids=["a-quota"])
async def test_a_set_says_in_the_words_of_the_cluster_why_it_has_too_few(workspace: Workspace, wall: Wall) -> None:
    await wall.build(workspace, "gpuinstances.gpu.novita.ai")
    body = {
        "apiVersion": "gpu.novita.ai/v1alpha1",
        "kind": "GPUInstanceSet",
        "metadata": {"name": "pool", "namespace": workspace.namespace},
        "spec": {"replicas": 1, "template": {"spec": {"accountRef": {"name": workspace.account_name}}}},
    }
    await workspace.apply(_SETS, body)

    async def told() -> bool:
        found = await workspace.plane.kube.get(_SETS, "pool", workspace.namespace)
        ready = condition(found, "Ready")
        return ready.get("reason") == "CreateRefused" and wall.says in ready["message"]

    async def made() -> bool:
        return await workspace.plane.kube.find(kube.GPU_INSTANCES, "pool-0", workspace.namespace) is not None

    await workspace.until_novita(told, "the set says so")
    assert wall.says in (await workspace.until_event("FailedCreate", "pool"))["message"]
    await wall.remove(workspace, "gpuinstances.gpu.novita.ai")
    await workspace.until_novita(made, "the set makes it")
    await workspace.until_ready("pool-0")


async def test_a_write_to_the_object_itself_that_is_refused_is_told_on_it(workspace: Workspace) -> None:
    """Finalizer and note of intent: without them nothing may be rented."""
    rule = {"apiGroups": ["gpu.novita.ai"], "apiVersions": ["*"], "operations": ["UPDATE"],
            "resources": ["gpuinstances"]}  # fmt: skip
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": workspace.namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": _only(workspace)},
            "validations": [{"expression": "!has(object.metadata.finalizers)", "message": "no finalizers here"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": workspace.namespace},
        "spec": {"policyName": workspace.namespace, "validationActions": ["Deny"]},
    }
    await workspace.apply(_POLICIES, policy)
    await workspace.apply(_BINDINGS, binding)
    await workspace.create("probe", powerState="Stopped")
    await workspace.until_condition("Ready", "True", "Stopped", name="probe")

    async def enforced() -> bool:
        try:
            change = {"metadata": {"finalizers": ["example.com/any"]}}
            await workspace.plane.kube.patch(kube.GPU_INSTANCES, "probe", change, workspace.namespace, dry_run=True)
        except kube.Refused:
            return True
        return False

    await workspace.until_novita(enforced, "the API server goes by the policy")
    await workspace.create()

    body = await workspace.until_condition("Synced", "False", "ClusterRefused")

    assert "no finalizers here" in condition(body, "Synced")["message"]
    assert "no finalizers here" in (await workspace.until_event("WriteRefused"))["message"]
    assert (await workspace.novita.ledger()).created == 0
    await workspace.plane.kube.delete(_BINDINGS, workspace.namespace)
    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1
