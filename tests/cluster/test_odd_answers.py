"""Answers of Novita that are odd and not wrong: an instance is had all the same, and ends."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.workspace import ADOPTION, Workspace

_BARE = {"listItems": "bare", "totalAs": "absent", "emptyList": "null", "nodeAs": "array"}
_ODD = [{"ids": "upper"}, {"totalCounts": "ever"}, _BARE]


@pytest.mark.parametrize("odd", _ODD, ids=lambda odd: next(iter(odd)))
async def test_an_instance_lives_and_ends_whatever_form_the_answers_have(
    workspace: Workspace, odd: dict[str, Any]
) -> None:
    await workspace.create("before")
    await workspace.until_ready("before")
    await workspace.novita.set(**odd)

    await workspace.create()
    await workspace.until_ready()
    await workspace.edit("before", powerState="Stopped")
    await workspace.until_condition("Ready", "True", "Stopped", name="before")
    await workspace.delete("before")
    await workspace.until_gone("before")
    await workspace.create("after")
    await workspace.until_ready("after")
    await workspace.delete()
    await workspace.until_gone()

    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (3, 1)


async def test_an_adopted_instance_is_known_by_an_id_in_another_case(workspace: Workspace) -> None:
    await workspace.edit_account(tenancy=ADOPTION)
    planted = await workspace.novita.plant(name="by-hand")
    await workspace.novita.set(ids="upper")
    await workspace.create(adopt={"instanceId": planted})
    await workspace.until_ready()

    await workspace.delete()

    await workspace.until_gone()
    assert not (await workspace.novita.ledger()).live


async def test_a_restart_that_a_bare_list_does_not_show_comes_into_the_secret(workspace: Workspace) -> None:
    await workspace.novita.set(**_BARE)
    await workspace.create()
    instance_id = (await workspace.until_ready())["status"]["instanceId"]

    # Between two polls, as a restart of seconds: the list says nothing of it.
    anew = {"sshCommand": "ssh -p 40404 root@proxy.example", "password": "another-1", "isRunning": True}
    await workspace.novita.force(instance_id, extra={"connectComponentSSH": anew})

    body = await workspace.until(
        lambda body: body["status"]["connection"]["endpoint"] == "proxy.example:40404", "the new address"
    )
    secret = await workspace.plane.kube.get(kube.SECRETS, "gpu-connection", workspace.namespace)
    assert builders.decoded(secret)["password"] == "another-1"
    assert condition(body, "Ready")["status"] == "True"


async def test_a_reclaim_that_a_bare_list_does_not_show_is_found_by_a_look_at_the_instance(
    workspace: Workspace,
) -> None:
    await workspace.novita.set(**_BARE)
    await workspace.create(billing="Spot")
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, status="exited", spotStatus="terminated", spotReclaimTime=int(time.time()))
    await workspace.until(lambda body: body["status"].get("instanceId") not in {None, first}, "another instance")

    await workspace.until_ready()
    await workspace.until_reasons("SpotReclaimed")
