"""Led to somebody else's instance by a status, a finalizer or an intent that the attacker has written."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.attacks.conftest import Employ, Settle
from tests.attacks.people import Person
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.kube import Body, Refused
from tests.support.plane import OPERATOR_NAMESPACE
from tests.support.workspace import Workspace

_FINALIZER = "gpu.novita.ai/instance"
_INTENT = "gpu.novita.ai/create-intent"


@pytest.fixture
async def victim(settle: Settle) -> Workspace:
    """A namespace with an instance that is Ready; its account admits this namespace alone."""
    made = await settle("victim")
    await made.edit_account_and_wait(namespaces={"names": [made.namespace]})
    await made.create()
    await made.until_ready()
    return made


async def _status(attacker: Person, victim: Workspace, instance: str) -> None:
    await attacker.create(accountRef={"name": victim.account_name}, adopt={"instanceId": instance})
    await attacker.patch({"status": {"instanceId": instance, "phase": "Running"}}, at="status")


async def _preset(attacker: Person, victim: Workspace, instance: str) -> None:
    metadata = {"finalizers": [_FINALIZER], "annotations": {_INTENT: json.dumps({"instanceId": instance})}}
    await attacker.create(metadata=metadata, accountRef={"name": victim.account_name}, adopt={"instanceId": instance})


async def _status_in_the_manifest(attacker: Person, victim: Workspace, instance: str) -> None:
    body = builders.gpu_instance("gpu", attacker.namespace, accountRef={"name": victim.account_name})
    body["spec"]["adopt"] = {"instanceId": instance}
    # The API server drops it, and says nothing.
    await attacker.kube.create(kube.GPU_INSTANCES, body | {"status": {"instanceId": instance}})


Attack = Callable[[Person, Workspace, str], Awaitable[Any]]
ATTACKS: dict[str, Attack] = {
    "status": _status,
    "preset": _preset,
    "status-in-the-manifest": _status_in_the_manifest,
}


@pytest.mark.parametrize("role", ["admin", "cluster-admin"])
@pytest.mark.parametrize("attack", ATTACKS)
async def test_the_instance_of_another_is_neither_shown_nor_ended(
    attack: str, role: str, victim: Workspace, settle: Settle, employ: Employ
) -> None:
    neighbour = await settle("neighbour", account=False)
    attacker = await employ(role, neighbour)
    instance = (await victim.get())["status"]["instanceId"]

    refused = await _refusal(ATTACKS[attack](attacker, victim, instance))
    await attacker.kube.delete(kube.GPU_INSTANCES, "gpu", neighbour.namespace)
    await neighbour.until_gone()

    assert refused or attack == "status-in-the-manifest"
    assert await neighbour.plane.kube.list(kube.SECRETS, neighbour.namespace) == []
    assert [record.id for record in (await victim.novita.ledger()).live] == [instance]
    assert (await victim.get())["status"]["phase"] == "Running"


@pytest.mark.parametrize("attack", ["status", "preset"])
async def test_not_even_who_passes_the_admission_policies_is_believed(
    attack: str, settle: Settle, employ: Employ
) -> None:
    victim, neighbour = await settle("victim"), await settle("neighbour", account=False)
    await victim.create()
    instance = (await victim.until_ready())["status"]["instanceId"]
    attacker = await employ("novita-operator-restorer", neighbour, everywhere=True)

    await ATTACKS[attack](attacker, victim, instance)
    stalled = await neighbour.until(_is_refused, "the object says why it does not get the instance")
    await attacker.kube.delete(kube.GPU_INSTANCES, "gpu", neighbour.namespace)
    if attack == "status":
        # It says of itself that it has taken the instance over: it waits until somebody lets go of that. If the
        # operator has put its words right before, it holds nothing and may be gone by now.
        await _refusal(attacker.patch({"metadata": {"annotations": {"gpu.novita.ai/force-finalize": instance}}}))
    await neighbour.until_gone()

    assert stalled["status"].get("connection") is None
    assert await neighbour.plane.kube.list(kube.SECRETS, neighbour.namespace) == []
    assert [record.id for record in (await victim.novita.ledger()).live] == [instance]


def _is_refused(body: Body) -> bool:
    return condition(body, "Ready").get("reason") in {"AdoptRefused", "AdoptionNotAllowed", "NameDiffers"}


async def _refusal(call: Awaitable[Any]) -> str:
    try:
        await call
    except Refused as refused:
        return refused.message
    return ""


@pytest.mark.parametrize("role", ["edit", "admin"])
async def test_the_record_of_retained_instances_is_written_by_nobody_in_a_namespace(
    role: str, settle: Settle, employ: Employ
) -> None:
    neighbour = await settle("neighbour", account=False)
    attacker = await employ(role, neighbour)
    name = f"novita-retained-{neighbour.namespace}"
    await neighbour.apply(kube.CONFIG_MAPS, builders.config_map(name, OPERATOR_NAMESPACE))

    refused = [
        await _refusal(attacker.kube.create(kube.CONFIG_MAPS, builders.config_map(f"{name}-2", OPERATOR_NAMESPACE))),
        await _refusal(attacker.kube.patch(kube.CONFIG_MAPS, name, {"data": {"x": "y"}}, OPERATOR_NAMESPACE)),
        await _refusal(attacker.kube.delete(kube.CONFIG_MAPS, name, OPERATOR_NAMESPACE)),
    ]

    assert all(refused)
