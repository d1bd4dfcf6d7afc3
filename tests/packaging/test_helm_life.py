"""The life of a release on a real API server, with real helm: install, work, upgrade, uninstall."""

from __future__ import annotations

from tests.packaging.conftest import Site
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.support import kube, waiting

CRD_NAMES = {f"{plural}.gpu.novita.ai" for plural in ("gpuinstances", "gpuinstancesets", "gpujobs", "novitaaccounts")}


async def test_an_install_without_a_key_says_what_is_missing_and_works_when_it_comes(site: Site) -> None:
    await site.install()
    operator = await site.start()
    waiting_for_key = await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready", reason="KeyMissing")

    await site.give_key()
    await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready")

    (ready,) = [each for each in waiting_for_key["status"]["conditions"] if each["type"] == "Ready"]
    assert 'Secret "novita-api-key"' in ready["message"]
    assert operator.child.running


async def test_the_installed_operator_rents_and_an_upgrade_changes_nothing_at_novita(site: Site) -> None:
    await site.give_key()
    notes = await site.install()
    first = await site.start()
    await site.create("gpu")
    before = await site.until_ready("gpu")
    ledger = await site.novita.ledger()

    upgraded = await site.upgrade(podAnnotations={"example.com/second": "true"}, settings={"workers": 16})
    assert await first.terminate() == 0
    await site.start()
    await site.plane.kubectl(
        "-n", site.namespace, "annotate", "gpuinstance/gpu", "gpu.novita.ai/reconcile-requested-at=after-the-upgrade"
    )
    handled = await waiting.until(lambda: _handled(site), "the new operator has looked at it", explain=site.explain)

    after = await site.novita.ledger()
    assert "every GPUInstance object rents a GPU" in " ".join(notes.split())
    assert "REVISION: 2" in upgraded
    assert handled["status"]["instanceId"] == before["status"]["instanceId"]
    assert [(record.id, record.live) for record in after.records] == [(record.id, True) for record in ledger.records]
    assert after.created == 1


async def _handled(site: Site) -> kube.Body | None:
    body = await site.plane.kube.get(kube.GPU_INSTANCES, "gpu", site.namespace)
    return body if body["status"].get("lastHandledReconcileAt") == "after-the-upgrade" else None


async def test_an_upgrade_brings_new_crds(site: Site) -> None:
    await site.install()
    name = "gpuinstances.gpu.novita.ai"
    aged = {"spec": {"names": {"categories": ["of-an-older-version"]}}}
    await site.plane.kube.patch(kube.CRDS, name, aged)

    await site.upgrade("--force-conflicts", podAnnotations={"example.com/second": "true"})

    body = await site.plane.kube.get(kube.CRDS, name)
    assert body["spec"]["names"]["categories"] == ["novita"]


async def test_an_uninstall_keeps_crds_and_instances_and_says_what_they_cost(site: Site) -> None:
    await site.give_key()
    await site.install()
    operator = await site.start()
    await site.create("gpu")
    body = await site.until_ready("gpu")

    code, printed = await site.uninstall()
    await operator.terminate()

    crds = {each["metadata"]["name"] for each in await site.plane.kube.list(kube.CRDS)}
    assert code == 0, printed
    assert f"{site.namespace}/gpu" in printed
    assert f"{body['status']['pricePerHour']} USD per hour together" in printed
    assert body["status"]["instanceId"] in printed
    assert "GO ON RUNNING AND COSTING" in printed
    assert crds >= CRD_NAMES
    assert (await site.plane.kube.get(kube.GPU_INSTANCES, "gpu", site.namespace))["metadata"]["uid"] == body[
        "metadata"
    ]["uid"]
    assert len((await site.novita.ledger()).billing) == 1


async def test_a_new_release_takes_retained_instances_up_again(site: Site) -> None:
    await site.give_key()
    await site.install()
    operator = await site.start()
    await site.create("gpu")
    body = await site.until_ready("gpu")
    await site.uninstall()
    await operator.terminate()

    await site.install()
    await site.start()
    await site.plane.kube.delete(kube.GPU_INSTANCES, "gpu", site.namespace)
    await waiting.until(lambda: _nothing_bills(site), "the instance is gone", explain=site.explain)

    ledger = await site.novita.ledger()
    assert [record.id for record in ledger.records] == [body["status"]["instanceId"]]


async def _nothing_bills(site: Site) -> bool:
    return not (await site.novita.ledger()).live


async def test_an_uninstall_with_policy_delete_ends_everything_before_the_operator_goes(site: Site) -> None:
    await site.give_key()
    confirmed = {"policy": "Delete", "confirmation": "delete-all-gpu-instances", "timeoutSeconds": 60}
    await site.install(uninstall=confirmed)
    await site.start()
    await site.create("one")
    await site.create("two")
    await site.until_ready("one")
    await site.until_ready("two")

    code, printed = await site.uninstall()

    ledger = await site.novita.ledger()
    assert code == 0, printed
    assert "All GPUInstances are deleted" in printed
    assert await site.plane.kube.list(kube.GPU_INSTANCES) == []
    assert ledger.created == 2
    assert ledger.live == ()


async def test_an_uninstall_that_would_lose_instances_with_the_crds_is_refused(site: Site) -> None:
    await site.give_key()
    await site.install(crds={"keep": False})
    await site.start()
    await site.create("gpu")
    await site.until_ready("gpu")

    code, printed = await site.uninstall()
    rolled_back = await site.helm("rollback", RELEASE, "1", "-n", NAMESPACE)
    await site.upgrade(crds={"keep": True})

    assert code != 0
    assert "REFUSED: crds.keep is false" in printed
    assert "by `helm rollback RELEASE REVISION`" in printed
    assert rolled_back.code == 0, rolled_back.text
    assert (await site.plane.kube.get(kube.GPU_INSTANCES, "gpu", site.namespace))["metadata"].get(
        "deletionTimestamp"
    ) is None
    assert len((await site.novita.ledger()).billing) == 1


async def test_an_uninstall_that_takes_the_crds_along_leaves_no_crd_that_waits_for_an_operator(site: Site) -> None:
    await site.give_key()
    await site.install(crds={"keep": False})
    await site.start()
    await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready")

    code, printed = await site.uninstall()

    assert code == 0, printed
    await waiting.until(lambda: _no_crd_is_left(site), "the CRDs are gone", explain=site.explain)


async def _no_crd_is_left(site: Site) -> bool:
    return not CRD_NAMES & {body["metadata"]["name"] for body in await site.plane.kube.list(kube.CRDS)}
