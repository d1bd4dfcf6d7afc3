"""What had failed, was ended or was done before an upgrade of the CRDs stays so when its manifest is applied again."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cluster.kinds.crds import Start, apply_crds, until_page
from tests.cluster.owners import JOBS, SETS, Owners, owners
from tests.support import builders, kube, waiting
from tests.support.crds_before import as_it_was
from tests.support.kube import Body
from tests.support.plane import Plane
from tests.support.workspace import Workspace

from novita_operator.api import crd

_PORTS = {"ports": [{"port": 8888}]}
_AN_HOUR = {"lifetime": {"maxSeconds": 3600}}
_SPECS: dict[str, dict[str, Any]] = {
    "stopped": _PORTS | {"lifetime": {"maxSeconds": 3600, "action": "Stop"}},
    "released": _PORTS | _AN_HOUR,
    "late": _PORTS
    | {"image": "docker.io/team/stuck-pulling:1", "startup": {"timeoutSeconds": 3600, "onTimeout": "Stop"}},
    "failed": _PORTS | {"image": "docker.io/library/exits-at-once:1", "restartPolicy": {"maxAttempts": 0}},
    "lost": _PORTS | {"restartPolicy": {"maxAttempts": 0}},
    "runs": _PORTS,
}
_RESTS = {
    "stopped": ("Ready", "Stopped"),
    "released": ("Ready", "Ended"),
    "late": ("Stalled", "StartupTimeout"),
    "failed": ("Stalled", "Failed"),
    "lost": ("Stalled", "InstanceLost"),
    "runs": ("Ready", "Ready"),
}
"""A condition that is True, and its reason."""
_RECORDS = {"stopped": "ended", "released": "ended", "late": "failure", "failed": "failure", "lost": "failure"}
_POLLS = 6
_PAID = ("create", "start", "restart", "edit", "upgrade", "migrate")
"""Calls that cost, or change what is rented."""
_KINDS = {"GPUInstance": kube.GPU_INSTANCES, "GPUInstanceSet": SETS, "GPUJob": JOBS}


def _manifests(workspace: Workspace) -> list[Body]:
    account, at = {"accountRef": {"name": workspace.account_name}}, {"namespace": workspace.namespace}
    own = [workspace.instance_body(name, **spec) for name, spec in _SPECS.items()]
    template = account | _PORTS
    pool = {"kind": "GPUInstanceSet", "spec": {"replicas": 1, "template": {"spec": template | _AN_HOUR}}}
    asked = {"template": template | {"command": "python train.py"}, "completion": {"signal": "Exited"}}
    job = {"kind": "GPUJob", "spec": asked}
    owning = [pool | {"metadata": at | {"name": "pool"}}, job | {"metadata": at | {"name": "job"}}]
    return own + [{"apiVersion": builders.API_VERSION} | each for each in owning]


async def _apply(workspace: Workspace) -> list[str]:
    """What kubectl says, a line for each."""
    said = await workspace.kubectl("apply", "-f", "-", stdin="\n---\n".join(map(json.dumps, _manifests(workspace))))
    assert said.code == 0, said.err
    return said.out.splitlines()


async def _stored(workspace: Workspace) -> list[Body]:
    at = ((_KINDS[each["kind"]], each["metadata"]["name"]) for each in _manifests(workspace))
    return [await workspace.plane.kube.get(kind, name, workspace.namespace) for kind, name in at]


def _template(body: Body) -> Body:
    """The spec of the instance, whatever the kind."""
    spec: Body = body["spec"]
    template = spec.get("template")
    return spec if not isinstance(template, dict) else template.get("spec", template)


async def _bring_back_the_old_crds(workspace: Workspace) -> None:
    plane = workspace.plane
    for body in crd.manifests().values():
        text = json.dumps(as_it_was(body))
        said = await plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
        assert said.code == 0, said.err
    await _until_defaults_are(workspace, there=True)


async def _upgrade_the_crds(workspace: Workspace) -> None:
    await apply_crds(workspace.plane)
    await _until_defaults_are(workspace, there=False)


async def _until_defaults_are(workspace: Workspace, *, there: bool) -> None:
    async def followed() -> bool:
        probes = [body | {"metadata": {"name": "probe"}} for body in _manifests(workspace)]
        return all([await _has_defaults(workspace.plane, body, workspace.namespace) == there for body in probes])

    await waiting.until(followed, f"the API server goes by the CRDs with defaults: {there}")


async def _has_defaults(plane: Plane, probe: Body, namespace: str) -> bool | None:
    probe["metadata"]["namespace"] = namespace
    try:
        stored = await plane.kube.create(_KINDS[probe["kind"]], probe, dry_run=True)
    except kube.Refused as refused:
        if refused.status not in {404, 429}:
            raise
        return None
    return bool(_template(stored)["ports"] != _template(probe)["ports"])


async def _an_hour_passes(workspace: Workspace, name: str) -> None:
    """The recorded start is set back. An hour, so that nothing ends by itself however slow the machine is."""
    at = datetime.now(UTC) - timedelta(seconds=3601)
    change = {"status": {"startedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}"}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, name, change, workspace.namespace, subresource="status")


async def _until_all_rest(workspace: Workspace, pool: Owners, jobs: Owners) -> None:
    """Until each object has come to where the upgrade finds it, and speaks of its newest spec."""
    for name, (kind, reason) in _RESTS.items():
        await workspace.until_condition(kind, reason=reason, name=name)
    await pool.until_condition("pool", "Ready", reason="Ended")
    await jobs.until_condition("job", "Complete")

    async def paid() -> bool:
        billing = (await workspace.novita.ledger()).billing
        return [each.id for each in billing] == [(await workspace.get("runs"))["status"]["instanceId"]]

    await workspace.until_novita(paid, "the one that runs is all that costs")


async def _end_what_shall_end(workspace: Workspace, jobs: Owners) -> None:
    for name in ("stopped", "released", "pool-0", "lost", "runs"):
        await workspace.until_ready(name)
    await workspace.until_condition("Ready", "False", "Pulling", name="late")
    for name in ("stopped", "released", "pool-0", "late"):
        await _an_hour_passes(workspace, name)
    await workspace.novita.force((await workspace.get("lost"))["status"]["instanceId"], gone=True)
    await jobs.until("job", lambda body: (body.get("status") or {}).get("phase") == "Running", "the job runs")
    await workspace.novita.force((await workspace.get("job-1"))["status"]["instanceId"], status="exited")


async def _until_each_record_names_its_spec(workspace: Workspace) -> None:
    """The upgraded operator has seen every object."""
    for name, record in _RECORDS.items():
        await workspace.until(lambda body, it=record: "specDigest" in body["status"][it], "its spec is named", name)


def _records(body: Body) -> Any:
    """When it failed or ended, why, and with which instance; and how often it was tried again."""
    status = body["status"]
    told = [status.get(record) or {} for record in ("ended", "failure")]
    kept = ("reason", "cause", "at", "instanceId")
    return status.get("restarts"), [{key: each.get(key) for key in kept} for each in told]


async def _looked_at_often(workspace: Workspace) -> Counter[str]:
    """Until the operator has polled some times more; the calls since they were forgotten."""

    async def often() -> bool:
        return (await workspace.novita.calls()).of("list") >= _POLLS

    await workspace.until_novita(often, "the account is polled on")
    return Counter((await workspace.novita.calls()).by_route)


async def _is_rented_again_by_an_edit(workspace: Workspace) -> None:
    """The counterpart: without it, an operator that no longer looks at these objects would pass."""
    created, stopped = (await workspace.novita.ledger()).created, (await workspace.get("stopped"))["status"]
    for name in ("stopped", "released", "lost"):
        await workspace.edit(name, maxPricePerHour="9.00")
    for name in ("released", "lost"):
        await workspace.until_ready(name)
    assert (await workspace.until_ready("stopped"))["status"]["instanceId"] == stopped["instanceId"]
    assert (await workspace.novita.ledger()).created == created + 2


async def test_what_had_failed_or_was_ended_before_an_upgrade_is_not_rented_again_by_its_manifest(
    workspace: Workspace, start: Start
) -> None:
    await _bring_back_the_old_crds(workspace)
    earlier = await start()
    await until_page(earlier, 200)
    async with owners(workspace, SETS) as pool, owners(workspace, JOBS) as jobs:
        pool.made.append("pool")
        jobs.made.append("job")
        await _apply(workspace)
        await _end_what_shall_end(workspace, jobs)
        await _until_all_rest(workspace, pool, jobs)
        await earlier.terminate()
        before, ledger = await _stored(workspace), await workspace.novita.ledger()

        await _upgrade_the_crds(workspace)
        operator = await start()
        await until_page(operator, 200)
        await _until_each_record_names_its_spec(workspace)
        await workspace.novita.forget_calls()
        first = await _apply(workspace)
        await _until_all_rest(workspace, pool, jobs)
        calls = await _looked_at_often(workspace)
        after = await _stored(workspace)

        assert [body for body in before if _template(body)["ports"] != [{"port": 8888, "protocol": "HTTP"}]] == []
        assert [body for body in before if "specDigest" in json.dumps(body)] == []
        assert [line for line in first if not line.endswith(" configured")] == []
        assert [body["metadata"]["generation"] for body in after] == [2] * len(before)
        assert list(map(_records, after)) == list(map(_records, before))
        assert (await workspace.novita.ledger()).created == ledger.created
        assert [name for name in _PAID if calls[name]] == []
        assert [line for line in await _apply(workspace) if not line.endswith(" unchanged")] == []
        await _is_rented_again_by_an_edit(workspace)
