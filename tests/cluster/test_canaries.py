"""Secrets stay where they belong: recognisable ones are sent through everything, then looked for everywhere else."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from tests.conftest import MakeWorkspace, StartOperator
from tests.support import builders, kube
from tests.support.operator_process import OperatorProcess
from tests.support.workspace import Workspace


@dataclass(frozen=True)
class Canaries:
    """Values that must be found nowhere but in Secrets, in the spec that names them, and at Novita."""

    literal: str
    from_secret: str
    registry: str

    @classmethod
    def fresh(cls) -> Canaries:
        return cls(*(f"canary-{name}-{secrets.token_hex(8)}" for name in ("literal", "secret", "registry")))


async def _everything(workspace: Workspace, operator: OperatorProcess) -> dict[str, str]:
    """All that people and programs can read, by the place where they read it."""
    objects = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
    account = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
    return {
        "log": operator.child.output(),
        "Events": json.dumps(await workspace.events(None)),
        "metadata": json.dumps([body["metadata"] for body in objects]),
        "status": json.dumps([body.get("status") for body in objects]),
        "account": json.dumps(account),
        "metrics": await operator.metrics(),
    }


def _leaks(places: dict[str, str], *values: str) -> list[tuple[str, str]]:
    return [(place, value) for place, text in places.items() for value in values if value in text]


async def _spec(workspace: Workspace, canaries: Canaries) -> dict[str, Any]:
    await workspace.apply(kube.SECRETS, builders.secret("keys", workspace.namespace, token=canaries.from_secret))
    pull = builders.docker_secret(
        "regcred", workspace.namespace, registry="registry.example.com", user="robot", password=canaries.registry
    )
    await workspace.apply(kube.SECRETS, pull)
    return {
        "image": "registry.example.com/team/x:1",
        "imagePullSecretRef": {"name": "regcred"},
        "env": [
            {"name": "LITERAL", "value": canaries.literal},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
        ],
    }


async def test_no_secret_of_a_whole_life_is_readable_anywhere_else(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    canaries, workspace = Canaries.fresh(), await make_workspace()
    operator = await start_operator(workspace, LOG_LEVEL="DEBUG")
    await workspace.create(**await _spec(workspace, canaries))
    await workspace.until_ready()
    (instance,) = await workspace.novita.instances()
    passwords = [
        instance["connectComponentSSH"]["password"],
        instance["connectComponentWebTerminal"]["password"],
    ]
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", "True", "Stopped")
    await workspace.edit(powerState="Running")
    await workspace.until_ready()

    places = await _everything(workspace, operator)
    await workspace.delete()
    await workspace.until_gone()
    places |= {"log at the end": operator.child.output(), "Events at the end": json.dumps(await workspace.events(None))}

    sent = {env["key"]: env["value"] for env in instance["envs"]}
    assert sent == {"LITERAL": canaries.literal, "TOKEN": canaries.from_secret}
    assert instance["imageAuth"] == f"robot:{canaries.registry}"
    values = (workspace.novita.key, canaries.literal, canaries.from_secret, canaries.registry, *passwords)
    assert all(len(value) >= 8 for value in values)
    assert _leaks(places, *values) == []


async def test_what_novita_echoes_in_its_errors_is_not_passed_on(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    canaries, workspace = Canaries.fresh(), await make_workspace()
    operator = await start_operator(workspace, LOG_LEVEL="DEBUG")
    await workspace.until_account("Ready", "True")
    secret_values = (workspace.novita.key, canaries.literal, canaries.from_secret, canaries.registry)
    await workspace.novita.fault(
        "status",
        route="create",
        status=400,
        reason="VALIDATOR_PARAM",
        message="cannot take " + " ".join(secret_values),
    )

    await workspace.create(**await _spec(workspace, canaries))
    await workspace.until_condition("Provisioned", "False", "CreateRefused")
    await workspace.until_event("CreateRefused")

    assert await workspace.novita.fired() > 0
    assert _leaks(await _everything(workspace, operator), *secret_values) == []


async def test_a_refused_key_is_nowhere_to_be_read(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await workspace.novita.revoke_key(workspace.novita.key)
    operator = await start_operator(workspace, LOG_LEVEL="DEBUG")
    await workspace.create()

    await workspace.until_condition("Synced", "False", "CredentialsRejected")
    await workspace.until_event("CredentialsRejected")

    assert _leaks(await _everything(workspace, operator), workspace.novita.key) == []
