"""What the API server refuses, before anything costs money: each mistake with a sentence that helps."""

from __future__ import annotations

import pytest
from tests.cluster import bad_manifests
from tests.cluster.bad_manifests import Bad
from tests.support import builders, kube
from tests.support.plane import Plane


def _body(bad: Bad) -> kube.Body:
    if bad.kind == "NovitaAccount":
        return builders.novita_account("bad", **bad.spec)
    return builders.gpu_instance("bad", "default", **bad.spec)


def test_there_are_at_least_forty_different_mistakes() -> None:
    assert len({bad.what for bad in bad_manifests.ALL}) >= 40


@pytest.mark.parametrize("bad", bad_manifests.ALL, ids=lambda bad: bad.what.replace(" ", "-"))
async def test_a_mistake_is_refused_with_field_value_and_way_out(plane: Plane, bad: Bad) -> None:
    kind = kube.NOVITA_ACCOUNTS if bad.kind == "NovitaAccount" else kube.GPU_INSTANCES

    with pytest.raises(kube.Refused) as refused:
        await plane.kube.create(kind, _body(bad), dry_run=True)

    assert refused.value.status in (400, 422)
    missing = [word for word in bad.says if word not in refused.value.message]
    assert not missing, refused.value.message
