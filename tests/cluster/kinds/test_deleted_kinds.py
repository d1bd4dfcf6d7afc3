"""CRDs that are deleted while something is rented: it ends once, and what comes back is rented once."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from tests.cluster.kinds.crds import (
    ACCOUNT_CRD,
    INSTANCE_CRD,
    JOB_CRD,
    SET_CRD,
    Start,
    apply_crds,
    delete_crd,
    make_account_again,
    polled,
    restarted_without_instances,
    serve,
    until_event,
    until_page,
)
from tests.cluster.owners import JOBS, SETS, Owners
from tests.support import waiting
from tests.support.kube import Kind
from tests.support.plane import CRDS, OPERATOR_USER
from tests.support.workspace import Workspace

GC_SECONDS = 240.0  # Kubernetes' own: it looks for new kinds every half minute
_DISCOVERY = "/apis/gpu.novita.ai/v1alpha1"
_LOOKS = 4


async def known_to_the_garbage_collector(owners: Owners, **spec: Any) -> None:
    """It looks for new kinds every half minute; before, it deletes no children of theirs, with or without us."""
    await owners.create("first", **spec)
    await owners.until("first", lambda body: bool(body.get("status", {}).get("conditions")), "it is worked on")
    await owners.delete("first")
    await owners.until_released(seconds=GC_SECONDS)


async def until_live(workspace: Workspace, count: int, *, seconds: float = waiting.DEADLINE_SECONDS) -> None:
    async def fact() -> bool:
        return len((await workspace.novita.ledger()).live) == count

    await waiting.until(fact, f"{count} instances live", seconds=seconds, explain=workspace.explain)


def _spec(workspace: Workspace, kind: Kind) -> dict[str, Any]:
    if kind is JOBS:
        return {"template": {"accountRef": {"name": workspace.account_name}, "command": "python train.py"}}
    return {"replicas": 1, "template": {"spec": {"accountRef": {"name": workspace.account_name}}}}


async def test_with_the_crd_of_instances_all_that_is_rented_ends_and_a_set_rents_once_when_it_is_back(
    workspace: Workspace, start: Start
) -> None:
    operator = await start()
    await until_page(operator, 200)
    sets = Owners(workspace, SETS)
    await sets.create("web", **_spec(workspace, SETS))
    await workspace.create()
    before = await workspace.until_ready()
    await sets.until_condition("web", "Ready")

    await delete_crd(workspace.plane, INSTANCE_CRD)

    assert (await workspace.novita.ledger()).live == ()
    assert (await workspace.novita.ledger()).created == 2
    await until_page(operator, 503, INSTANCE_CRD)
    await apply_crds(workspace.plane)
    await until_page(operator, 200)
    await workspace.create()
    after = await workspace.until_ready()
    await sets.until_condition("web", "Ready")
    await polled(workspace, operator)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (4, 2)
    await workspace.delete()
    await sets.delete("web")
    await sets.until_released(seconds=GC_SECONDS)


@pytest.mark.parametrize(("kind", "crd"), [(JOBS, JOB_CRD), (SETS, SET_CRD)], ids=["job", "set"])
async def test_with_the_crd_of_owners_their_instances_end_once_and_other_instances_live_on(
    workspace: Workspace, start: Start, kind: Kind, crd: str
) -> None:
    operator = await start()
    await until_page(operator, 200)
    owners = Owners(workspace, kind)
    await known_to_the_garbage_collector(owners, **_spec(workspace, kind))
    await workspace.create()
    bystander = await workspace.until_ready()
    await owners.create("owner", **_spec(workspace, kind))
    await until_live(workspace, 2)

    await delete_crd(workspace.plane, crd)

    await until_page(operator, 503, crd)
    await until_live(workspace, 1, seconds=GC_SECONDS)
    await apply_crds(workspace.plane)
    await until_page(operator, 200)
    rented = (await workspace.novita.ledger()).created
    await owners.create("owner", **_spec(workspace, kind))
    await until_live(workspace, 2)
    await polled(workspace, operator)
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (rented + 1, 2)
    assert bystander["status"]["instanceId"] in {record.id for record in ledger.live}
    await owners.delete("owner")
    await workspace.delete()
    await owners.until_released(seconds=GC_SECONDS)


async def test_the_crd_of_accounts_goes_only_after_the_instances_and_its_return_is_taken_up(
    workspace: Workspace, start: Start
) -> None:
    operator = await start()
    await until_page(operator, 200)
    account = await workspace.until_account("Ready", "True")
    await workspace.create()
    before = await workspace.until_ready()

    asked = await workspace.plane.kubectl("delete", "crd", ACCOUNT_CRD, "--wait=false")

    assert asked.code == 0, asked.err
    await workspace.until_account("DeletionBlocked", "True", "InUse")
    await polled(workspace, operator)
    assert [record.id for record in (await workspace.novita.ledger()).live] == [before["status"]["instanceId"]]
    await workspace.delete()
    await until_page(operator, 503, ACCOUNT_CRD)
    assert (await workspace.novita.ledger()).live == ()
    await apply_crds(workspace.plane)
    await until_page(operator, 200)
    await make_account_again(workspace, account["spec"])
    await workspace.create()
    await workspace.until_ready()
    await workspace.delete()
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).created == 2


async def test_all_crds_deleted_at_once_end_all_that_is_rented_and_hold_up_nobody(
    workspace: Workspace, start: Start
) -> None:
    operator = await start()
    await until_page(operator, 200)
    await workspace.create()
    await workspace.until_ready()
    await Owners(workspace, JOBS).create("job", **_spec(workspace, JOBS))
    await until_live(workspace, 2)

    deleted = await workspace.plane.kubectl("delete", "-k", str(CRDS), "--timeout=120s")

    assert deleted.code == 0, deleted.err
    assert (await workspace.novita.ledger()).live == ()
    await until_page(operator, 503, JOB_CRD, SET_CRD, INSTANCE_CRD, ACCOUNT_CRD)


async def test_while_the_crd_of_accounts_is_not_served_an_instance_ends_and_none_is_lost(
    workspace: Workspace, start: Start
) -> None:
    operator = await start()
    await until_page(operator, 200)
    await workspace.create("stays")
    await workspace.create("goes")
    stays = await workspace.until_ready("stays")
    await workspace.until_ready("goes")

    await serve(workspace.plane, ACCOUNT_CRD, served=False)

    await until_page(operator, 503, ACCOUNT_CRD)
    await workspace.delete("goes")
    await workspace.until_gone("goes")
    await polled(workspace, operator)
    ledger = await workspace.novita.ledger()
    assert [record.id for record in ledger.live] == [stays["status"]["instanceId"]]
    assert ledger.created == 2
    await serve(workspace.plane, ACCOUNT_CRD, served=True)
    await until_page(operator, 200)
    await workspace.delete("stays")
    await workspace.until_gone("stays")


async def test_an_account_is_held_while_its_objects_cannot_be_read_and_novita_still_has_their_instance(
    workspace: Workspace, start: Start
) -> None:
    second, before = await restarted_without_instances(workspace, start)

    await workspace.plane.kubectl("delete", "nva", workspace.account_name, "--wait=false")

    await workspace.until_account("DeletionBlocked", "True", "ObjectsUnreadable", says="Novita still has 1")
    assert [record.id for record in (await workspace.novita.ledger()).live] == [before["status"]["instanceId"]]
    await serve(workspace.plane, INSTANCE_CRD, served=True)
    await until_page(second, 200)
    await workspace.until_account("DeletionBlocked", "True", "InUse")
    await workspace.delete()
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_a_kind_that_is_not_served_is_asked_for_no_more_often_than_it_is_looked_for(
    workspace: Workspace, start: Start
) -> None:
    operator = await start()
    await until_page(operator, 200)
    await delete_crd(workspace.plane, JOB_CRD)
    await until_page(operator, 503, JOB_CRD)
    await until_event(workspace, "KindNotServed", JOB_CRD)
    log = workspace.plane.audit.path
    begin = log.stat().st_size

    def paths() -> list[str]:
        with log.open("rb") as lines:
            lines.seek(begin)
            lines.readline()  # what the server was at when the size was taken
            events = [json.loads(line) for line in lines if line.endswith(b"\n")]
        mine = [each for each in events if each["user"]["username"] == OPERATOR_USER]
        return [each["requestURI"].partition("?")[0] for each in mine if each["stage"] == "ResponseComplete"]

    async def looked_often() -> bool:
        return paths().count(_DISCOVERY) >= _LOOKS

    await waiting.until(looked_often, "discovery is read again and again", seconds=90.0)

    asked = Counter(paths())
    assert asked[f"{_DISCOVERY}/gpujobs"] <= asked[_DISCOVERY], asked
