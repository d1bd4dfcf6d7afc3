"""With watchNamespaces, the API server itself refuses everything outside, and the operator works inside."""

from __future__ import annotations

import secrets

from tests.packaging.conftest import Site
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.packaging.requests import of_user
from tests.support import builders, kube, waiting
from tests.support.history import condition
from tests.support.kube import Kube

USER = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"


async def test_the_operator_works_inside_and_the_api_server_refuses_it_outside(site: Site) -> None:
    outside = f"outside-{secrets.token_hex(4)}"
    await site.plane.kube.create(kube.NAMESPACES, builders.namespace(outside))
    await site.plane.kube.create(kube.SECRETS, builders.secret("private", outside, password="canary-outside"))
    await site.give_key()
    log = site.plane.audit.from_now()
    await site.install(watchNamespaces=[site.namespace])
    await site.start()
    await site.create("gpu", outside)
    await site.create("gpu")
    inside = await site.until_ready("gpu")

    mine = await _client(site)
    refused = {
        await _refused(mine, kube.GPU_INSTANCES, outside),
        await _refused(mine, kube.SECRETS, outside, "private"),
        await _refused(mine, kube.CONFIG_MAPS, outside, "any"),
        await _refused(mine, kube.SECRETS, site.namespace),
    }
    await mine.aclose()

    untouched = await site.plane.kube.get(kube.GPU_INSTANCES, "gpu", outside)
    asked = [request for request in of_user(log, USER) if request.status != 403]
    assert refused == {403}
    assert "status" not in untouched
    assert "finalizers" not in untouched["metadata"]
    assert (await site.novita.ledger()).created == 1
    assert inside["status"]["connection"]["secretRef"]["name"]
    assert {request.namespace for request in asked} <= {"", site.namespace, NAMESPACE, "default", "kube-system"}


async def test_the_uninstall_reads_the_watched_namespaces_alone(site: Site) -> None:
    await site.give_key()
    await site.install(watchNamespaces=[site.namespace])
    operator = await site.start()
    await site.create("gpu")
    await site.until_ready("gpu")

    code, printed = await site.uninstall()
    await operator.terminate()

    assert code == 0, printed
    assert "1 GPUInstance object(s), 1 of them with an instance at Novita" in printed


async def test_an_uninstall_after_a_watched_namespace_is_gone_says_so_and_reports_the_others(site: Site) -> None:
    doomed = f"doomed-{secrets.token_hex(4)}"
    await site.plane.kube.create(kube.NAMESPACES, builders.namespace(doomed))
    await site.give_key()
    await site.install(watchNamespaces=[doomed, site.namespace])
    operator = await site.start()
    await site.create("gpu")
    await site.until_ready("gpu")
    await site.plane.kube.delete(kube.NAMESPACES, doomed)
    await waiting.until(lambda: _no_namespace(site, doomed), "the namespace is gone", explain=site.explain)

    code, printed = await site.uninstall()
    await operator.terminate()

    assert code == 0, printed
    assert f"The watched namespace {doomed} is gone" in printed
    assert "1 GPUInstance object(s), 1 of them with an instance at Novita" in printed


async def _no_namespace(site: Site, name: str) -> bool:
    return await site.plane.kube.find(kube.NAMESPACES, name) is None


async def test_an_uninstall_that_may_not_read_a_watched_namespace_says_what_it_does_not_know(site: Site) -> None:
    """It looks at no other namespace instead; a policy that deletes would be refused."""
    await site.give_key()
    await site.install(watchNamespaces=[site.namespace])
    operator = await site.start()
    await site.create("gpu")
    await site.until_ready("gpu")
    await site.plane.kubectl("-n", site.namespace, "delete", "rolebinding", f"{RELEASE}-uninstall")

    code, printed = await site.uninstall()
    await operator.terminate()

    assert code == 0, printed
    assert f"The watched namespace {site.namespace} cannot be read" in printed
    assert "GOES ON COSTING" in printed


async def test_a_restart_in_namespaced_mode_needs_no_right_that_it_does_not_have(site: Site) -> None:
    await site.give_key()
    await site.install(
        watchNamespaces=[site.namespace], settings={"clusterId": "abcdefgh"}, rbac={"namespaceSelectors": False}
    )
    log = site.plane.audit.from_now()
    await (await site.start()).terminate()
    await site.start()
    await site.create("gpu")
    await site.until_ready("gpu")

    assert [request for request in of_user(log, USER) if request.status == 403] == []


async def test_without_the_rights_of_a_feature_an_object_that_wants_it_says_who_gives_them(site: Site) -> None:
    await site.give_key()
    await site.install(rbac={"services": False})
    await site.start()

    await site.create("gpu", service={})
    told = await site.until_condition(
        kube.GPU_INSTANCES, "gpu", "Ready", reason="ServiceRefused", namespace=site.namespace
    )
    await site.create("plain")
    await site.until_ready("plain")

    assert "rbac.services=true" in condition(told, "Ready")["message"]
    await site.plane.kube.delete(kube.GPU_INSTANCES, "gpu", site.namespace)
    await waiting.until(lambda: _gone(site, "gpu"), "it is deleted all the same", explain=site.explain)


async def _gone(site: Site, name: str) -> bool:
    return await site.plane.kube.find(kube.GPU_INSTANCES, name, site.namespace) is None


async def _client(site: Site) -> Kube:
    token = await site.plane.kubectl("-n", NAMESPACE, "create", "token", RELEASE)
    path = site.node.directory / "inspector.kubeconfig"
    site.plane.control.service_account_kubeconfig(path, token.out.strip())
    return Kube.of(path)


async def _refused(client: Kube, kind: kube.Kind, namespace: str, name: str = "") -> int:
    """The status of an answer; 200 where nothing is refused."""

    async def answered() -> int:
        try:
            await (client.get(kind, name, namespace) if name else client.list(kind, namespace))
        except kube.Refused as refused:
            return refused.status
        return 200

    return await waiting.until(answered, "the API server answers")
