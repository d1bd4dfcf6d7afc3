"""`doctor`: what is wrong between a user and a running instance, with a way out for each."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.plugin.conftest import Plugin

from novita_operator.api import crd, resources
from novita_operator.plugin import judging
from novita_operator.plugin.findings import Level

_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _about(found: list[dict[str, Any]], about: str) -> list[tuple[str, str]]:
    return [(each["level"], each["text"]) for each in found if each["about"] == about]


async def test_cluster_crds_rights_key_api_operator_and_lease_are_looked_at(plugin: Plugin) -> None:
    found = await plugin.read("doctor")

    account = f"account {plugin.workspace.account_name}"
    assert {each["level"] for each in found if each["about"].startswith(("CRD", "RBAC", "cluster"))} == {"ok"}
    assert [text for _, text in _about(found, account)][:2] == ["Novita accepts the key", "Novita's API answers"]
    assert _about(found, "CRD gpuinstances") == [("ok", "v1alpha1, with every field that this version knows")]
    ((level, text),) = _about(found, "Lease novita-system/novita-operator")
    assert (level, "leader election is off" in text) == ("note", True)


async def test_a_refused_key_is_a_problem_with_a_way_out(plugin: Plugin) -> None:
    await plugin.workspace.novita.revoke_key(plugin.workspace.novita.key)
    await plugin.workspace.until_account("CredentialsValid", "False")

    shown = await plugin.run("doctor")

    assert shown.code == 1
    line = next(line for line in shown.out.splitlines() if "CredentialsValid=False" in line)
    assert line.startswith("✗")
    assert plugin.workspace.account_name in line
    assert "→ put a valid key into the Secret of spec.apiKeySecretRef" in shown.out


async def test_novita_that_does_not_answer_is_a_problem(plugin: Plugin) -> None:
    await plugin.workspace.novita.fault("status", route="list", status=503)
    await plugin.workspace.until_account("Ready", "False", "NovitaUnavailable")

    found = await plugin.read("doctor")

    texts = [text for level, text in _about(found, f"account {plugin.workspace.account_name}") if level == "problem"]
    assert [text.split(":")[0] for text in texts] == ["Ready=False (NovitaUnavailable)"]


async def test_an_object_that_needs_a_person_is_a_problem(plugin: Plugin) -> None:
    await plugin.workspace.create(maxPricePerHour="0.01")
    await plugin.workspace.until_condition("Stalled", reason="PriceAboveLimit")

    found = await plugin.read("doctor")

    ((level, text),) = _about(found, f"{plugin.workspace.namespace}/gpu")
    assert (level, text.split(":")[0]) == ("problem", "Stalled (PriceAboveLimit)")


async def test_a_user_with_few_rights_learns_which_are_missing_and_status_still_works(plugin: Plugin) -> None:
    namespace = plugin.workspace.namespace
    await plugin.become_reader()
    await plugin.workspace.create(powerState="Stopped")
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    found = await plugin.read("doctor")
    shown = await plugin.run("status")
    refused = await plugin.run("start", "gpu")

    levels = {text.split(",")[0]: level for level, text in _about(found, "RBAC")}
    assert levels[f"you may list gpuinstances in {namespace}"] == "ok"
    assert levels[f"you may not patch gpuinstances in {namespace}"] == "note"
    assert [level for level, _ in _about(found, "accounts")] == ["note"]
    assert (shown.code, "Stopped" in shown.out) == (0, True)
    assert refused.code == 1
    assert "`kubectl novita doctor` lists what your user may do." in refused.err


@pytest.mark.parametrize(
    ("lease", "level"),
    [
        (None, Level.NOTE),
        ({"spec": {}}, Level.PROBLEM),
        (
            {"spec": {"holderIdentity": "a", "renewTime": "2026-01-01T11:59:30.5Z", "leaseDurationSeconds": 60}},
            Level.OK,
        ),
        (
            {"spec": {"holderIdentity": "a", "renewTime": "2026-01-01T11:50:00Z", "leaseDurationSeconds": 60}},
            Level.PROBLEM,
        ),
    ],
    ids=["there is none", "nobody holds it", "somebody leads", "its holder is silent"],
)
def test_a_lease_is_judged_by_its_holder_and_its_age(lease: dict[str, Any] | None, level: Level) -> None:
    assert judging.lease(lease, "ns/name", _NOW).level is level


def test_a_crd_of_another_version_is_told_by_the_fields_that_it_lacks() -> None:
    resource = resources.RESOURCES[0]
    body = copy.deepcopy(crd.manifest(resource))
    for version in body["spec"]["versions"]:
        del version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["lifetime"]

    found = judging.definition(resource, body)

    assert found.level is Level.PROBLEM
    assert "it lacks spec.lifetime" in found.text
