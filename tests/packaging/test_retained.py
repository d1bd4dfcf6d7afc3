"""The record of what people have left at Novita, with the rights of the chart and without them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from tests.packaging.conftest import Site
from tests.packaging.rendering import NAMESPACE, RELEASE
from tests.support import chart_values, kube, waiting
from tests.support.history import condition
from tests.support.kube import Body, Kind

from novita_operator.reconciling import naming

_CLUSTER = "abcdefgh"
_OWN = Kind("/apis/rbac.authorization.k8s.io/v1", "roles"), RELEASE, NAMESPACE
# Output of jobs is kept in any namespace, so that this one lets a record be made, too.
_EVERYWHERE = Kind("/apis/rbac.authorization.k8s.io/v1", "clusterroles", namespaced=False), f"{RELEASE}-watched", ""
_Role = tuple[Kind, str, str]
_SETTINGS = chart_values.settings({"ORPHAN_AGE": "0", "ORPHAN_SIGHTINGS_APART": "0"}) | {"clusterId": _CLUSTER}
_DELAYS = {"create": 0.1, "pull": 0.2, "cachedPull": 0.1}
_RECORD = "novita-retained-default"


async def _plant(site: Site) -> str:
    name = naming.instance_name(_CLUSTER, str(uuid.uuid4()))
    return str(await site.novita.plant(name=name, ageSeconds=3600))


async def _take_rights(site: Site, role: _Role, left: str) -> list[Body]:
    """The operator makes and changes no ConfigMap any more; the rules as they were. `left`: the verb that it keeps."""
    rules: list[Body] = (await site.plane.kube.get(*role))["rules"]
    read = [rule | {"verbs": [left]} for rule in rules if _of_maps(rule) and left]
    await _set(site, role, [*(rule for rule in rules if not _of_maps(rule)), *read])
    return rules


def _of_maps(rule: Body) -> bool:
    return bool(rule["resources"] == ["configmaps"])


async def _set(site: Site, role: _Role, rules: list[Body]) -> None:
    kind, name, namespace = role
    await site.plane.kube.patch(kind, name, {"rules": rules}, namespace)


async def _live(site: Site) -> list[str]:
    return sorted(record.id for record in (await site.novita.ledger()).live)


async def _gone(site: Site, name: str) -> bool:
    return await site.plane.kube.find(kube.GPU_INSTANCES, name, site.namespace) is None


@pytest.mark.parametrize(
    ("says", "namespaced"),
    [
        # There it may read any ConfigMap, since objects refer to them.
        pytest.param("could not be written", False, id="cluster-wide"),
        pytest.param("could not be read", True, id="namespaced"),
    ],
)
async def test_without_the_rights_nothing_is_deleted_or_forgotten_and_the_account_says_why(
    says: str, *, namespaced: bool, site: Site
) -> None:
    await site.novita.set(acceleration=1, delays=_DELAYS)
    await site.give_key()
    values: dict[str, Any] = {"watchNamespaces": [site.namespace]} if namespaced else {}
    await site.install(settings=_SETTINGS, **values)
    # Objects refer to ConfigMaps of any namespace: these may still be read.
    roles = {_OWN: ""} if namespaced else {_OWN: "list", _EVERYWHERE: "get"}
    rules = [await _take_rights(site, role, left) for role, left in roles.items()]
    await site.start()
    for number in range(4):  # they stay, so that one that goes is no crowd
        await site.create(f"neighbour-{number}", powerState="Stopped")
    await site.create("kept", deletionPolicy="Retain")
    kept = (await site.until_ready("kept"))["status"]["instanceId"]
    await site.plane.kube.patch(kube.NOVITA_ACCOUNTS, "default", {"spec": {"orphans": "Delete"}})

    orphan = await _plant(site)
    paused = await site.until_condition(
        kube.NOVITA_ACCOUNTS, "default", "OrphanDeletionPaused", reason="RetainedUnknown"
    )
    await site.plane.kube.delete(kube.GPU_INSTANCES, "kept", site.namespace)
    blocked = await site.until_condition(
        kube.GPU_INSTANCES, "kept", "Ready", reason="DeletionBlocked", namespace=site.namespace
    )
    live = await _live(site)
    for role, before in zip(roles, rules, strict=True):
        await _set(site, role, before)
    await waiting.until(lambda: _gone(site, "kept"), "the object may go", explain=site.explain)
    await waiting.until(lambda: _is_left(site, kept), "only what was retained is left", explain=site.explain)

    message = condition(paused, "OrphanDeletionPaused")["message"]
    assert f"{NAMESPACE}/{_RECORD}" in message
    assert says in message
    assert "Give the operator the rights of its chart" in message
    assert "could not be written down" in condition(blocked, "Ready")["message"]
    assert live == sorted([kept, orphan])


async def _is_left(site: Site, kept: str) -> bool:
    return await _live(site) == [kept]
