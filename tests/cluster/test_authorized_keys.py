"""Keys of one's own on real simulated machines, tried with the system's own ssh: there before Ready, at each start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster import landlord as landlords
from tests.cluster.landlord import Site
from tests.cluster.samples import AUTHORIZED_KEYS, with_account
from tests.conftest import short_name
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.identity import Identity
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.workspace import Workspace

_FROM = [{"secretKeyRef": {"name": "team", "key": "authorized_keys"}}]
_PENDING = "AuthorizedKeysPending"
_PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanarycanarycanary\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A simulator whose machines are real."""
    async with landlords.site(tmp_path_factory.mktemp("landlord")) as made:
        yield made


@pytest.fixture(scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> list[Identity]:
    folder = tmp_path_factory.mktemp("people")
    kinds = {"jane": "ed25519", "joe": "ecdsa", "ada": "ed25519"}
    return [await Identity.make(folder, name, kind) for name, kind in kinds.items()]


@pytest.fixture
async def rented(
    plane: Plane, site: Site, operator: OperatorProcess, request: pytest.FixtureRequest
) -> AsyncIterator[Workspace]:
    made = await Workspace.make(plane, site.simulator, short_name(request))
    made.operator = operator
    yield made
    await made.close()


async def _who_gets_in(body: Body, people: list[Identity]) -> list[bool]:
    host, port = body["status"]["connection"]["endpoint"].rsplit(":", 1)
    return list(await asyncio.gather(*(each.gets_in(host, int(port)) for each in people)))


async def _secret(rented: Workspace, text: str) -> None:
    await rented.apply(kube.SECRETS, builders.secret("team", rented.namespace, authorized_keys=text))


async def _change_secret(rented: Workspace, text: str) -> None:
    changed = builders.secret("team", rented.namespace, authorized_keys=text)
    await rented.plane.kube.patch(kube.SECRETS, "team", {"data": changed["data"]}, rented.namespace)


def _file(site: Site, body: Body) -> Path:
    (home,) = site.machines.glob(f"novita-machines-*/{body['status']['instanceId']}/disk/root")
    return home / ".ssh" / "authorized_keys"


def _digest(body: Body) -> Any:
    return (body["status"].get("authorizedKeys") or {}).get("digest")


async def _until_other(rented: Workspace, before: Body) -> Body:
    return await rented.until(lambda body: _digest(body) != _digest(before), "other keys are on the machine")


async def test_they_let_in_from_the_moment_it_is_ready_and_after_a_stop_and_a_start(
    rented: Workspace, people: list[Identity]
) -> None:
    jane, joe, _ = people
    await _secret(rented, f"# the team\n\n{joe.public}\n")

    await rented.create(authorizedKeys=[jane.public], authorizedKeysFrom=_FROM)
    body = await rented.until_ready()
    first = await _who_gets_in(body, people)
    await rented.edit(powerState="Stopped")
    await rented.until_condition("Ready", reason="Stopped")
    await rented.edit(powerState="Running", authorizedKeys=None)
    again = await rented.until_ready()
    then = await _who_gets_in(again, people)

    assert (first, then) == ([True, True, False], [False, True, False])
    assert [each["status"]["authorizedKeys"]["count"] for each in (body, again)] == [2, 1]
    assert _PENDING not in str(again["status"]["conditions"])


async def test_the_sample_does_what_it_says(rented: Workspace) -> None:
    team, instance = yaml.safe_load_all(AUTHORIZED_KEYS.read_text())
    team["metadata"]["namespace"] = instance["metadata"]["namespace"] = rented.namespace
    await rented.apply(kube.Kind("/api/v1", "configmaps"), team)
    await rented.plane.kube.create(kube.GPU_INSTANCES, with_account(instance, rented.account_name))

    body = await rented.until_ready("authorized-keys")

    assert body["status"]["authorizedKeys"]["count"] == 2


async def test_a_change_is_brought_to_the_running_machine_and_ones_own_lines_stay(
    rented: Workspace, site: Site, people: list[Identity]
) -> None:
    jane, joe, ada = people
    await _secret(rented, joe.public)
    await rented.create(authorizedKeys=[jane.public], authorizedKeysFrom=_FROM)
    begun = await rented.until_ready()
    file = _file(site, begun)
    with file.open("a") as opened:
        opened.write(f"{ada.public}\n")

    await _change_secret(rented, "# nobody\n")
    without_joe = await _until_other(rented, begun)
    one = await _who_gets_in(without_joe, people)
    await rented.edit(authorizedKeys=[joe.public])
    with_joe = await _until_other(rented, without_joe)
    two = await _who_gets_in(with_joe, people)
    await rented.edit(authorizedKeys=None, authorizedKeysFrom=None)
    none = await rented.until(lambda body: "authorizedKeys" not in body["status"], "none of ours is there")
    three = await _who_gets_in(none, people)

    assert (one, two, three) == ([True, False, True], [False, True, True], [False, False, True])
    assert file.read_text() == f"{ada.public}\n"
    assert none["status"]["startedAt"] == begun["status"]["startedAt"]
    assert "NotReachable" not in await rented.reasons()
    assert (await rented.reasons()).count("Ready") == 1


@pytest.mark.parametrize("action", ["migrate", "upgrade"])
async def test_a_machine_that_somebody_moves_or_reinstalls_has_them_before_it_is_ready_again(
    rented: Workspace, people: list[Identity], action: str
) -> None:
    """Its host key is another one then: that stops everything until a person says that it is right."""
    await rented.create(authorizedKeys=[people[0].public])
    image = (await rented.until_ready())["status"]["image"]
    (instance,) = await rented.novita.instances()

    more = {"imageUrl": image} if action == "upgrade" else {}
    await rented.novita.act_elsewhere(action, instance["id"], **more)
    told = await rented.until_condition("HostKeyChanged")
    waits = await rented.until_condition("Ready", "False", reason="NotReachable")
    message = condition(told, "HostKeyChanged")["message"]
    shown = message.split("shows the host key ")[1].split(",")[0]
    await rented.annotate(trust_host_key=shown)
    body = await rented.until_ready()

    assert "spec.authorizedKeys are not on it yet" in condition(waits, "Ready")["message"]
    assert await _who_gets_in(body, people) == [True, False, False]
    assert _PENDING not in str(body["status"]["conditions"])


async def test_a_restart_at_novita_is_followed(rented: Workspace, site: Site, people: list[Identity]) -> None:
    await rented.create(authorizedKeys=[people[0].public])
    before = await rented.until_ready()
    (instance,) = await rented.novita.instances()
    _file(site, before).unlink()

    await rented.novita.act_elsewhere("restart", instance["id"])

    def again(body: Body) -> bool:
        known = body["status"].get("authorizedKeys") or {}
        return bool(known.get("instanceStartedAt") != before["status"]["authorizedKeys"].get("instanceStartedAt"))

    await rented.until(again, "they were written at the new start")
    body = await rented.until_ready()
    assert await _who_gets_in(body, people) == [True, False, False]


@pytest.mark.parametrize(
    ("spec", "team", "reason", "says"),
    [
        ({"authorizedKeys": ["ssh-ed25519 AAAA"]}, "", "InvalidSpec", "spec.authorizedKeys[0] is damaged"),
        ({"authorizedKeysFrom": _FROM}, _PRIVATE, "ReferenceNotFound", "is a private key. Give the public one"),
        ({"authorizedKeysFrom": _FROM}, "no key", "ReferenceNotFound", 'of the Secret "team": line 1 begins with no'),
    ],
    ids=["damaged", "private", "none"],
)
async def test_what_is_no_key_is_said_before_anything_is_rented(
    rented: Workspace, spec: dict[str, Any], team: str, reason: str, says: str
) -> None:
    await _secret(rented, team)
    await rented.create(**spec)

    body = await rented.until_condition("Ready", "False", reason=reason)

    assert says in condition(body, "Ready")["message"]
    assert "canary" not in str(body["status"]) + str(await rented.events())
    assert (await rented.novita.ledger()).records == ()


async def test_a_machine_without_ssh_is_not_ready_and_says_so(rented: Workspace, people: list[Identity]) -> None:
    await rented.novita.fault("ssh-refused")

    await rented.create(authorizedKeys=[people[0].public])
    told = await rented.until_condition(_PENDING)
    await rented.until_event(_PENDING)
    waits = await rented.until(
        lambda body: "refuses the connection" in condition(body, "Ready").get("message", ""), "the cause is told"
    )
    await rented.novita.end_faults()
    body = await rented.until_ready()

    assert condition(told, _PENDING)["reason"] == "SshUnreachable"
    ready = condition(waits, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "NotReachable")
    assert "If it is not Ready by" in ready["message"]
    assert await _who_gets_in(body, people) == [True, False, False]
    assert _PENDING not in str(body["status"]["conditions"])
