"""A watched namespace is deleted with everything in it: the operator's Role, too, and perhaps first."""

from __future__ import annotations

import secrets

from tests.packaging.conftest import Site
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.support import builders, kube, waiting
from tests.support.operator_process import OperatorProcess

SOON = {"resyncInterval": 1000}


async def test_a_deleted_namespace_ends_what_it_rents_hinders_no_other_and_goes_with_the_documented_rights(
    site: Site,
) -> None:
    doomed = f"doomed-{secrets.token_hex(4)}"
    await site.plane.kube.create(kube.NAMESPACES, builders.namespace(doomed))
    await site.give_key()
    await site.install(watchNamespaces=[doomed, site.namespace], settings=SOON)
    operator = await site.start()
    await site.create("gpu", doomed)
    await site.until_ready("gpu", doomed)

    await site.plane.kube.delete(kube.NAMESPACES, doomed)
    await waiting.until(lambda: _rents_nothing(site), "nothing is rented any more", explain=site.explain)
    await operator.terminate()
    await site.start()
    await site.create("other")
    await site.until_ready("other")
    await _give_rights_back(site)

    await waiting.until(lambda: _is_gone(site, doomed), "the namespace is gone", seconds=120, explain=site.explain)


async def test_an_operator_that_may_read_nothing_is_not_ready_and_says_why(site: Site) -> None:
    await site.give_key()
    await site.install(watchNamespaces=[site.namespace], settings=SOON)
    operator = await site.start()

    await site.plane.kubectl("-n", site.namespace, "delete", "rolebinding", f"{RELEASE}-watched")
    await waiting.until(lambda: _says_why(operator), "not ready, and why", explain=site.explain)
    await site.upgrade("--force-conflicts", watchNamespaces=[site.namespace], settings=SOON)

    await operator.until_ready()


async def _give_rights_back(site: Site) -> None:
    """The commands of docs/how-to/uninstall.md."""
    plural = "gpuinstances.gpu.novita.ai"
    account = f"{NAMESPACE}:{RELEASE}"
    await site.plane.kubectl(
        "create", "clusterrole", "novita-operator-release", "--verb=get,list,watch,patch",
        f"--resource={plural},{plural}/status",
    )  # fmt: skip
    await site.plane.kubectl(
        "create", "clusterrolebinding", "novita-operator-release", "--clusterrole=novita-operator-release",
        f"--serviceaccount={account}",
    )  # fmt: skip
    # By which the site clears up.
    part = "app.kubernetes.io/part-of=novita-operator"
    await site.plane.kubectl("label", "clusterrole,clusterrolebinding", "novita-operator-release", part)


async def _rents_nothing(site: Site) -> bool:
    return not (await site.novita.ledger()).live


async def _is_gone(site: Site, namespace: str) -> bool:
    return await site.plane.kube.find(kube.NAMESPACES, namespace) is None


async def _says_why(operator: OperatorProcess) -> bool:
    """The right may go in the middle of a comparison: then the next one says it of this kind, too."""
    answer = await operator.page("readyz")
    said = "gpuinstances cannot be read: gpuinstances.gpu.novita.ai is forbidden" in answer.text
    return said and not answer.is_success
