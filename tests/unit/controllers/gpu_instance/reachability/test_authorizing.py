"""Bringing keys to machines in the background: what is read, when a machine is looked at, and whom it wakes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.support import waiting
from tests.unit.machines.test_public_keys import ED25519, OTHER
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, UID, wire
from tests.unit.support.parts import KEY, Woken

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import SystemClock
from novita_operator.controllers.gpu_instance.reachability import authorized_keys, gathering
from novita_operator.controllers.gpu_instance.reachability.authorized_keys import Granted
from novita_operator.controllers.gpu_instance.reachability.authorizing import Authorizing
from novita_operator.controllers.gpu_instance.reachability.introducing import Pace
from novita_operator.kube import bodies
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.belongings import Belongings
from novita_operator.kube.bodies import Content
from novita_operator.kube.cache import Cache
from novita_operator.kube.client import KubeClient
from novita_operator.machines import errors
from novita_operator.machines.key_file import KeyFile
from novita_operator.machines.login import Login
from novita_operator.machines.public_keys import Keys
from novita_operator.novita.models import Instance
from novita_operator.reconciling.entries import Unresolved

_NEVER = 3600.0
_OFTEN = 0.01
_CONNECTION = {"host": "proxy.example", "port": "32787", "username": "root", "password": "canary"}
RUNNING: Instance = a.a_running_instance()


@dataclass
class Cluster:
    """The connection Secret, and a Secret `team` with keys."""

    team: str | None = None
    reads: int = 0

    async def request(self, _method: str, _path: str, **at: Any) -> dict[str, Any]:
        assert at["name"] == "demo-connection"
        data = {name: base64.b64encode(value.encode()).decode() for name, value in _CONNECTION.items()}
        return {"metadata": {"name": at["name"], "ownerReferences": [{"uid": UID}]}, "data": data}

    async def read_secret(self, _namespace: str, _name: str) -> Content:
        self.reads += 1
        if self.team is None:
            raise kube_errors.NotFound("no such Secret")
        data = {"keys": base64.b64encode(self.team.encode()).decode()}
        return bodies.content_of_secret({"data": data})


@dataclass
class File:
    """What the machine has, each time that it was written."""

    written: list[tuple[str, ...]] = field(default_factory=list)
    error: Exception | None = None
    tries: int = 0

    async def write(self, login: Login, keys: Keys) -> None:
        self.tries += 1
        assert login.password.get_secret_value() == "canary"
        if self.error is not None:
            raise self.error
        self.written.append(keys.lines)


@dataclass
class Scene:
    """The object as it is now, and what works on it."""

    cluster: Cluster = field(default_factory=Cluster)
    file: File = field(default_factory=File)
    woken: Woken = field(default_factory=Woken)
    cache: Cache = field(default_factory=Cache)
    made: Authorizing | None = None

    @asynccontextmanager
    async def at_work(self, **pace: float) -> AsyncIterator[Scene]:
        times = {"settled": _NEVER, "doubtful": _NEVER, "again": _NEVER} | pace
        belongings = Belongings(cast("KubeClient", self.cluster))
        self.made = Authorizing(
            self.cache, belongings, cast("KeyFile", self.file), self.woken, SystemClock(), Pace(**times), 4
        )
        task = asyncio.create_task(self.made.run())
        yield self
        task.cancel()
        await asyncio.wait([task])

    def follow(self, spec: dict[str, Any], *, instance: Instance | None = RUNNING, **more: Any) -> Granted:
        """A pass over the object as it is now."""
        assert self.made is not None
        body = _body(spec, **more)
        self.cache.put(KEY, body)
        return self.made.follow(KEY, GPUInstance.parse(body), instance, wanted=more.get("wanted", True))


def _body(
    spec: dict[str, Any],
    *,
    recorded: Keys | None = None,
    fingerprint: str | None = "SHA256:x",
    generation: int = 1,
    annotations: dict[str, str] | None = None,
    wanted: bool = True,
    **status: Any,
) -> dict[str, Any]:
    assert wanted in {True, False}
    connection = a.a_connection(RUNNING) | {"endpoint": "proxy.example:32787"}
    if fingerprint is not None:
        connection["hostKey"] = {"fingerprint": fingerprint, "startedAt": wire(NOON)}
    said = {"instanceId": "i-1", "startedAt": wire(NOON), "connection": connection}
    if recorded is not None:
        said["authorizedKeys"] = {
            "count": len(recorded.lines),
            "digest": recorded.digest,
            "instanceId": "i-1",
            "startedAt": wire(NOON),
            "instanceStartedAt": connection.get("instanceStartedAt"),
        }
    return a.a_body(spec=spec, status=said | status, generation=generation, annotations=annotations)


_ONE = {"authorizedKeys": [ED25519]}
_TEAM = {"authorizedKeysFrom": [{"secretKeyRef": {"name": "team", "key": "keys"}}]}


async def _until(fact: Callable[[], Any]) -> None:
    async def probe() -> bool:
        return bool(fact())

    await waiting.until(probe, "it was worked on", pause=_OFTEN)


async def test_ready_waits_until_they_are_there_and_is_woken_then() -> None:
    async with Scene().at_work() as scene:
        before = scene.follow(_ONE)
        await _until(lambda: scene.woken.keys)
        after = scene.follow(_ONE)

    assert (before.usable, before.why) == (False, "spec.authorizedKeys are not on it yet")
    assert (after.usable, after.known.written is not None, after.known.hindrance) == (True, True, None)
    assert scene.file.written == [(ED25519,)]
    assert scene.woken.keys == [KEY]


async def test_those_of_the_spec_and_of_secrets_go_there_together_and_each_once() -> None:
    cluster = Cluster(team=f"# the team\n{ED25519} again\n\n{OTHER} joe\n")

    async with Scene(cluster).at_work() as scene:
        scene.follow(_ONE | _TEAM)
        await _until(lambda: scene.woken.keys)

    assert scene.file.written == [(ED25519, f"{OTHER} joe")]


async def test_a_changed_secret_is_brought_there_and_an_unchanged_one_is_not() -> None:
    async with Scene(Cluster(team=ED25519)).at_work(doubtful=_OFTEN) as scene:
        scene.follow(_TEAM)
        await _until(lambda: scene.cluster.reads > 5)
        first = list(scene.file.written)
        scene.cluster.team = OTHER
        await _until(lambda: len(scene.woken.keys) == 2)

    assert first == [(ED25519,)]
    assert scene.file.written == [(ED25519,), (OTHER,)]


async def test_an_edit_is_brought_there_at_once_and_ready_does_not_wait() -> None:
    async with Scene().at_work() as scene:
        scene.follow(_ONE)
        await _until(lambda: scene.woken.keys)
        edited = scene.follow({"authorizedKeys": [OTHER]}, generation=2)
        await _until(lambda: len(scene.woken.keys) == 2)

    assert edited.usable
    assert scene.file.written == [(ED25519,), (OTHER,)]


async def test_the_last_key_is_removed_too_and_then_nothing_is_looked_at() -> None:
    async with Scene().at_work(settled=_OFTEN) as scene:
        scene.follow({}, recorded=Keys((ED25519,)))
        await _until(lambda: scene.woken.keys)
        granted = scene.follow({}, recorded=Keys((ED25519,)))
        resource = GPUInstance.parse(_body({}, recorded=Keys((ED25519,))))
        noted = authorized_keys.noted(granted, resource, RUNNING, "i-1")
        scene.follow({})
        after = len(scene.file.written)
        await asyncio.sleep(_OFTEN * 5)

    assert (granted.usable, noted) == (True, None)
    assert set(scene.file.written) == {()}
    assert len(scene.file.written) <= after + 1


@pytest.mark.parametrize(
    ("spec", "expected"),
    [(_ONE, []), ({"authorizedKeys": [OTHER]}, [(OTHER,)]), ({}, [()])],
    ids=["nothing new", "edited while nobody looked", "removed while nobody looked"],
)
async def test_after_a_restart_only_what_is_new_is_brought_there_at_once(
    spec: dict[str, Any], expected: list[tuple[str, ...]]
) -> None:
    async with Scene().at_work() as scene:
        granted = scene.follow(spec, recorded=Keys((ED25519,)))
        await _until(lambda: len(scene.file.written) == len(expected))

    assert granted.usable
    assert scene.file.written == expected


@pytest.mark.parametrize(
    "other",
    [{"startedAt": "2026-11-24T13:00:00Z"}, {"instanceId": "i-0"}],
    ids=["started again", "another instance"],
)
async def test_what_was_recorded_at_another_start_says_nothing_about_this_one(other: dict[str, Any]) -> None:
    recorded = {**_body(_ONE, recorded=Keys((ED25519,)))["status"]["authorizedKeys"], **other}

    async with Scene().at_work() as scene:
        granted = scene.follow(_ONE, authorizedKeys=recorded)
        await _until(lambda: scene.woken.keys)

    assert not granted.usable
    assert scene.file.written == [(ED25519,)]


async def test_the_machine_is_looked_at_now_and_then_and_when_a_person_asks() -> None:
    async with Scene().at_work() as scene:
        scene.follow(_ONE)
        await _until(lambda: scene.woken.keys)
        scene.follow(_ONE, annotations={"gpu.novita.ai/reconcile-requested-at": "now"})
        await _until(lambda: len(scene.file.written) == 2)
    async with Scene().at_work(settled=_OFTEN) as often:
        often.follow(_ONE)
        await _until(lambda: len(often.file.written) > 3)

    assert len(often.woken.keys) == 1


async def test_a_mere_look_at_a_machine_that_is_away_is_no_news() -> None:
    async with Scene().at_work(settled=_OFTEN) as scene:
        scene.follow(_ONE)
        await _until(lambda: scene.file.written)
        scene.file.error = errors.Unreachable("refuses the connection")
        tries = scene.file.tries
        await _until(lambda: scene.file.tries > tries + 2)
        granted = scene.follow(_ONE)

    assert (granted.usable, granted.known.hindrance, len(scene.woken.keys)) == (True, None, 1)


@pytest.mark.parametrize(
    ("error", "reason", "says"),
    [
        (errors.Unreachable("refuses the connection"), "SshUnreachable", "the machine refuses the connection"),
        (errors.Interrupted("has broken the connection"), "SshUnreachable", "has broken the connection"),
        (errors.LoginRefused("refuses user and password"), "LoginRefused", "refuses user and password"),
        (errors.HostKeyChanged("SHA256:y"), "HostKeyChanged", "shows the host key SHA256:y"),
        (errors.NoShell("runs no shell for a command over ssh"), "KeysNotWritten", "runs no shell"),
        (errors.NotWritten("does not let it be written"), "KeysNotWritten", "does not let it be written"),
        (kube_errors.Forbidden("secret text of the cluster"), "ClusterRefused", "does not show what is needed"),
        (RuntimeError("a bug of a library"), "InternalError", "RuntimeError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_what_is_in_the_way_is_told_and_tried_again(error: Exception, reason: str, says: str) -> None:
    async with Scene(file=File(error=error)).at_work(again=_OFTEN) as scene:
        scene.follow(_ONE)
        await _until(lambda: len(scene.woken.keys) > 1)
        hindered = scene.follow(_ONE)
        scene.file.error = None
        await _until(lambda: scene.file.written)
        await _until(lambda: scene.follow(_ONE).usable)

    assert not hindered.usable
    assert hindered.known.hindrance is not None
    assert str(hindered.known.hindrance.reason) == reason
    assert says in hindered.why
    assert "secret" not in hindered.why


@pytest.mark.parametrize(
    ("spec", "team", "reason", "says"),
    [
        (_TEAM, None, "ReferenceNotFound", 'spec.authorizedKeysFrom[0]: the Secret "team" in namespace "team" does'),
        (
            _TEAM,
            f"{ED25519}\nnonsense",
            "ReferenceNotFound",
            'entry "keys" of the Secret "team": line 2 begins with no',
        ),
        (_TEAM, "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary", "ReferenceNotFound", "is a private key"),
        ({"authorizedKeys": ["nonsense"]}, None, "InvalidSpec", "spec.authorizedKeys[0] begins with no type"),
    ],
)
async def test_keys_that_are_none_are_told_and_those_before_stay(
    spec: dict[str, Any], team: str | None, reason: str, says: str
) -> None:
    async with Scene(Cluster(team=team)).at_work() as scene:
        scene.follow(spec, recorded=Keys((ED25519,)), annotations={"gpu.novita.ai/reconcile-requested-at": "a"})
        scene.follow(spec, recorded=Keys((ED25519,)), annotations={"gpu.novita.ai/reconcile-requested-at": "b"})
        await _until(lambda: scene.woken.keys)
        found = scene.follow(spec, recorded=Keys((ED25519,)), annotations={"gpu.novita.ai/reconcile-requested-at": "b"})

    assert found.usable
    assert found.known.hindrance is not None
    assert (str(found.known.hindrance.reason), scene.file.written) == (reason, [])
    assert says in found.known.hindrance.message
    assert "canary" not in found.known.hindrance.message


async def test_an_entry_that_is_too_long_is_refused_before_a_line_of_it_is_read() -> None:
    resource = GPUInstance.parse(_body(_TEAM))
    cluster = Cluster(team="x\n" * 40_000)

    with pytest.raises(Unresolved, match=r'the entry "keys" of the Secret "team" has 80000 characters, and 65536 are'):
        await gathering.gather(cast("KubeClient", cluster), resource)


@pytest.mark.parametrize(
    "more",
    [
        {"wanted": False},
        {"instance": None},
        {"instance": a.an_instance("exited")},
        {"annotations": {"gpu.novita.ai/paused": "true"}},
    ],
    ids=["not wanted", "none", "stopped", "paused"],
)
async def test_nobody_touches_what_is_not_wanted_or_does_not_run(more: dict[str, Any]) -> None:
    async with Scene().at_work() as scene:
        scene.follow(_ONE, **more)
        await asyncio.sleep(_OFTEN)

    assert (scene.file.written, scene.woken.keys) == ([], [])


async def test_without_a_known_host_key_no_password_is_sent() -> None:
    async with Scene().at_work(again=_OFTEN) as scene:
        scene.follow(_ONE, fingerprint=None)
        await _until(lambda: scene.woken.keys)
        waiting_for_it = scene.follow(_ONE, fingerprint=None)
        before = list(scene.file.written)
        scene.follow(_ONE)
        await _until(lambda: scene.file.written)

    assert before == []
    assert "has not shown an ssh host key yet" in waiting_for_it.why
