"""`helm test`: its pod runs with the rights of its own ServiceAccount, and says what is wrong."""

from __future__ import annotations

from tests.packaging import requests
from tests.packaging.conftest import Site
from tests.packaging.node import DEPLOYMENTS, beside
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.support import kube

USER = f"system:serviceaccount:{NAMESPACE}:{RELEASE}-test"


async def _pods_are_ready(site: Site) -> None:
    """What the Deployment's controller writes; none runs here."""
    body = await site.plane.kube.get(DEPLOYMENTS, RELEASE, NAMESPACE)
    status = {
        "observedGeneration": body["metadata"]["generation"],
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
    }
    await site.plane.kube.patch(DEPLOYMENTS, RELEASE, {"status": status}, NAMESPACE, subresource="status")


async def _helm_test(site: Site) -> tuple[int, str]:
    """Helm's exit code, and what the pod printed."""
    async with beside(site.helm("test", RELEASE, "-n", NAMESPACE, "--timeout", "3m")) as helm:
        printed = await site.node.run_pod(NAMESPACE, f"{RELEASE}-test", "--wait-seconds=0")
        return (await helm).code, printed


async def test_a_working_installation_passes_and_every_right_of_the_test_is_used(site: Site) -> None:
    await site.give_key()
    await site.install()
    await site.start()
    await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready")
    await _pods_are_ready(site)
    log = site.plane.audit.from_now()

    code, printed = await _helm_test(site)

    asked = requests.of_user(log, USER)
    assert code == 0, printed
    assert "WRONG" not in printed
    assert f"operator {NAMESPACE}/{RELEASE}: 1 of 1 pods are ready" in printed
    assert "NovitaAccount default: Ready" in printed
    assert {request.status for request in asked} == {200}
    assert {f"{each.right.verb} {each.right.resource}" for each in asked} == {
        "get deployments.apps",
        "list novitaaccounts.gpu.novita.ai",
    }


async def test_an_installation_without_a_key_and_without_pods_fails_and_says_both(site: Site) -> None:
    await site.install()
    await site.start()
    await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready", reason="KeyMissing")

    code, printed = await _helm_test(site)

    assert code != 0
    assert f"WRONG  operator {NAMESPACE}/{RELEASE}: no pod is ready" in printed
    assert "WRONG  NovitaAccount default: not Ready, KeyMissing" in printed
    assert 'Secret "novita-api-key"' in printed
