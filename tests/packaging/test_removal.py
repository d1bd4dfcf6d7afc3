"""Whoever removes an operator with live instances is warned by the API server, whichever way is taken; all of it real.

Nothing is removed here: the API server answers to a dry run as it does to the request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.packaging.conftest import Site
from tests.packaging.node import DEPLOYMENTS
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.support import builders, kube, waiting
from tests.support.kube import Body, Kind, Refused

GROUP = "helm.toolkit.fluxcd.io"
RELEASES = Kind(f"/apis/{GROUP}/v2", "helmreleases")
HOOK = ("-n", NAMESPACE, "create", "job", f"{RELEASE}-uninstall", "--image=any")
DEPLOYMENT = ("-n", NAMESPACE, "delete", "deployment", RELEASE)
HOME = ("delete", "namespace", NAMESPACE)
LIST = "kubectl get gpuinstances --all-namespaces"
REPORT = f"kubectl -n {NAMESPACE} get configmap {RELEASE}-uninstall-report -o jsonpath={{.data.report}}"


@pytest.fixture
async def flux(site: Site) -> AsyncIterator[Site]:
    """The cluster knows Flux's kind; its controllers are not needed."""
    names = {"plural": "helmreleases", "singular": "helmrelease", "kind": "HelmRelease"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v2", "served": True, "storage": True, "schema": schema}
    spec = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    await site.plane.kube.create(kube.CRDS, body | {"metadata": {"name": f"helmreleases.{GROUP}"}})
    yield site
    await site.plane.kubectl("delete", "crd", f"helmreleases.{GROUP}", "--timeout=60s")


async def test_each_way_to_remove_the_operator_is_told_what_goes_on_costing_and_nothing_else_is(flux: Site) -> None:
    await flux.install()
    await _account(flux, "default", _figures(2, "1.10"))
    await _until_told(flux, "default had 2 instance(s) for 1.10 USD/h")

    by_helm = [await _told(flux, *HOOK), *[await _told_by_flux(flux, *each) for each in OF_OURS]]
    by_hand = [await _told(flux, *DEPLOYMENT), await _told(flux, *HOME)]
    others = [await _told(flux, *way) for way in (ANOTHER_JOB, JOB_ELSEWHERE, ("delete", "namespace", flux.namespace))]
    others += [await _told_by_flux(flux, *each) for each in OF_OTHERS]
    await flux.plane.kube.patch(DEPLOYMENTS, RELEASE, {"spec": {"replicas": 0}}, NAMESPACE)
    already_ended = await _told(flux, *DEPLOYMENT)

    every = by_helm + by_hand
    assert [len(warned) for warned in every] == [1] * len(every)
    assert {"default had 2 instance(s) for 1.10 USD/h" in line for (line,) in every} == {True}
    assert {"GO ON RUNNING AND COSTING" in line and LIST in line for (line,) in every} == {True}
    assert [REPORT in line for (line,) in every] == [True] * len(by_helm) + [False] * len(by_hand)
    assert [*others, already_ended] == [[]] * (len(others) + 1)


ANOTHER_JOB = ("-n", NAMESPACE, "create", "job", f"{RELEASE}-test", "--image=any")
JOB_ELSEWHERE = ("-n", "default", "create", "job", f"{RELEASE}-uninstall", "--image=any")
# HelmReleases: name, namespace ("" is where users work), spec.
OF_OURS: list[tuple[str, str, Body]] = [
    (RELEASE, NAMESPACE, {}),
    ("gpu", "", {"targetNamespace": NAMESPACE, "releaseName": RELEASE}),
]
OF_OTHERS: list[tuple[str, str, Body]] = [
    (RELEASE, "", {}),
    ("another", NAMESPACE, {}),
    ("operator", "", {"targetNamespace": NAMESPACE}),
    (RELEASE, NAMESPACE, {"suspend": True}),
    (RELEASE, NAMESPACE, {"kubeConfig": {"secretRef": {"name": "another-cluster"}}}),
]


async def test_each_account_of_the_operators_class_is_told_with_what_it_has(site: Site) -> None:
    await site.install(className="blue", uninstall={"policy": "Delete", "confirmation": "delete-all-gpu-instances"})
    await _account(site, "default", _figures(9, "9.90"))
    await _account(site, "priced", _figures(1, "0.30"), className="blue")
    await _account(site, "unpriced", _figures(5), className="blue")
    await _account(site, "shared", _figures(3, "4.20", orphaned=1, foreign=2), className="blue")
    await _account(site, "empty", _figures(0, "0.00", foreign=2), className="blue")
    await _account(site, "never-polled", None, className="blue")
    await _account(site, "last", _figures(1, "0.10"), className="blue")

    by_helm = await _until_told(site, "NovitaAccount last had 1 instance(s)")
    by_hand = await _told(site, *DEPLOYMENT)

    facts = sorted(line.split("NovitaAccount ")[1].split(". ")[0] for line in by_helm)
    assert facts == [
        "last had 1 instance(s) for 0.10 USD/h",
        "priced had 1 instance(s) for 0.30 USD/h",
        "shared had 4 instance(s) for 4.20 USD/h (with 2 instance(s) that are not of this cluster)",
        "unpriced had 5 instance(s) for a price that is not known",
    ]
    assert {"uninstall.policy is Delete: they are ended first" in line for line in by_helm} == {True}
    assert {"GO ON RUNNING AND COSTING" in line for line in by_hand} == {True}


def _figures(managed: int, price: str | None = None, **others: int) -> Body:
    return {"instances": {"managed": managed, "foreign": 0, "orphaned": 0} | others, "pricePerHour": price}


async def _account(site: Site, name: str, status: Body | None, **spec: Any) -> None:
    """An account with this status, which an operator would have written."""
    await _make(site, kube.NOVITA_ACCOUNTS, builders.novita_account(name, **spec))
    await site.plane.kube.patch(kube.NOVITA_ACCOUNTS, name, {"status": status}, subresource="status")


async def _make(site: Site, kind: Kind, body: Body) -> None:
    """A new kind is refused while the API server makes room for it."""

    async def made() -> bool:
        try:
            await site.plane.kube.create(kind, body)
        except Refused as refused:
            if refused.status not in {404, 429}:
                raise
            return False
        return True

    await waiting.until(made, f"{body['kind']} {body['metadata']['name']} is made")


async def _told(site: Site, *command: str) -> list[str]:
    """What the API server warns of; nothing is done."""
    said = await site.plane.kubectl(*command, "--dry-run=server")
    assert said.code == 0, said.err
    return [line for line in said.err.splitlines() if f"'{RELEASE}-removal'" in line]


async def _until_told(site: Site, words: str) -> list[str]:
    """What `helm uninstall` would be told, once these words are among it: the API server learns of accounts late."""

    async def probe() -> list[str] | None:
        lines = await _told(site, *HOOK)
        return lines if any(words in line for line in lines) else None

    return await waiting.until(probe, f"it is told: {words}", explain=site.explain)


async def _told_by_flux(site: Site, name: str, namespace: str, spec: Body) -> list[str]:
    """What is told when this HelmRelease is deleted; it is gone afterwards."""
    where = namespace or site.namespace
    at = {"name": name, "namespace": where}
    body = {"apiVersion": f"{GROUP}/v2", "kind": "HelmRelease", "metadata": at, "spec": spec}
    await _make(site, RELEASES, body)
    warned = await _told(site, "-n", where, "delete", f"helmreleases.{GROUP}", name)
    await site.plane.kube.delete(RELEASES, name, where)
    return warned
