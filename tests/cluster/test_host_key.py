"""The host key of a rented machine: recorded when it is Ready, in Secret and status, and never silently another one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.cluster import landlord as landlords
from tests.conftest import short_name
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

from novita_operator.machines.host_keys import HostKey

_SECRET = "gpu-connection"
_OTHER_KEY = "ssh-host-key-changed"


@pytest.fixture(scope="module")
async def landlord(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    """A simulator whose machines are real."""
    async with landlords.site(tmp_path_factory.mktemp("landlord")) as made:
        yield made.simulator


@pytest.fixture
async def rented(
    plane: Plane, landlord: Simulator, operator: OperatorProcess, request: pytest.FixtureRequest
) -> AsyncIterator[Workspace]:
    made = await Workspace.make(plane, landlord, short_name(request))
    made.operator = operator
    yield made
    await made.close()


def _recorded(body: Body) -> str | None:
    connection = (body.get("status") or {}).get("connection") or {}
    return (connection.get("hostKey") or {}).get("fingerprint")


async def _entry(rented: Workspace) -> str:
    secret = await rented.plane.kube.find(kube.SECRETS, _SECRET, rented.namespace)
    return builders.decoded(secret).get("host-key", "") if secret is not None else ""


async def _recorded_first(rented: Workspace) -> Body:
    await rented.create()
    await rented.until_ready()
    return await rented.until(lambda body: _recorded(body) is not None, "its host key is recorded")


async def _looked_at(rented: Workspace, word: str, status: str | None) -> Body:
    """Ask for a look now; until the condition is there (`True`), or is not (None)."""
    await rented.annotate(reconcile_requested_at=word)
    return await rented.until(
        lambda body: condition(body, "HostKeyChanged").get("status") == status, f"HostKeyChanged is {status}"
    )


async def test_the_key_is_in_the_secret_and_its_fingerprint_in_the_status(rented: Workspace) -> None:
    body = await _recorded_first(rented)

    line = await _entry(rented)
    assert line.startswith("ssh-ed25519 AAAA")
    assert HostKey.parse(line).fingerprint == _recorded(body)
    assert condition(body, "Ready")["status"] == "True"
    assert "HostKeyChanged" not in str(body["status"]["conditions"])


async def test_another_key_is_told_until_it_is_trusted_or_gone(rented: Workspace) -> None:
    first = _recorded(await _recorded_first(rented))
    await rented.novita.fault(_OTHER_KEY)

    told = await _looked_at(rented, "one", "True")
    await rented.until_event("HostKeyChanged")
    entry = await _entry(rented)
    await rented.novita.end_faults()
    gone = await _looked_at(rented, "two", None)

    assert _recorded(told) == _recorded(gone) == first
    assert HostKey.parse(entry).fingerprint == first
    message = condition(told, "HostKeyChanged")["message"]
    assert str(first) in message
    assert "kubectl annotate gpui gpu gpu.novita.ai/trust-host-key=SHA256:" in message
    assert condition(told, "Ready")["status"] == "True"


async def test_a_key_that_somebody_removes_from_the_secret_comes_back(rented: Workspace) -> None:
    await _recorded_first(rented)
    line = await _entry(rented)
    await rented.plane.kube.patch(kube.SECRETS, _SECRET, {"data": {"host-key": None}}, rented.namespace)

    await rented.annotate(reconcile_requested_at="now")

    async def back() -> bool:
        return await _entry(rented) == line

    await rented.until_novita(back, "the entry is there again")


async def test_another_key_after_a_start_by_the_operator_is_taken(rented: Workspace) -> None:
    first = _recorded(await _recorded_first(rented))
    await rented.edit(powerState="Stopped")
    await rented.until_condition("Ready", reason="Stopped")
    (instance,) = await rented.novita.instances()
    await rented.novita.fault(_OTHER_KEY, times=1)

    await rented.edit(powerState="Running")
    await rented.until_ready()
    body = await rented.until(lambda body: _recorded(body) not in (None, first), "the new key is recorded")

    assert instance["status"] == "exited"
    assert HostKey.parse(await _entry(rented)).fingerprint == _recorded(body)
