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


async def test_nothing_of_a_private_key_is_repeated(plane: Plane) -> None:
    lines = ["-----BEGIN OPENSSH PRIVATE KEY-----", "canary" * 10, "-----END OPENSSH PRIVATE KEY-----"]
    body = builders.gpu_instance("bad", "default", authorizedKeys=["\n".join(lines)])

    with pytest.raises(kube.Refused) as refused:
        await plane.kube.create(kube.GPU_INSTANCES, body, dry_run=True)

    assert "canary" not in refused.value.message, refused.value.message


_OWNERS = {"gpuinstancesets": "spec.template.spec.", "gpujobs": "spec.template."}


def _owner(plural: str, spec: kube.Body) -> kube.Body:
    kind, template = ("GPUInstanceSet", {"spec": spec}) if plural == "gpuinstancesets" else ("GPUJob", spec)
    metadata = {"name": "bad", "namespace": "default"}
    return {
        "apiVersion": builders.API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "spec": {"template": template},
    }


@pytest.mark.parametrize("plural", _OWNERS)
@pytest.mark.parametrize("bad", bad_manifests.GPU_INSTANCES, ids=lambda bad: bad.what.replace(" ", "-"))
async def test_what_no_instance_may_say_no_template_may_say(plane: Plane, bad: Bad, plural: str) -> None:
    kind = kube.Kind("/apis/gpu.novita.ai/v1alpha1", plural)
    # A job wants a command; what is wrong is said beside it.
    spec = {"command": "true", **bad.spec} if plural == "gpujobs" else bad.spec

    with pytest.raises(kube.Refused) as refused:
        await plane.kube.create(kind, _owner(plural, spec), dry_run=True)

    assert refused.value.status in (400, 422)
    wanted = [word.replace("spec.", _OWNERS[plural]) for word in bad.says]
    missing = [word for word in wanted if word not in refused.value.message]
    assert not missing, refused.value.message
