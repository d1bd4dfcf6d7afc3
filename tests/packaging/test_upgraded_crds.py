"""Objects that were stored when items of lists had defaults: the same manifests are taken by the CRDs of today."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support import kube, waiting
from tests.support.crds_before import as_it_was
from tests.support.kube import Body, Kind
from tests.support.plane import Output, Plane

from novita_operator.api import crd, meta

# A group of its own: the kinds of the real one come and go with the releases of other tests.
_GROUP = "before.example.com"
_API_VERSION = f"{_GROUP}/{meta.VERSION}"

_REFERENCE = {"name": "absent", "key": "x"}
_ENV = [
    {"name": "SECRET", "valueFrom": {"secretKeyRef": _REFERENCE}},
    {"name": "MAP", "valueFrom": {"configMapKeyRef": _REFERENCE}},
    {"name": "PLAIN", "value": "1"},
]
_RECEIVERS = [
    {"url": "https://a.example.com/", "secretRef": {"name": "absent"}},
    {"url": "https://b.example.com/", "events": ["instance.ready"]},
]
_SPEC: dict[str, Any] = {
    "command": "sleep infinity",
    "env": _ENV,
    "ports": [{"port": 8888}, {"port": 9000, "protocol": "TCP"}],
    "notifications": _RECEIVERS,
    "volumes": [{"networkVolumeId": "v-1", "mountPath": "/data"}],
}
_RULES = [{"namespaces": {"selector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}}]
_SPECS: dict[str, dict[str, Any]] = {
    "GPUInstance": _SPEC,
    "GPUInstanceSet": {"template": {"spec": _SPEC}},
    "GPUJob": {"template": _SPEC},
    "NovitaAccount": {"apiKeySecretRef": {"name": "absent"}, "tenancy": {"rules": _RULES}},
}


def _moved(manifest: Body) -> Body:
    """A CRD of ours, in the group of this test."""
    names = manifest["spec"]["names"] | {"shortNames": [], "categories": []}
    spec = manifest["spec"] | {"group": _GROUP, "names": names}
    return manifest | {"metadata": {"name": f"{names['plural']}.{_GROUP}"}, "spec": spec}


def _object(kind: str, **changed: Any) -> Body:
    spec = _SPECS[kind] | changed
    return {"apiVersion": _API_VERSION, "kind": kind, "metadata": {"name": "old"}, "spec": spec}


def _api(kind: str) -> Kind:
    manifest = next(each for each in crd.manifests().values() if each["spec"]["names"]["kind"] == kind)
    namespaced = manifest["spec"]["scope"] == "Namespaced"
    return Kind(f"/apis/{_API_VERSION}", manifest["spec"]["names"]["plural"], namespaced)


async def _served(plane: Plane, crds: list[Body], *, with_defaults: bool) -> None:
    """Apply the CRDs, and wait until the API server goes by them."""
    for body in crds:
        said = await plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(body))
        assert said.code == 0, said.err

    async def followed() -> bool:
        return all([await _has_defaults(plane, kind) == with_defaults for kind in _SPECS])

    await waiting.until(followed, f"the API server goes by the CRDs with defaults: {with_defaults}")


async def _has_defaults(plane: Plane, kind: str) -> bool | None:
    probe = _object(kind)
    probe["metadata"] = {"name": "probe"} | ({"namespace": "default"} if _api(kind).namespaced else {})
    try:
        stored = await plane.kube.create(_api(kind), probe, dry_run=True)
    except kube.Refused as refused:
        if refused.status not in {404, 429}:
            raise
        return None
    return _deep(stored["spec"]) != _deep(probe["spec"])


def _deep(value: Any) -> set[str]:
    """The names of the fields inside lists."""
    match value:
        case dict():
            return {name for child in value.values() for name in _deep(child)}
        case list():
            return {name for each in value for name in _names(each)}
        case _:
            return set()


def _names(value: Any) -> set[str]:
    if not isinstance(value, dict):
        return set()
    return set(value) | {name for child in value.values() for name in _names(child)}


async def _apply(plane: Plane, body: Body, *how: str) -> Output:
    return await plane.kubectl("-n", "default", "apply", *how, "-f", "-", stdin=json.dumps(body))


@pytest.fixture
async def upgraded(bare_plane: Plane) -> AsyncIterator[Plane]:
    """A cluster with objects, applied by the client and by the server, whose CRDs were upgraded since."""
    new = [_moved(manifest) for manifest in crd.manifests().values()]
    await _served(bare_plane, [as_it_was(each) for each in new], with_defaults=True)
    for kind in _SPECS:
        for name, how in (("old", ()), ("old-ssa", ("--server-side",))):
            body = _object(kind)
            body["metadata"]["name"] = name
            said = await _apply(bare_plane, body, *how)
            assert said.code == 0, said.err
            stored = await bare_plane.kube.get(_api(kind), name, "default")
            assert _deep(stored["spec"]) > _deep(body["spec"]), "no default was stored: the test shows nothing"
    await _served(bare_plane, new, with_defaults=False)
    yield bare_plane
    for body in new:
        await bare_plane.kube.delete(kube.CRDS, body["metadata"]["name"])


async def test_old_objects_take_their_manifests_again_and_nothing_else(upgraded: Plane) -> None:
    for kind in _SPECS:
        first = await _apply(upgraded, _object(kind))
        again = await _apply(upgraded, _object(kind))
        assert (first.code, again.code) == (0, 0), first.err + again.err
        assert again.out.rstrip().endswith("unchanged"), again.out
    for kind in _SPECS:
        body = _object(kind)
        body["metadata"]["name"] = "old-ssa"
        assert (await _apply(upgraded, body, "--server-side")).code == 0
        applied = await upgraded.kube.get(_api(kind), "old-ssa", "default")
        assert (await _apply(upgraded, body, "--server-side")).code == 0
        assert await upgraded.kube.get(_api(kind), "old-ssa", "default") == applied

    await _a_port_that_is_no_longer_listed_goes(upgraded)
    await _what_was_fixed_stays_fixed(upgraded)


async def _a_port_that_is_no_longer_listed_goes(plane: Plane) -> None:
    body = _object("GPUInstance", ports=[{"port": 9000, "protocol": "TCP"}])
    body["metadata"]["name"] = "old-ssa"

    said = await _apply(plane, body, "--server-side")

    assert said.code == 0, said.err
    stored = await plane.kube.get(_api("GPUInstance"), "old-ssa", "default")
    assert stored["spec"]["ports"] == [{"port": 9000, "protocol": "TCP"}]


async def _what_was_fixed_stays_fixed(plane: Plane) -> None:
    optional = {"name": "SECRET", "valueFrom": {"secretKeyRef": _REFERENCE | {"optional": True}}}
    other_kind = {"name": "SECRET", "valueFrom": {"configMapKeyRef": _REFERENCE}}
    environments = ([optional, *_ENV[1:]], [other_kind, *_ENV[1:]], _ENV[1:], [*_ENV, {"name": "MORE"}])
    environments = (*environments, [*_ENV[:2], {"name": "PLAIN", "value": "2"}], [*_ENV[:2], {"name": "PLAIN"}])
    signed = {"url": "https://a.example.com/", "secretRef": {"name": "absent", "key": "other"}}
    changes: list[dict[str, Any]] = [
        *({"env": env} for env in environments),
        {"ports": [{"port": 8888, "protocol": "TCP"}, _SPEC["ports"][1]]},
        {"ports": _SPEC["ports"][:1]},
        {"notifications": [signed, _RECEIVERS[1]]},
        {"notifications": [_RECEIVERS[0], _RECEIVERS[0]]},
        {"volumes": []},
        {"command": "sleep 1"},
        {"maxPricePerHour": "1"},
    ]
    for change in changes:
        refused = await _apply(plane, _object("GPUJob", template=_SPEC | change))
        assert refused.code != 0, change
        assert "template cannot be changed: create a new GPUJob instead" in refused.err
    for env in environments:
        refused = await _apply(plane, _object("GPUInstance", env=env))
        assert "env cannot be changed, added or removed" in refused.err, env
    same = {"env": [_ENV[2], _ENV[0], _ENV[1]], "ports": _SPEC["ports"][::-1]}
    taken = [
        await _apply(plane, _object("GPUInstance", **same)),
        await _apply(plane, _object("GPUJob", template=_SPEC | same)),
    ]
    assert [each.err for each in taken if each.code] == []
