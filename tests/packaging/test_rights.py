"""Least privilege, measured: what the operator asks for in a whole life equals what the chart grants, both ways."""

from __future__ import annotations

import asyncio
from typing import Any

import yaml
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
# The admission plugin OwnerReferencesPermissionEnforcement checks these; no request ever names them.
CHECKED_BY_ADMISSION = {
    Right("update", f"{plural}/finalizers.gpu.novita.ai") for plural in ("gpuinstancesets", "gpujobs")
}


async def test_the_operator_uses_every_right_that_it_has_and_asks_for_no_other(site: Site) -> None:
    log = site.plane.audit.from_now()
    await site.give_key()
    values: dict[str, Any] = {"replicaCount": 2}
    await site.install(**values)
    await site.start()
    await _a_whole_life(site)

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
    await asyncio.gather(_an_instance(site), _a_set(site), _a_job(site))


async def _an_instance(site: Site) -> None:
    await site.plane.kube.create(kube.SECRETS, builders.secret("token", site.namespace, token="canary-token"))
    await site.plane.kube.create(kube.CONFIG_MAPS, builders.config_map("settings", site.namespace, mode="fast"))
    env = [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}}},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
    ]
    await site.create("gpu", env=env, ports=[{"port": 8000, "protocol": "TCP"}], service={})
    await site.until_ready("gpu")
    await _until_service(site)
    # What somebody else did to our Secret and our Service is put right: the rights to patch.
    await _stop(site)
    await site.plane.kube.patch(kube.GPU_INSTANCES, "gpu", {"spec": {"powerState": "Running"}}, site.namespace)
    await site.until_condition(kube.GPU_INSTANCES, "gpu", "Ready", reason="Ready", namespace=site.namespace)
    await site.plane.kube.patch(kube.GPU_INSTANCES, "gpu", {"spec": {"service": None}}, site.namespace)
    await waiting.until(lambda: _gone(site, SERVICES, "gpu"), "the Service is gone", explain=site.explain)


async def _stop(site: Site) -> None:
    await site.plane.kube.patch(kube.GPU_INSTANCES, "gpu", {"spec": {"powerState": "Stopped"}}, site.namespace)
    await site.until_condition(kube.GPU_INSTANCES, "gpu", "Ready", reason="Stopped", namespace=site.namespace)


async def _until_service(site: Site) -> None:
    async def served() -> bool:
        return await site.plane.kube.find(SERVICES, "gpu", site.namespace) is not None

    await waiting.until(served, "the Service is there", explain=site.explain)


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
    body = {
        "apiVersion": builders.API_VERSION,
        "kind": "GPUJob",
        "metadata": {"name": "job", "namespace": site.namespace},
        "spec": {
            "ttlSecondsAfterFinished": 0,
            "activeDeadlineSeconds": 5,
            "template": {"command": "sleep 1"},
        },
    }
    await site.plane.kube.create(JOBS, body)
    await waiting.until(lambda: _gone(site, JOBS, "job"), "the job has ended and deleted itself", explain=site.explain)


async def _gone(site: Site, kind: Kind, name: str) -> bool:
    return await site.plane.kube.find(kind, name, site.namespace) is None


async def _without(site: Site, prefix: str) -> bool:
    found = await site.plane.kube.list(kube.GPU_INSTANCES, site.namespace)
    return not any(body["metadata"]["name"].startswith(prefix) for body in found)


def test_the_list_of_rights_says_of_each_one_where_it_applies() -> None:
    parts = yaml.safe_load((rendering.CHART / "files" / "rbac.yaml").read_text())

    assert set(parts) == {"cluster", "watched", "home", "lease", "accountEvents", "uninstall", "kinds"}
