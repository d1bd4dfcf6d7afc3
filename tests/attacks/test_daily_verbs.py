"""The verbs of the plugin, and kubectl's own, as people with Kubernetes' usual roles in one namespace use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.attacks.conftest import Employ, Settle
from tests.attacks.installation import Installation
from tests.plugin.conftest import Plugin, assert_no_secret_was_printed
from tests.support import builders, kube, waiting
from tests.support.kube import Kind
from tests.support.workspace import Workspace

SETS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets")
_ROLE_BINDINGS = Kind("/apis/rbac.authorization.k8s.io/v1", "rolebindings")
Equip = Callable[[Workspace, str], Awaitable[Plugin]]


@pytest.fixture
async def team(settle: Settle) -> Workspace:
    """A namespace with an instance that is Ready."""
    made = await settle("team")
    await made.create()
    await made.until_ready()
    return made


@pytest.fixture
async def equip(installation: Installation, tmp_path: Path) -> Equip:
    """Gives the plugin to a user with this role in the namespace, or with none; nobody is impersonated."""

    async def make(workspace: Workspace, role: str) -> Plugin:
        plane, here = installation.plane, workspace.namespace
        await plane.kube.create(kube.SERVICE_ACCOUNTS, _account(role, here))
        if role != "nobody":
            await plane.kube.create(_ROLE_BINDINGS, _binding(role, here))
        token = await plane.kubectl("-n", here, "create", "token", role)
        kubeconfig = plane.control.service_account_kubeconfig(tmp_path / role, token.out.strip())
        made = Plugin(workspace, tmp_path, kubeconfig)

        async def counts() -> bool:
            said = await plane.kubectl("-n", here, "auth", "can-i", "get", "gpui", f"--as={_user(role, here)}")
            return said.out.strip() == ("no" if role == "nobody" else "yes")

        await waiting.until(counts, f"the API server knows {role}")
        return made

    return make


def _user(role: str, namespace: str) -> str:
    return f"system:serviceaccount:{namespace}:{role}"


def _account(role: str, namespace: str) -> kube.Body:
    metadata = {"name": role, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _binding(role: str, namespace: str) -> kube.Body:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": role, "namespace": namespace},
        "subjects": [{"kind": "ServiceAccount", "name": role, "namespace": namespace}],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
    }


READING: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("explain", "gpu"),
    ("cost",),
    ("ssh", "gpu", "--print"),
    ("open", "gpu", "--print"),
    ("doctor",),
    ("support-bundle",),
)


async def test_who_sees_a_namespace_reads_all_of_its_instances(team: Workspace, equip: Equip) -> None:
    plugin = await equip(team, "view")

    said = {verb: await plugin.run(verb, *more) for verb, *more in READING}
    everywhere = await plugin.anywhere("status", "-A")

    assert {verb: output.err for verb, output in said.items() if output.code != 0} == {}
    assert everywhere.code == 1
    assert 'cannot list resource "gpuinstances"' in everywhere.err
    assert "at the cluster scope" in everywhere.err
    await assert_no_secret_was_printed(plugin)


async def test_who_only_sees_is_told_which_right_is_missing(settle: Settle, equip: Equip) -> None:
    here = await settle("team", account=False)
    plugin = await equip(here, "view")
    await here.create()
    await here.create("off", powerState="Stopped")

    said = [await plugin.run(*verb) for verb in (("start", "off"), ("stop", "gpu"), ("restart", "gpu"))]

    assert [output.code for output in said] == [1, 1, 1]
    for output in said:
        assert 'cannot patch resource "gpuinstances" in API group "gpu.novita.ai"' in output.err
        assert here.namespace in output.err
        assert "`kubectl novita doctor` lists what your user may do" in output.err
    states = [(await here.get(name))["spec"].get("powerState") for name in ("off", "gpu")]
    assert states == ["Stopped", "Running"]


async def test_who_edits_a_namespace_stops_starts_and_restarts(team: Workspace, equip: Equip) -> None:
    plugin = await equip(team, "edit")

    said = [await plugin.run("stop", "gpu", "--wait"), await plugin.run("start", "gpu", "--wait")]
    said.append(await plugin.run("restart", "gpu"))

    assert [output.code for output in said] == [0, 0, 0], [output.err for output in said]
    assert (await team.novita.ledger()).created == 1


async def test_who_has_no_role_is_told_which_rights_are_missing(settle: Settle, equip: Equip) -> None:
    here = await settle("team", account=False)
    plugin = await equip(here, "nobody")

    listed, seen, bundled = [await plugin.run(verb) for verb in ("status", "doctor", "support-bundle")]

    assert (listed.code, seen.code, bundled.code) == (1, 1, 0), bundled.err
    assert 'cannot list resource "gpuinstances"' in listed.err
    assert _user("nobody", here.namespace) in listed.err
    assert "you may not list gpuinstances" in " ".join(seen.out.split())


async def test_accounts_are_not_for_who_has_a_role_in_a_namespace(settle: Settle, equip: Equip) -> None:
    here = await settle("team", account=False)
    plugin = await equip(here, "admin")

    said = [await plugin.anywhere("orphans"), await plugin.anywhere("orphans", "delete", "--yes")]

    assert [output.code for output in said] == [1, 1]
    assert "you may not read NovitaAccounts" in said[0].err
    assert 'cannot get resource "novitaaccounts"' in said[1].err


async def test_who_edits_a_namespace_scales_a_set(settle: Settle, employ: Employ) -> None:
    here = await settle("team", account=False)
    person = await employ("edit", here)
    await here.plane.kube.create(SETS, _set(here))

    scaled = await person.kubectl("scale", "gpuset/several", "--replicas=2")
    read = await person.kubectl("get", "gpuset", "several", "--subresource=scale", "-o", "jsonpath={.spec.replicas}")

    assert (scaled.code, scaled.err) == (0, "")
    assert (read.code, read.out) == (0, "2"), read.err


async def test_who_only_sees_reads_how_large_a_set_is_and_does_not_change_it(settle: Settle, employ: Employ) -> None:
    here = await settle("team", account=False)
    person = await employ("view", here)
    await here.plane.kube.create(SETS, _set(here))

    read = await person.kubectl("get", "gpuset", "several", "--subresource=scale", "-o", "jsonpath={.spec.replicas}")
    scaled = await person.kubectl("scale", "gpuset/several", "--replicas=2")

    assert (read.code, read.out) == (0, "1"), read.err
    assert scaled.code == 1
    assert 'cannot patch resource "gpuinstancesets/scale"' in scaled.err


DAILY: tuple[tuple[str, ...], ...] = (
    ("annotate", "gpui", "gpu", "gpu.novita.ai/paused=true"),
    ("annotate", "gpui", "gpu", "gpu.novita.ai/paused-"),
    ("annotate", "gpui", "gpu", "gpu.novita.ai/reconcile-requested-at=now"),
    ("label", "gpui", "gpu", "team=a"),
    ("patch", "gpui", "gpu", "--type=merge", "-p", '{"spec":{"maxPricePerHour":"9"}}'),
    ("delete", "gpui", "gpu", "--wait=false"),
)


async def test_who_edits_a_namespace_does_what_the_how_tos_say(team: Workspace, employ: Employ) -> None:
    person = await employ("edit", team)

    said = [await person.kubectl(*arguments) for arguments in DAILY]
    await team.until_gone()

    assert [output.err for output in said if output.code != 0] == []
    assert (await team.novita.ledger()).live == ()


def _set(here: Workspace) -> kube.Body:
    spec: dict[str, Any] = {"replicas": 1, "template": {"spec": {"accountRef": {"name": here.account_name}}}}
    metadata = {"name": "several", "namespace": here.namespace}
    return {"apiVersion": builders.API_VERSION, "kind": "GPUInstanceSet", "metadata": metadata, "spec": spec}
