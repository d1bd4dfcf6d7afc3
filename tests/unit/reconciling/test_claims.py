"""Whose child a GPUInstance is, where its metadata no longer says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from novita_operator.api import kinds, meta
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.reconciling import owned
from novita_operator.reconciling.claims import Claims

_SET = {"name": "web", "namespace": "ns", "uid": "set-uid", "creationTimestamp": "2026-11-28T12:00:00Z"}
_OWNER = meta.Meta.parse(_SET)
_LABELS = {meta.SET_LABEL: "web", meta.TEMPLATE_HASH_LABEL: "abc"}
_OURS = [owned.reference("GPUInstanceSet", _OWNER)]
_RECORDED = {"owner": {"kind": "GPUInstanceSet", "name": "web", "uid": "set-uid", "labels": _LABELS}}


@dataclass
class Api:
    """The API server: the owner as it is now, and what was written."""

    owner: dict[str, Any] | None = field(default_factory=lambda: {"metadata": dict(_SET)})
    written: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, *_: Any) -> dict[str, Any]:
        if self.owner is None:
            raise errors.NotFound("gone")
        return self.owner

    async def patch_metadata(self, _: Any, at: meta.Meta, **changes: Any) -> dict[str, Any]:
        self.written.append(changes)
        labels = at.labels | changes["labels"]
        return child(labels, changes["owner_references"])


def child(
    labels: dict[str, str] | None = None,
    references: list[dict[str, Any]] | None = None,
    status: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    at = {"name": "web-0", "namespace": "ns", "uid": "u", "resourceVersion": "7"} | metadata
    at |= {"creationTimestamp": "2026-11-28T12:00:00Z", "labels": labels or {}, "ownerReferences": references or []}
    return {"metadata": at, "status": status or {}}


def claims(api: Api, *, adopts: bool = True) -> Claims:
    return Claims(cast("Any", api), Cache(), kinds.GPU_INSTANCE_SET, meta.SET_LABEL, adopts)


async def test_a_child_with_all_that_it_needs_is_left_as_it_is() -> None:
    api, body = Api(), child(_LABELS, _OURS)

    assert await claims(api).claim(body, _OWNER) is body
    assert api.written == []


async def test_what_a_status_remembers_is_put_back() -> None:
    api = Api()

    found = await claims(api).claim(child(status=_RECORDED), _OWNER)

    assert found is not None
    assert api.written == [{"labels": _LABELS, "owner_references": _OURS}]


async def test_what_this_process_has_seen_is_put_back_before_a_status_says_it() -> None:
    api = Api()
    at_work = claims(api)
    await at_work.claim(child(_LABELS, _OURS), _OWNER)

    await at_work.claim(child(), _OWNER)

    assert api.written == [{"labels": _LABELS, "owner_references": _OURS}]


async def test_a_lost_label_is_put_back_and_other_owners_are_kept() -> None:
    api = Api()
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "c"}

    await claims(api).claim(child({meta.SET_LABEL: "web"}, [other, *_OURS], _RECORDED), _OWNER)

    assert api.written == [{"labels": {meta.TEMPLATE_HASH_LABEL: "abc"}, "owner_references": [other, *_OURS]}]


async def test_an_orphan_with_the_label_is_adopted_by_who_has_the_name_now() -> None:
    api = Api()
    old = {"owner": _RECORDED["owner"] | {"uid": "an-earlier-set"}}

    assert await claims(api).claim(child(_LABELS, status=old), _OWNER) is not None
    assert api.written == [{"labels": {meta.SET_LABEL: "web"}, "owner_references": _OURS}]


_ANOTHER = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "c", "controller": True}]
_NOT_ITS = {
    "of another controller": child(_LABELS, _ANOTHER, _RECORDED),
    "with another label on purpose": child({meta.SET_LABEL: "quarantine"}, status=_RECORDED),
    "that nothing ties to it": child(),
    "an orphan on its way out": child(_LABELS, deletionTimestamp="2026-11-28T12:00:00Z"),
}


@pytest.mark.parametrize("body", list(_NOT_ITS.values()), ids=list(_NOT_ITS))
async def test_others_are_left_alone(body: dict[str, Any]) -> None:
    api = Api()

    assert await claims(api).claim(body, _OWNER) is None
    assert api.written == []


@pytest.mark.parametrize(
    "owner",
    [None, {"metadata": _SET | {"uid": "another"}}, {"metadata": _SET | {"deletionTimestamp": "2026-11-28T12:00:00Z"}}],
    ids=["gone", "another of its name", "on its way out"],
)
async def test_an_owner_that_does_not_live_takes_nothing_back(owner: dict[str, Any] | None) -> None:
    api = Api(owner)

    assert await claims(api).claim(child(status=_RECORDED), _OWNER) is None
    assert api.written == []


async def test_a_kind_that_adopts_nothing_takes_back_only_its_own() -> None:
    api = Api()

    assert await claims(api, adopts=False).claim(child(_LABELS), _OWNER) is None
    assert await claims(api, adopts=False).claim(child(_LABELS, status=_RECORDED), _OWNER) is not None


async def test_a_paused_owner_adopts_no_orphan() -> None:
    api = Api()
    paused = _OWNER.model_copy(update={"annotations": {meta.PAUSED: "true"}})

    assert await claims(api).claim(child(_LABELS), paused) is None


def test_who_may_own_an_object_is_woken_by_its_changes() -> None:
    by_reference = owned.owners(child(references=_OURS))
    by_status = owned.owners(child(status=_RECORDED))
    by_label = owned.owners(child({meta.SET_LABEL: "web"}))

    assert by_reference == by_status == by_label == (Key("gpuinstancesets", "ns", "web"),)
    assert owned.owners(child(references=_ANOTHER, status=_RECORDED)) == ()
