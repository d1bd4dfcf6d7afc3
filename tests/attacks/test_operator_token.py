"""Whoever gets hold of the operator's token: the API server lets it write what belongs to GPUInstances, and no more."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.attacks.conftest import Settle
from tests.attacks.installation import OPERATOR, Installation
from tests.support import builders, kube
from tests.support.kube import Body, Kind, Kube, Refused
from tests.support.plane import OPERATOR_NAMESPACE

SERVICES = Kind("/api/v1", "services")
SLICES = Kind("/apis/discovery.k8s.io/v1", "endpointslices")
BINDING = "servicebinding.io/novita-gpu"


@pytest.fixture
async def thief(installation: Installation) -> AsyncIterator[Kube]:
    """Somebody with the operator's token."""
    client = Kube.of(installation.plane.kubeconfig, user=OPERATOR)
    yield client
    await client.aclose()


def _owned(body: Body) -> Body:
    owner = {"apiVersion": builders.API_VERSION, "kind": "GPUInstance", "name": "gpu", "uid": "0-0-0"}
    return body | {"metadata": body["metadata"] | {"ownerReferences": [owner]}}


def _token_of(account: str, body: Body) -> Body:
    annotations = {"kubernetes.io/service-account.name": account}
    return body | {"metadata": body["metadata"] | {"annotations": annotations}}


def _secret(kind: str) -> Body:
    return builders.secret("made", "", kind=kind, password="canary")


SECRETS: dict[str, tuple[Body, str]] = {
    "token": (_token_of("default", _secret("kubernetes.io/service-account-token")), "belongs to none"),
    "token-with-owner": (
        _token_of("default", _owned(_secret("kubernetes.io/service-account-token"))),
        "is of the type kubernetes.io/service-account-token",
    ),
    "bootstrap-token": (_owned(_secret("bootstrap.kubernetes.io/token")), "is of the type bootstrap"),
    "opaque": (_owned(_secret("Opaque")), "is of the type Opaque"),
    "without-owner": (_secret(BINDING), "belongs to none"),
}


@pytest.mark.parametrize("case", SECRETS)
async def test_no_secret_is_made_but_that_of_a_connection(case: str, thief: Kube, settle: Settle) -> None:
    here = await settle("victim", account=False)
    body, sentence = SECRETS[case]
    body = body | {"metadata": body["metadata"] | {"namespace": here.namespace}}

    with pytest.raises(Refused, match=re.escape(sentence)) as caught:
        await thief.create(kube.SECRETS, body)

    assert "somebody has its token" in caught.value.message
    assert await here.plane.kube.find(kube.SECRETS, "made", here.namespace) is None


async def test_no_secret_service_or_slice_of_others_is_changed_or_deleted(thief: Kube, settle: Settle) -> None:
    here = await settle("victim", account=False)
    service: dict[str, Any] = {"apiVersion": "v1", "kind": "Service"}
    service |= {"metadata": {"name": "mine", "namespace": here.namespace}, "spec": {"ports": [{"port": 80}]}}
    slice_: dict[str, Any] = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4"}
    slice_ |= {"metadata": {"name": "mine", "namespace": here.namespace}, "endpoints": [], "ports": []}
    for kind, body in ((kube.SECRETS, builders.secret("mine", here.namespace)), (SERVICES, service), (SLICES, slice_)):
        await here.plane.kube.create(kind, body)

    changed = {kind: await _refusal(thief.patch(kind, "mine", {"metadata": {"labels": {"a": "b"}}}, here.namespace))
               for kind in (kube.SECRETS, SERVICES, SLICES)}  # fmt: skip
    deleted = {kind: await _refusal(thief.delete(kind, "mine", here.namespace)) for kind in (SERVICES, SLICES)}
    owner = _owned({"metadata": {}})["metadata"]
    taken = await _refusal(thief.patch(kube.SECRETS, "mine", {"metadata": owner}, here.namespace))

    assert all("mine belongs to none" in said for said in (*changed.values(), *deleted.values(), taken)), changed


async def test_no_service_leads_traffic_of_others_away(thief: Kube, settle: Settle) -> None:
    here = await settle("victim", account=False)
    body = _owned({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "made", "namespace": here.namespace}})

    outside = body | {"spec": {"ports": [{"port": 80}], "externalIPs": ["203.0.113.9"]}}
    balanced = body | {"spec": {"ports": [{"port": 80}], "type": "LoadBalancer"}}
    said = [await _refusal(thief.create(SERVICES, each)) for each in (outside, balanced)]

    assert all("Services of the type ClusterIP without externalIPs alone" in each for each in said), said


async def test_no_config_map_is_written_but_the_record_of_retained_instances(thief: Kube, settle: Settle) -> None:
    here = await settle("victim", account=False)
    await here.apply(kube.CONFIG_MAPS, builders.config_map(here.namespace, OPERATOR_NAMESPACE, mode="trusted"))

    body = builders.config_map(f"{here.namespace}-more", OPERATOR_NAMESPACE, mode="mine")
    made = await _refusal(thief.create(kube.CONFIG_MAPS, body))
    changed = await _refusal(
        thief.patch(kube.CONFIG_MAPS, here.namespace, {"data": {"mode": "mine"}}, OPERATOR_NAMESPACE)
    )
    elsewhere = builders.config_map("novita-retained-default", here.namespace, mode="mine")
    theirs = await _refusal(thief.create(kube.CONFIG_MAPS, elsewhere))

    assert "ConfigMaps called novita-retained-<account>, and makes those with the output of GPUJobs" in made
    assert "cannot patch" in changed or "is another" in changed
    assert "cannot create" in theirs or "is another" in theirs


async def _refusal(call: Any) -> str:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.message
