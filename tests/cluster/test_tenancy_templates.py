"""spec.tenancy.rules[].templatesWithSecrets: whose instances may be made from a template that holds secrets."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.history import condition
from tests.support.workspace import Workspace

_VALUE = "only-for-whom-the-account-says"
_WITH_A_VARIABLE: dict[str, Any] = {"envs": [{"key": "TOKEN", "value": _VALUE}]}
_WITH_A_CREDENTIAL: dict[str, Any] = {"image_auth": "auth-1"}


async def _offer(workspace: Workspace, **secret: Any) -> None:
    """The account has one template of its own, with this secret in it."""
    own = {"Id": "t-own", "name": "trainer", "image": "docker.io/library/busybox:1.36", "start_command": "/run.sh"}
    await workspace.novita.set(templates=[own | secret])


async def _rule(workspace: Workspace, *templates: str) -> None:
    await workspace.edit_account_and_wait(tenancy={"rules": [{"templatesWithSecrets": list(templates)}]})


@pytest.mark.parametrize(
    ("secret", "named", "allowed"),
    [
        pytest.param(_WITH_A_VARIABLE, {"name": "trainer"}, (), id="variable-by-name"),
        pytest.param(_WITH_A_VARIABLE, {"id": "t-own"}, (), id="variable-by-id"),
        pytest.param(_WITH_A_CREDENTIAL, {"name": "trainer"}, (), id="credential"),
        pytest.param(_WITH_A_VARIABLE, {"name": "trainer"}, ("Trainer", "train", "t-ow", "102"), id="only-alike"),
    ],
)
async def test_a_template_with_secrets_is_not_for_whom_the_rule_does_not_name_it(
    workspace: Workspace, secret: dict[str, Any], named: dict[str, str], allowed: tuple[str, ...]
) -> None:
    await _offer(workspace, **secret)
    await _rule(workspace, *allowed)

    # An image of one's own would get the variables of the template.
    await workspace.create(template=named, image="docker.io/library/alpine:3.22")
    refused = await workspace.until_condition("Scheduled", "False", "NotAllowed")
    await workspace.delete()
    await workspace.until_gone()

    told = condition(refused, "Ready")["message"]
    assert "rules[0].templatesWithSecrets" in told
    assert 'not template "trainer", which has variables or a credential' in told
    assert f"kubectl edit novitaaccount {workspace.account_name}" in told
    assert _VALUE not in str(refused)
    assert (await workspace.novita.ledger()).records == ()


@pytest.mark.parametrize("allowed", ["trainer", "t-own"])
@pytest.mark.parametrize("secret", [_WITH_A_VARIABLE, _WITH_A_CREDENTIAL], ids=["variable", "credential"])
async def test_who_is_allowed_a_template_by_name_or_by_id_gets_what_is_in_it(
    workspace: Workspace, secret: dict[str, Any], allowed: str
) -> None:
    await _offer(workspace, **secret)
    await _rule(workspace, "another", allowed)

    await workspace.create(template={"name": "trainer"})

    ready = await workspace.until_ready()
    (rented,) = await workspace.novita.instances()
    assert ready["status"]["template"] == {"id": "t-own", "name": "trainer"}
    assert rented["envs"] == secret.get("envs", [])
    assert _VALUE not in str(ready)


async def test_a_template_without_secrets_is_for_everybody(workspace: Workspace) -> None:
    await _offer(workspace)
    await _rule(workspace)

    await workspace.create(template={"name": "trainer"})

    assert (await workspace.until_ready())["status"]["template"]["name"] == "trainer"


async def test_a_secret_that_comes_into_the_template_later_counts_for_the_next_instance_alone(
    workspace: Workspace,
) -> None:
    await _offer(workspace)
    await _rule(workspace)
    await workspace.create("first", template={"name": "trainer"})
    await workspace.until_ready("first")

    await _offer(workspace, **_WITH_A_VARIABLE)
    await workspace.create("second", template={"id": "t-own"})
    await workspace.until_condition("Scheduled", "False", "NotAllowed", name="second")

    assert condition(await workspace.get("first"), "Ready")["status"] == "True"
    assert (await workspace.novita.ledger()).created == 1
