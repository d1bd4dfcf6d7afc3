"""Least privilege, measured: what the operator asks for in a whole life equals what the chart grants, both ways."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml
from tests.cluster import landlord
from tests.packaging import rendering, requests
from tests.packaging.conftest import Site
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.packaging.requests import Right
from tests.support import builders, kube, waiting
from tests.support.kube import Body, Kind

USER = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
SETS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets")
JOBS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpujobs")
SERVICES = Kind("/api/v1", "services")
SLICES = Kind("/apis/discovery.k8s.io/v1", "endpointslices")
RESULT = "gpu.novita.ai/job-result"
# See test_uninstall.py and test_helm_test.py.
OF_HOOKS = {"uninstall", "uninstallAccounts", "uninstallHome", "testHome", "testAccounts"}
# The admission plugin OwnerReferencesPermissionEnforcement checks these; no request ever names them.
CHECKED_BY_ADMISSION = {
    Right("update", f"{plural}/finalizers.gpu.novita.ai") for plural in ("gpuinstancesets", "gpujobs")
}


@pytest.fixture
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[landlord.Site]:
    """Where machines are real."""
    async with landlord.site(tmp_path_factory.mktemp("landlord")) as made:
        yield made


async def test_the_operator_uses_every_right_that_it_has_and_asks_for_no_other(
    site: Site, place: landlord.Site
) -> None:
    log = site.plane.audit.from_now()
    await site.give_key()
    values: dict[str, Any] = {"replicaCount": 2}
    await site.install(**values)
    await site.start()
    await asyncio.gather(_a_whole_life(site), _a_program(site, place))

    asked = requests.of_user(log, USER)
    refused = [request for request in asked if request.status == 403]
    used = {request.right for request in asked}
    objects = rendering.render(values=site.values(**values))
    roles = [body for body in objects if body["kind"] in {"Role", "ClusterRole"} and _is_the_operators(body)]
    granted = requests.granted(rule for body in roles for rule in body["rules"])

    assert refused == []
    assert sorted(used - granted) == []
    unused = sorted(f"{right.verb} {right.resource}" for right in granted - used - CHECKED_BY_ADMISSION)
    assert unused == [], "\n".join(unused)


def _is_the_operators(body: Body) -> bool:
    return body["metadata"]["labels"]["app.kubernetes.io/component"] == "operator"


async def _a_whole_life(site: Site) -> None:
    """Everything for which a right exists, done once."""
    await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready")
    selector = {"namespaces": {"selector": {"matchLabels": {"kubernetes.io/metadata.name": site.namespace}}}}
    await site.plane.kube.patch(kube.NOVITA_ACCOUNTS, "default", {"spec": selector})
    await asyncio.gather(_an_instance(site), _a_set(site), _a_job(site), _retained(site))


async def _an_instance(site: Site) -> None:
    await site.plane.kube.create(kube.SECRETS, builders.secret("token", site.namespace, token="canary-token"))
    await site.plane.kube.create(kube.CONFIG_MAPS, builders.config_map("settings", site.namespace, mode="fast"))
    env = [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}}},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
    ]
    # Endpoints that are addresses lead to EndpointSlices; names would lead to an ExternalName.
    await site.novita.set(endpointHost="203.0.113.7")
    await site.create("gpu", env=env, ports=[{"port": 8000, "protocol": "TCP"}], service={})
    await site.until_ready("gpu")
    await waiting.until(lambda: _ports(site, 2), "the Service is there", explain=site.explain)
    # A started instance is at another place: Secret and slices follow. Another port changes the Service.
    await _stop(site)
    more = [{"port": port, "protocol": "TCP"} for port in (8000, 8001)]
    await _edit(site, powerState="Running", ports=more)
    await site.until_condition(kube.GPU_INSTANCES, "gpu", "Ready", reason="Ready", namespace=site.namespace)
    await waiting.until(lambda: _ports(site, 3), "the Service has the new port", explain=site.explain)
    await _edit(site, service=None)
    await waiting.until(lambda: _gone(site, SERVICES, "gpu"), "the Service is gone", explain=site.explain)
    await waiting.until(lambda: _no_slices(site), "the slices are gone", explain=site.explain)


async def _retained(site: Site) -> None:
    """The first one makes the record, the second one changes it."""
    for name in ("kept", "kept-too"):
        await site.create(name, deletionPolicy="Retain")
        await site.until_ready(name)
        await site.plane.kube.delete(kube.GPU_INSTANCES, name, site.namespace)
        await waiting.until(lambda name=name: _gone(site, kube.GPU_INSTANCES, name), "it is gone", explain=site.explain)


async def _edit(site: Site, **spec: Any) -> None:
    await site.plane.kube.patch(kube.GPU_INSTANCES, "gpu", {"spec": spec}, site.namespace)


async def _ports(site: Site, count: int) -> bool:
    service = await site.plane.kube.find(SERVICES, "gpu", site.namespace)
    return service is not None and len(service["spec"]["ports"]) == count


async def _no_slices(site: Site) -> bool:
    return not await site.plane.kube.list(SLICES, site.namespace)


async def _stop(site: Site) -> None:
    await _edit(site, powerState="Stopped")
    await site.until_condition(kube.GPU_INSTANCES, "gpu", "Ready", reason="Stopped", namespace=site.namespace)


async def _a_set(site: Site) -> None:
    body = {
        "apiVersion": builders.API_VERSION,
        "kind": "GPUInstanceSet",
        "metadata": {"name": "pair", "namespace": site.namespace},
        "spec": {"replicas": 1, "template": {"spec": {}}},
    }
    await site.plane.kube.create(SETS, body)
    await site.until_condition(SETS, "pair", "Ready", namespace=site.namespace)
    await site.plane.kube.patch(SETS, "pair", {"spec": {"replicas": 0}}, site.namespace)
    await waiting.until(lambda: _without(site, "pair"), "the set has let go", explain=site.explain)
    await site.plane.kube.delete(SETS, "pair", site.namespace)


async def _a_job(site: Site) -> None:
    """The first attempt is reported as failed, the second as succeeded; then the job deletes itself."""
    body = {
        "apiVersion": builders.API_VERSION,
        "kind": "GPUJob",
        "metadata": {"name": "job", "namespace": site.namespace},
        "spec": {
            "ttlSecondsAfterFinished": 0,
            "template": {"command": "sleep infinity"},
            "completion": {"signal": "Exited"},
        },
    }
    await site.plane.kube.create(JOBS, body)
    await _report(site, "failed: tried")
    await waiting.until(lambda: _report_taken(site), "the report is taken", explain=site.explain)
    await _report(site, "succeeded")
    await waiting.until(lambda: _gone(site, JOBS, "job"), "the job has ended and deleted itself", explain=site.explain)


async def _a_program(site: Site, place: landlord.Site) -> None:
    """A job that has an exit code, and whose output is kept."""
    account = place.simulator.account(f"sk_rights-{secrets.token_hex(8)}")
    await account.aclose()
    await site.plane.kube.create(kube.SECRETS, builders.secret("real-key", NAMESPACE, apiKey=account.key))
    wanted = {
        "apiKeySecretRef": {"name": "real-key"},
        "baseUrl": account.url,
        "namespaces": {"selector": {"matchLabels": {"kubernetes.io/metadata.name": site.namespace}}},
    }
    await site.plane.kube.create(kube.NOVITA_ACCOUNTS, builders.novita_account("real", **wanted))
    body = {
        "apiVersion": builders.API_VERSION,
        "kind": "GPUJob",
        "metadata": {"name": "program", "namespace": site.namespace},
        "spec": {"template": {"command": "echo done", "accountRef": {"name": "real"}}},
    }
    await site.plane.kube.create(JOBS, body)
    status = (await site.until_condition(JOBS, "program", "Complete", namespace=site.namespace))["status"]
    assert (status["message"], status.get("output")) == ("done", {"name": "program-1-output"})


async def _report(site: Site, result: str) -> None:
    await site.until_condition(JOBS, "job", "Ready", reason="Running", namespace=site.namespace)
    change = {"metadata": {"annotations": {RESULT: result}}}
    await site.plane.kube.patch(JOBS, "job", change, site.namespace)


async def _report_taken(site: Site) -> bool:
    body = await site.plane.kube.get(JOBS, "job", site.namespace)
    return RESULT not in (body["metadata"].get("annotations") or {})


async def _gone(site: Site, kind: Kind, name: str) -> bool:
    return await site.plane.kube.find(kind, name, site.namespace) is None


async def _without(site: Site, prefix: str) -> bool:
    found = await site.plane.kube.list(kube.GPU_INSTANCES, site.namespace)
    return not any(body["metadata"]["name"].startswith(prefix) for body in found)


def test_the_list_of_rights_says_of_each_one_where_it_applies() -> None:
    parts = yaml.safe_load((rendering.CHART / "files" / "rbac.yaml").read_text())

    assert set(parts) == {"cluster", "watched", "home", "lease", "accountEvents", "kinds"} | OF_HOOKS
