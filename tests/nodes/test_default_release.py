"""A release with default values from install to uninstall, and everything that befalls its pods between."""

from __future__ import annotations

import asyncio
import signal

import pytest
from tests.nodes import fates
from tests.nodes.outside import Outside
from tests.nodes.real_cluster import PODS
from tests.nodes.release import Release, restarts
from tests.support import kube, waiting
from tests.support.kube import Body
from tests.support.seen import Seen


@pytest.fixture(scope="module", autouse=True)
async def installed(release: Release, seen: Seen) -> str:
    """`helm install` with no value at all, then the key and the simulator's address: what a user does first."""
    with seen("`helm install`, default values, in a namespace that enforces `restricted`"):
        printed = await release.helm("install")
        await release.operators(1)
    await release.give_key()
    with seen("`helm upgrade` with new settings"):
        await release.helm("upgrade", values=release.values())
        await release.account_ready()
    return printed


async def test_default_values_pass_the_pod_security_standard_restricted(installed: str) -> None:
    assert "would violate PodSecurity" not in installed
    assert "is installed in namespace" in installed


async def test_probes_need_no_program_in_the_image(release: Release) -> None:
    pod = await release.operator()

    (container,) = pod["spec"]["containers"]
    probes = [container[name] for name in ("livenessProbe", "readinessProbe")]

    assert all("httpGet" in probe and "exec" not in probe for probe in probes)
    assert restarts(pod) == 0


async def test_helm_test_finds_all_well(release: Release, seen: Seen) -> None:
    with seen("`helm test`"):
        printed = await release.cluster.helm("test", release.name, "-n", release.namespace, "--timeout", "100s")

    assert "Succeeded" in printed


async def test_pods_killed_in_mid_create_rent_each_instance_once(release: Release, seen: Seen) -> None:
    names = [f"killed-{number}" for number in range(8)]
    with seen("operator pods killed three times while 8 instances are created, until all are Ready"):
        for force, new in ((False, names[:3]), (True, names[3:6]), (False, names[6:])):
            pod = await release.operator()
            for name in new:
                await release.create(name)
            await fates.kill(release, pod, force=force)
        await release.until_ready(*names)

    await release.rented_once(*names)
    await fates.delete_instances(release, *names)


async def test_a_rotated_token_is_taken_up(release: Release, seen: Seen) -> None:
    pod = await release.operator()
    before = await fates.token_of(release.cluster, pod)

    with seen("a rotated token (kubelet started again), until the operator uses the new one"):
        release.cluster.signal("kubelet", signal.SIGTERM)
        after = await fates.until_other_token(release.cluster, pod, before)
        await release.create("rotated")
        await fates.until_used(release.cluster, after)
        await release.until_ready("rotated")

    assert restarts(await release.operator()) == 0
    await release.rented_once("rotated")
    await fates.delete_instances(release, "rotated")


async def test_a_frozen_api_server_costs_no_second_instance(release: Release, seen: Seen) -> None:
    names = [f"frozen-{number}" for number in range(4)]
    with seen("API server frozen for 8 s while 4 instances are created, until all are Ready"):
        await asyncio.gather(*(release.create(name) for name in names))
        release.cluster.signal("kube-apiserver", signal.SIGSTOP)
        await asyncio.sleep(8)  # longer than the operator's own calls wait, shorter than its probes allow
        release.cluster.signal("kube-apiserver", signal.SIGCONT)
        await release.until_ready(*names)

    await release.rented_once(*names)
    await fates.delete_instances(release, *names)


async def test_an_operator_killed_for_its_memory_goes_on_where_it_was(release: Release, seen: Seen) -> None:
    pod = await release.operator()
    with seen("operator killed for its memory while 4 instances are created, until all are Ready"):
        names = [f"memory-{number}" for number in range(4)]
        await asyncio.gather(*(release.create(name) for name in names))
        await fates.run_out_of_memory(release.cluster, pod)
        await waiting.until(lambda: _killed_for_memory(release, pod), "OOMKilled", explain=release.explain)
        await release.until_ready(*names)

    await release.rented_once(*names)
    await fates.delete_instances(release, *names)


async def _killed_for_memory(release: Release, pod: Body) -> bool:
    now = await release.cluster.kube.get(PODS, pod["metadata"]["name"], release.namespace)
    (container,) = now["status"]["containerStatuses"]
    return container["lastState"].get("terminated", {}).get("reason") == "OOMKilled"


async def test_a_node_that_lost_its_power_comes_back(release: Release, novita_outside: Outside, seen: Seen) -> None:
    await release.create("survivor")
    (before,) = await release.until_ready("survivor")
    await release.create("in-flight")

    with seen("node without power while an instance is created, until all are Ready again"):
        await release.cluster.reboot()
        await novita_outside.connect()
        await release.operators(1)
        _, after = await release.until_ready("in-flight", "survivor")

    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    await release.rented_once("survivor", "in-flight")
    await fates.delete_instances(release, "survivor", "in-flight")


async def test_an_uninstall_keeps_what_runs_and_a_reinstall_takes_it_up(release: Release, seen: Seen) -> None:
    await release.create("kept")
    (before,) = await release.until_ready("kept")

    with seen("`helm uninstall` over a live instance (policy Retain): count and USD/h are told"):
        told = await release.uninstall()
    with seen("`helm install` over kept CRDs and a live instance"):
        await release.helm("install", values=release.values())
        await release.account_ready()
        (after,) = await release.until_ready("kept")

    assert f"{before['status']['pricePerHour']} USD per hour together" in told
    assert before["status"]["instanceId"] in told
    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    await release.rented_once("kept")


async def test_a_rollback_changes_nothing_at_novita(release: Release, seen: Seen) -> None:
    (before,) = await release.until_ready("kept")
    await release.helm("upgrade", values=release.values(podAnnotations={"example.com/second": "true"}))

    with seen("`helm rollback` over a live instance"):
        await release.cluster.helm("rollback", release.name, "-n", release.namespace, "--wait", "--timeout", "120s")
        pod = await release.operator()

    assert "example.com/second" not in pod["metadata"]["annotations"]
    (after,) = await release.until_ready("kept")
    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    await release.rented_once("kept")


async def test_an_uninstall_that_was_told_to_delete_leaves_nothing_that_costs(release: Release, seen: Seen) -> None:
    policy = {"policy": "Delete", "confirmation": "delete-all-gpu-instances", "timeoutSeconds": 90}
    await release.helm("upgrade", values=release.values(uninstall=policy))
    (kept,) = await release.until_ready("kept")
    await waiting.until(lambda: _counts(release, 1), "the account counts it", explain=release.explain)

    with seen("`helm uninstall` over a live instance (policy Delete), until nothing bills"):
        told = await release.uninstall()

    assert (await release.novita.ledger()).live == ()
    assert await release.cluster.kube.list(kube.GPU_INSTANCES, release.work) == []
    assert f"NovitaAccount default had 1 instance(s) for {kept['status']['pricePerHour']} USD/h" in told
    assert "All GPUInstances are deleted" in told


async def _counts(release: Release, instances: int) -> bool:
    account = await release.cluster.kube.get(kube.NOVITA_ACCOUNTS, "default")
    return bool(account["status"].get("instances", {}).get("managed") == instances)
