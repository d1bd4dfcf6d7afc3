"""When something is wrong: the right condition, Stalled only where a person is needed, and healing by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.history import condition
from tests.support.workspace import Workspace

Change = Callable[[Workspace], Awaitable[object]]


@dataclass(frozen=True)
class Trouble:
    """A cause, how the user learns of it, and how it ends. `says`: what the condition's message must name."""

    what: str
    cause: Change
    cure: Change
    condition: str
    reason: str
    stalled: bool
    says: tuple[str, ...]
    spec: dict[str, Any] = field(default_factory=dict)


async def _nothing(_: Workspace) -> None:
    """The cause is in the spec."""


_NEW_GPU = {"id": "new", "name": "RTX 9090 96GB", "price": 99_000, "stock": {"cn-hongkong-1": {"onDemand": 8}}}
_NEW_TEMPLATE = {"Id": "777", "name": "not-yet", "image": "docker.io/library/ubuntu:22.04"}

TROUBLES = (
    Trouble(
        "a wrong API key",
        cause=lambda it: it.novita.revoke_key(it.novita.key),
        cure=lambda it: it.novita.accept_key(it.novita.key),
        condition="Synced",
        reason="CredentialsRejected",
        stalled=True,
        says=("API key", "NovitaAccount"),
    ),
    Trouble(
        "an unknown product",
        cause=_nothing,
        cure=lambda it: it.novita.set(products=[_NEW_GPU]),
        condition="Scheduled",
        reason="ProductNotFound",
        stalled=True,
        says=("spec.productName", "RTX 9090 96GB", "Create a new GPUInstance"),
        spec={"productName": "RTX 9090 96GB"},
    ),
    Trouble(
        "a product name that is almost right",
        cause=_nothing,
        cure=lambda it: it.novita.set(products=[_NEW_GPU | {"name": "RTX 4090"}]),
        condition="Scheduled",
        reason="ProductNotFound",
        stalled=True,
        says=("spec.productName", '"RTX 4090"', "RTX 4090 24GB"),
        spec={"productName": "RTX 4090"},
    ),
    Trouble(
        "an unknown template",
        cause=_nothing,
        cure=lambda it: it.novita.set(templates=[_NEW_TEMPLATE]),
        condition="Scheduled",
        reason="TemplateNotFound",
        stalled=True,
        says=("spec.template", "not-yet", "create the template"),
        spec={"template": {"name": "not-yet"}},
    ),
    Trouble(
        "no stock anywhere",
        cause=lambda it: it.novita.sold_out(),
        cure=lambda it: it.novita.in_stock(),
        condition="Scheduled",
        reason="NoCapacity",
        stalled=False,
        says=("RTX 4090 24GB",),
    ),
    Trouble(
        "no stock at the moment of the create",
        cause=lambda it: it.novita.fault("no-stock", route="create"),
        cure=lambda it: it.novita.end_faults(),
        condition="Scheduled",
        reason="NoCapacity",
        stalled=False,
        says=("RTX 4090 24GB",),
    ),
    Trouble(
        "no balance",
        cause=lambda it: it.novita.set(balance="0"),
        cure=lambda it: it.novita.set(balance="1000"),
        condition="Provisioned",
        reason="InsufficientBalance",
        stalled=True,
        says=("Top up",),
    ),
    Trouble(
        "an API that is down",
        cause=lambda it: it.novita.fault("down"),
        cure=lambda it: it.novita.end_faults(),
        condition="Synced",
        reason="NovitaUnavailable",
        stalled=False,
        says=("Novita could not be reached",),
    ),
)
_each = pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.what.replace(" ", "-"))


@_each
async def test_trouble_has_its_condition_and_ends_by_itself_with_its_cause(
    workspace: Workspace, trouble: Trouble
) -> None:
    await trouble.cause(workspace)
    await workspace.create(**trouble.spec)
    body = await workspace.until_condition(trouble.condition, "False", trouble.reason)
    ready = condition(body, "Ready")
    assert ready["status"] == "False"
    assert [word for word in trouble.says if word not in ready["message"]] == []
    assert bool(condition(body, "Stalled")) is trouble.stalled
    assert bool(condition(body, "Reconciling")) is not trouble.stalled
    assert (await workspace.novita.ledger()).created == 0

    await trouble.cure(workspace)

    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1


@_each
async def test_trouble_never_blocks_the_deletion_of_an_object_without_an_instance(
    workspace: Workspace, trouble: Trouble
) -> None:
    await trouble.cause(workspace)
    await workspace.create(**trouble.spec)
    await workspace.until_condition(trouble.condition, "False", trouble.reason)

    await workspace.delete()

    await workspace.until_gone()
    assert (await workspace.novita.ledger()).created == 0


async def test_a_running_instance_stays_ready_while_novita_is_away_and_says_so(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()

    await workspace.novita.fault("down")
    body = await workspace.until_condition("Synced", "False", "NovitaUnavailable")

    assert condition(body, "Ready")["status"] == "True"
    await workspace.novita.end_faults()
    await workspace.until_condition("Synced")


async def test_a_delete_of_an_instance_waits_for_novita_and_says_what_it_costs_meanwhile(
    workspace: Workspace,
) -> None:
    await workspace.create()
    await workspace.until_ready()
    await workspace.novita.fault("down")
    await workspace.until_condition("Synced", "False", "NovitaUnavailable")

    await workspace.delete()
    body = await workspace.until_condition("Ready", "False", "DeletionBlocked")
    assert "0.35 USD/h" in condition(body, "Ready")["message"]
    await workspace.until_event("DeletionBlocked")
    await workspace.novita.end_faults()

    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_an_instance_that_somebody_else_deleted_is_not_rented_again_where_that_is_not_asked(
    workspace: Workspace,
) -> None:
    await workspace.create(restartPolicy={"maxAttempts": 0})
    body = await workspace.until_ready()

    await workspace.novita.force(body["status"]["instanceId"], gone=True)

    body = await workspace.until_condition("Ready", "False", "InstanceLost")
    assert condition(body, "Stalled")["status"] == "True"
    assert (await workspace.novita.ledger()).created == 1


async def test_an_instance_that_somebody_else_deleted_is_rented_again_by_default(workspace: Workspace) -> None:
    await workspace.create(restartPolicy={"backoffSeconds": 1})
    lost = await workspace.until_ready()

    await workspace.novita.force(lost["status"]["instanceId"], gone=True)

    found = await workspace.until(
        lambda body: body["status"].get("instanceId") not in (None, lost["status"]["instanceId"]), "another instance"
    )
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (2, 1)
    assert found["status"]["instanceId"] == ledger.live[0].id


async def test_an_instance_that_ended_by_itself_is_reported_with_novitas_reason(workspace: Workspace) -> None:
    await workspace.create(image="docker.io/team/does-not-exist:1", restartPolicy={"maxAttempts": 0})

    body = await workspace.until_condition("Ready", "False", "Failed")

    assert "failed to pull the image" in condition(body, "Ready")["message"]
    assert condition(body, "Stalled")["status"] == "True"


async def test_a_lost_reply_is_looked_for_by_name_and_taken_over(workspace: Workspace) -> None:
    await workspace.novita.fault("lost-reply", route="create", times=1)
    await workspace.create()

    await workspace.until_ready()

    ledger = await workspace.novita.ledger()
    assert await workspace.novita.fired() == 1
    assert (ledger.created, ledger.duplicated) == (1, 0)
    await workspace.until_event("Adopted")
