"""Every version of every object in a whole life, judged as GitOps tools judge it.

With NOVITA_RECORD=1 it also writes what it saw into recorded/, which test_gitops.py judges without a cluster.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tests.packaging import judging
from tests.packaging.conftest import Site
from tests.support import builders, kube, waiting
from tests.support.kube import Body, Kind

RECORDED = Path(__file__).parent / "recorded"
_GROUP = "/apis/gpu.novita.ai/v1alpha1"
KINDS = {
    "GPUInstance": kube.GPU_INSTANCES,
    "GPUInstanceSet": Kind(_GROUP, "gpuinstancesets"),
    "GPUJob": Kind(_GROUP, "gpujobs"),
    "NovitaAccount": kube.NOVITA_ACCOUNTS,
}
_VERDICTS = {"Current": "Healthy", "InProgress": "Progressing", "Failed": "Degraded"}


async def test_argo_and_flux_say_of_every_version_what_kstatus_says(site: Site) -> None:
    await site.install()
    seen: list[Body] = []
    following = [asyncio.create_task(_follow(site, kind, seen)) for kind in KINDS.values()]
    await site.start()
    try:
        await _whole_life(site)
    finally:
        for task in following:
            task.cancel()
        ended = await asyncio.gather(*following, return_exceptions=True)
    assert [each for each in ended if not isinstance(each, asyncio.CancelledError)] == []
    judged = [body for body in seen if body["kind"] != "NovitaAccount" and not _paused(body)]
    different = [
        (
            body["kind"],
            body["metadata"]["name"],
            _ready(body),
            judging.kstatus(body),
            judging.argo(body).status,
            judging.flux(body),
        )
        for body in judged
        # Until the first status write kstatus takes an object for Current; ours say that they wait.
        if "status" in body
        and not _suspended(body)
        and {_VERDICTS[judging.kstatus(body)], _VERDICTS[judging.flux(body)]} != {judging.argo(body).status}
    ]
    assert {body["kind"] for body in seen} == set(KINDS)
    assert {judging.argo(body).status for body in seen} == {"Healthy", "Progressing", "Degraded", "Suspended"}
    assert different == []
    if os.environ.get("NOVITA_RECORD"):
        await asyncio.to_thread(_write, seen)


def _paused(body: Body) -> bool:
    return (body["metadata"].get("annotations") or {}).get("gpu.novita.ai/paused") == "true"


def _suspended(body: Body) -> bool:
    """Argo CD has a word for it, and kstatus has none."""
    return body["kind"] == "GPUJob" and judging.argo(body).status == "Suspended"


async def _whole_life(site: Site) -> None:
    await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready", reason="KeyMissing")
    await site.give_key()
    await site.until_condition(kube.NOVITA_ACCOUNTS, "default", "Ready")
    # All of it in a minute is just as many calls as the default limit allows; the limit has tests of its own.
    await site.plane.kube.patch(kube.NOVITA_ACCOUNTS, "default", {"spec": {"limits": {"requestsPerMinute": 6000}}})
    await asyncio.gather(_instance(site), _hopeless(site), _paused_one(site), _set(site), _jobs(site))


async def _instance(site: Site) -> None:
    await site.create("gpu")
    await site.until_ready("gpu")
    for state, reason in (("Stopped", "Stopped"), ("Running", "Ready")):
        await site.plane.kube.patch(kube.GPU_INSTANCES, "gpu", {"spec": {"powerState": state}}, site.namespace)
        await _ready_because(site, "gpu", reason)
    await site.plane.kube.delete(kube.GPU_INSTANCES, "gpu", site.namespace)
    await _gone(site, kube.GPU_INSTANCES, "gpu")


async def _hopeless(site: Site) -> None:
    await site.create("hopeless", productName="No Such GPU")
    await site.until_condition(kube.GPU_INSTANCES, "hopeless", "Stalled", namespace=site.namespace)


async def _paused_one(site: Site) -> None:
    paused = {"gpu.novita.ai/paused": "true"}
    await site.plane.kube.create(
        kube.GPU_INSTANCES, builders.gpu_instance("paused", site.namespace, annotations=paused)
    )
    await site.until_condition(kube.GPU_INSTANCES, "paused", "Synced", reason="Paused", namespace=site.namespace)


async def _set(site: Site) -> None:
    kind = KINDS["GPUInstanceSet"]
    await site.plane.kube.create(
        kind, _object(site, "GPUInstanceSet", "pair", {"replicas": 2, "template": {"spec": {}}})
    )
    await site.until_condition(kind, "pair", "Ready", namespace=site.namespace)
    await site.plane.kube.delete(kind, "pair", site.namespace)
    await _gone(site, kind, "pair")


async def _jobs(site: Site) -> None:
    kind = KINDS["GPUJob"]
    template = {"template": {"command": "sleep infinity"}, "completion": {"signal": "Exited"}}
    for name, result, ends in (("good", "succeeded", "Complete"), ("bad", "failed: tried", "Failed")):
        await site.plane.kube.create(kind, _object(site, "GPUJob", name, template | {"backoffLimit": 0}))
        await site.until_condition(kind, name, "Ready", reason="Running", namespace=site.namespace)
        report = {"metadata": {"annotations": {"gpu.novita.ai/job-result": result}}}
        await site.plane.kube.patch(kind, name, report, site.namespace)
        await site.until_condition(kind, name, ends, namespace=site.namespace)
    await site.plane.kube.create(kind, _object(site, "GPUJob", "held", template | {"suspend": True}))
    await site.until_condition(kind, "held", "Suspended", namespace=site.namespace)


def _object(site: Site, kind: str, name: str, spec: dict[str, Any]) -> Body:
    metadata = {"name": name, "namespace": site.namespace}
    return {"apiVersion": builders.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


async def _ready_because(site: Site, name: str, reason: str) -> None:
    """Ready for the newest spec, for this reason."""

    async def probe() -> bool:
        body = await site.plane.kube.get(kube.GPU_INSTANCES, name, site.namespace)
        newest = body["status"]["observedGeneration"] == body["metadata"]["generation"]
        return newest and _ready(body) == ("True", reason)

    await waiting.until(probe, f"{name} is Ready/{reason}", explain=site.explain)


def _ready(body: Body) -> tuple[str, str]:
    found = (body.get("status") or {}).get("conditions", [])
    return next(((each["status"], each["reason"]) for each in found if each["type"] == "Ready"), ("", ""))


async def _gone(site: Site, kind: Kind, name: str) -> None:
    async def gone() -> bool:
        return await site.plane.kube.find(kind, name, site.namespace) is None

    await waiting.until(gone, f"{name} is gone", explain=site.explain)


async def _follow(site: Site, kind: Kind, seen: list[Body]) -> None:
    namespace = site.namespace if kind.namespaced else ""

    async def served() -> str | None:
        try:
            return (await site.plane.kube.snapshot(kind, namespace))[1]
        except (kube.Refused, ValueError):
            return None  # the CRD was applied a moment ago

    version = await waiting.until(served, f"{kind.plural} are served")
    async for change in site.plane.kube.watch(kind, namespace, version):
        seen.append(change["object"])  # noqa: PERF401 - what was seen until the end counts


def _write(seen: list[Body]) -> None:
    for kind in KINDS:
        chosen = list(_distinct(body for body in seen if body["kind"] == kind))
        text = "# Recorded by `NOVITA_RECORD=1 pytest tests/packaging/test_record.py`; do not edit.\n"
        (RECORDED / f"{kind}.yaml").write_text(text + yaml.safe_dump_all(chosen, sort_keys=False, width=120))


def _distinct(bodies: Iterator[Body]) -> Iterator[Body]:
    """One body for each way in which conditions and generation can be."""
    met: set[str] = set()
    for body in bodies:
        body["metadata"].pop("managedFields", None)
        status = body.get("status") or {}
        words = [f"{each['type']}={each['status']}/{each['reason']}" for each in status.get("conditions", [])]
        newest = status.get("observedGeneration") == body["metadata"]["generation"]
        facts = f"{words} {newest} {'deletionTimestamp' in body['metadata']} {_paused(body)}"
        if facts not in met:
            met.add(facts)
            yield body
