"""What an uninstall leaves behind, and what it says: the hook runs with the rights of its own ServiceAccount."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from tests.packaging import rendering, requests
from tests.packaging.conftest import Site
from tests.packaging.node import DEPLOYMENTS, PODS, Printed, beside
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.support import kube, waiting
from tests.support.audit import AuditLog
from tests.support.kube import Body, Kind

POD = "the-operator"
WARNED = f"Validation failed for ValidatingAdmissionPolicy '{RELEASE}-removal' with binding '{RELEASE}-removal': "
REPORT = f"{RELEASE}-uninstall-report"
HOOK = f"system:serviceaccount:{NAMESPACE}:{RELEASE}-uninstall"
LEASES = Kind("/apis/coordination.k8s.io/v1", "leases")
PATIENCE_SECONDS = 180
DELETE = {"policy": "Delete", "confirmation": "delete-all-gpu-instances", "timeoutSeconds": PATIENCE_SECONDS}


async def _rented(site: Site, *names: str, **values: Any) -> None:
    await site.give_key()
    await site.install(**values)
    await site.start()
    await _pod(site)
    for name in names:
        await site.create(name)
    for name in names:
        await site.until_ready(name)


async def _pod(site: Site) -> None:
    """The pod of the operator, as the Deployment's controller would make it."""
    template = (await site.plane.kube.get(DEPLOYMENTS, RELEASE, NAMESPACE))["spec"]["template"]
    body = {"apiVersion": "v1", "kind": "Pod", **template}
    body["metadata"] = {**template["metadata"], "name": POD, "namespace": NAMESPACE}
    await site.plane.kube.create(PODS, body)


async def _end_with_the_deployment(site: Site) -> None:
    """What controllers and kubelet do when a Deployment is scaled to 0."""
    # With Delete only after every instance is gone, which the hook itself waits for.
    await waiting.until(
        lambda: _scaled_to_nothing(site), "the operator shall end", seconds=PATIENCE_SECONDS, explain=site.explain
    )
    for operator in site.operators:
        await operator.terminate()
    await site.plane.kubectl("-n", NAMESPACE, "delete", "pod", POD, "--grace-period=0", "--force")


async def _scaled_to_nothing(site: Site) -> bool:
    return bool((await site.plane.kube.get(DEPLOYMENTS, RELEASE, NAMESPACE))["spec"]["replicas"] == 0)


async def _uninstall(site: Site) -> str:
    """`helm uninstall`, its hook run; what a person sees."""
    async with _under_way(site) as (helm, hook):
        await _end_with_the_deployment(site)
        seen, _ = await helm, await hook
    assert seen.code == 0, seen.text
    return seen.text


@asynccontextmanager
async def _under_way(site: Site) -> AsyncIterator[tuple[asyncio.Task[Printed], asyncio.Task[str]]]:
    """`helm uninstall` and its hook, which end with the block: else the next test would meet them."""
    helm = site.helm("uninstall", RELEASE, "-n", NAMESPACE, "--timeout", "6m")
    hook = site.node.run_job(NAMESPACE, f"{RELEASE}-uninstall")
    async with beside(helm) as printed, beside(hook) as ended:
        yield printed, ended


async def _report(site: Site) -> dict[str, str]:
    body = await site.plane.kube.get(kube.CONFIG_MAPS, REPORT, NAMESPACE)
    return dict(body["data"])


async def _events(site: Site) -> list[Body]:
    account = await site.plane.kube.get(kube.NOVITA_ACCOUNTS, "default")
    found = await site.plane.kube.list(kube.EVENTS, "default")
    about = [body for body in found if body["involvedObject"]["uid"] == account["metadata"]["uid"]]
    return [body for body in about if body["reason"] == "OperatorUninstalled"]


async def test_count_and_price_of_what_goes_on_costing_are_found_afterwards(site: Site) -> None:
    await _rented(site, "one", "two")
    bodies = await site.plane.kube.list(kube.GPU_INSTANCES)
    price = sum(Decimal(body["status"]["pricePerHour"]) for body in bodies)
    await waiting.until(lambda: _account_shows(site, 2, price), "the account counts both", explain=site.explain)

    seen = await _uninstall(site)

    report, (event,) = await _report(site), await _events(site)
    assert f"Warning: {WARNED}NovitaAccount default had 2 instance(s) for {price} USD/h" in seen
    assert f"[ConfigMap] {REPORT}" in seen
    assert (report["instances"], Decimal(report["usdPerHour"])) == ("2", price)
    assert {body["status"]["instanceId"] in report["report"] for body in bodies} == {True}
    assert "GO ON RUNNING AND COSTING" in report["report"]
    assert event["involvedObject"]["name"] == "default"
    assert event["type"] == "Warning"
    assert f"2 instance(s) of this account GO ON RUNNING at Novita, {price} USD per hour together" in event["message"]
    assert REPORT in event["message"]


async def _account_shows(site: Site, count: int, price: Decimal) -> bool:
    status = (await site.plane.kube.get(kube.NOVITA_ACCOUNTS, "default"))["status"]
    found = status.get("instances", {}).get("managed"), Decimal(status.get("pricePerHour") or 0)
    return found == (count, price)


async def test_the_report_says_what_stays_in_the_cluster_and_nothing_else_does(site: Site) -> None:
    await _rented(site, replicaCount=2)
    await site.plane.kube.get(LEASES, RELEASE, NAMESPACE)

    await _uninstall(site)

    # The controllers that make an empty namespace what it is.
    usual = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default", "Secret/novita-api-key"}
    kinds = "all,configmap,secret,serviceaccount,role,rolebinding,lease,networkpolicy,pdb,endpointslice"
    listed = await site.plane.kubectl("-n", NAMESPACE, "get", kinds, "-o", "name")
    left = {_kind_and_name(line) for line in listed.out.split()}
    in_cluster = await site.plane.kubectl(
        "get", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/part-of=novita-operator", "-o", "name"
    )
    report = (await _report(site))["report"]
    assert left - usual == {f"ConfigMap/{REPORT}"}
    assert in_cluster.out.split() == []
    assert f"ConfigMap {NAMESPACE}/{REPORT}" in report
    assert "CustomResourceDefinitions *.gpu.novita.ai" in report


def _kind_and_name(line: str) -> str:
    kind, name = line.split("/")
    return {"configmap": "ConfigMap", "secret": "Secret", "serviceaccount": "ServiceAccount"}.get(
        kind, kind
    ) + f"/{name}"


async def test_the_lease_goes_when_the_last_pod_of_the_operator_is_gone(site: Site) -> None:
    await _rented(site, replicaCount=2)
    log = site.plane.audit.from_now()
    async with _under_way(site) as (helm, hook):
        await waiting.until(lambda: _looks_at_pods(log, 2), "the hook waits for the pod", explain=site.explain)
        still_there = await site.plane.kube.find(LEASES, RELEASE, NAMESPACE)
        await _end_with_the_deployment(site)
        seen, _ = await helm, await hook

    assert seen.code == 0, seen.text
    assert still_there is not None
    assert await site.plane.kube.find(LEASES, RELEASE, NAMESPACE) is None


async def _looks_at_pods(log: AuditLog, times: int) -> bool:
    asked = [request for request in requests.of_user(log, HOOK) if request.right.resource == "pods"]
    return len(asked) >= times


# With Delete nothing is left to tell accounts about, and no set and no job were there: rights of the same kinds.
UNUSED = {
    "Retain": set[str](),
    "Delete": {
        "delete gpuinstancesets.gpu.novita.ai",
        "delete gpujobs.gpu.novita.ai",
        "create events",
    },
}


@pytest.mark.parametrize(("policy", "expected"), UNUSED.items(), ids=UNUSED)
async def test_the_hook_uses_every_right_that_it_has_and_asks_for_no_other(
    site: Site, policy: str, expected: set[str]
) -> None:
    uninstall = DELETE if policy == "Delete" else {}
    await _rented(site, "gpu", replicaCount=2, uninstall=uninstall)
    log = site.plane.audit.from_now()

    await _uninstall(site)

    asked = requests.of_user(log, HOOK)
    objects = rendering.render(values=site.values(replicaCount=2, uninstall=uninstall))
    roles = [body for body in objects if body["kind"] in {"Role", "ClusterRole"} and _is_the_hooks(body)]
    granted = requests.granted(rule for body in roles for rule in body["rules"])
    assert [request for request in asked if request.status == 403] == []
    unused = {f"{right.verb} {right.resource}" for right in granted - {request.right for request in asked}}
    assert unused == expected


def _is_the_hooks(body: Body) -> bool:
    return bool(body["metadata"]["labels"]["app.kubernetes.io/component"] == "uninstall")


async def test_instances_that_outlive_their_deleted_objects_are_listed_with_their_price(site: Site) -> None:
    await _rented(site, "kept", "ended", uninstall=DELETE)
    await site.plane.kube.patch(kube.GPU_INSTANCES, "kept", {"spec": {"deletionPolicy": "Retain"}}, site.namespace)
    kept = await site.plane.kube.get(kube.GPU_INSTANCES, "kept", site.namespace)

    await _uninstall(site)

    report = (await _report(site))["report"]
    after = report[report.index("All GPUInstances are deleted") :]
    assert "1 instance(s) are STILL AT NOVITA" in after
    assert f"{kept['status']['pricePerHour']} USD per hour together" in after
    assert kept["status"]["instanceId"] in after
    assert f"{site.namespace}/ended" not in after
    assert len((await site.novita.ledger()).billing) == 1


async def test_a_report_that_cannot_be_kept_holds_no_uninstall(site: Site) -> None:
    await _rented(site, "gpu")
    await site.plane.kube.delete(kube.CONFIG_MAPS, REPORT, NAMESPACE)

    await _uninstall(site)

    assert await site.plane.kube.find(DEPLOYMENTS, RELEASE, NAMESPACE) is None
    assert len(await _events(site)) == 1


async def test_with_the_policy_delete_what_is_made_while_the_operator_ends_is_deleted_too(site: Site) -> None:
    await _rented(site, "early", uninstall=DELETE)
    async with _under_way(site) as (helm, hook):
        await waiting.until(
            lambda: _scaled_to_nothing(site), "the operator shall end", seconds=PATIENCE_SECONDS, explain=site.explain
        )
        await site.create("late")
        await site.until_ready("late")
        await _end_with_the_deployment(site)

        await waiting.until(lambda: _scaled_to_one(site), "the operator shall work again", seconds=PATIENCE_SECONDS)
        await site.start()
        await _pod(site)
        await _end_with_the_deployment(site)
        seen, printed = await helm, await hook

    ledger = await site.novita.ledger()
    assert seen.code == 0, printed
    assert (ledger.created, ledger.live) == (2, ())
    assert "Made while the operator ended" in printed
    assert "All GPUInstances are deleted, and so are their instances at Novita." in printed


async def _scaled_to_one(site: Site) -> bool:
    return bool((await site.plane.kube.get(DEPLOYMENTS, RELEASE, NAMESPACE))["spec"]["replicas"] == 1)
