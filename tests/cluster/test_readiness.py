"""spec.readiness: Ready speaks of ports that answer, not of a word at Novita. The listeners are real."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from tests.cluster.samples import READINESS
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.listeners import HttpListener, TcpListener
from tests.support.workspace import Workspace

_PORTS = [{"port": 22, "protocol": "TCP"}, {"port": 8888, "protocol": "HTTP"}]
_EVERY_SECOND = {"periodSeconds": 1, "timeoutSeconds": 60}
_TIMEOUT_SECONDS = 60
_LEFT_SECONDS = 3  # enough for a slow machine to see the object wait before its deadline


@pytest.fixture
async def ssh() -> AsyncIterator[TcpListener]:
    async with TcpListener() as listener:
        yield listener


@pytest.fixture
async def web() -> AsyncIterator[HttpListener]:
    async with HttpListener() as listener:
        yield listener


async def _lead(workspace: Workspace, ssh: TcpListener, web: HttpListener) -> None:
    """Let the ports 22 and 8888 of the workspace's instances lead to the listeners."""
    await workspace.novita.set(endpoints={"22": ssh.endpoint, "8888": web.endpoint})


def _message(body: Body) -> str:
    return str(condition(body, "Ready").get("message", ""))


async def test_tcp_22_plus_http_8888_answering_401_becomes_ready_http_answering_502_does_not(
    workspace: Workspace, ssh: TcpListener, web: HttpListener
) -> None:
    web.status = 502
    await _lead(workspace, ssh, web)
    await workspace.create(ports=_PORTS, readiness=_EVERY_SECOND)

    body = await workspace.until(lambda body: "answers 502" in _message(body), "the 502 is told")
    assert condition(body, "Ready")["status"] == "False"
    assert condition(body, "Ready")["reason"] == "NotReachable"
    assert f"port 8888 ({web.endpoint}/)" in _message(body)
    assert "port 22" not in _message(body)
    assert "looked at every 1 s" in _message(body)

    web.status = 401
    body = await workspace.until_ready()
    assert ssh.connections > 0
    assert body["status"]["phase"] == "Running"


async def test_it_is_no_longer_ready_when_a_port_falls_silent_and_ready_again_when_it_answers(
    workspace: Workspace, ssh: TcpListener, web: HttpListener
) -> None:
    await _lead(workspace, ssh, web)
    await workspace.create(ports=_PORTS, readiness={**_EVERY_SECOND, "failureThreshold": 2})
    await workspace.until_ready()

    await ssh.close()
    body = await workspace.until_condition("Ready", "False", "NotReachable")
    assert f"port 22 ({ssh.endpoint}) refuses the connection" in _message(body)
    assert "it is deleted" not in _message(body)
    await workspace.until_event("NotReachable")

    await ssh.open()
    await workspace.until_ready()
    await workspace.until_reasons("Ready", "NotReachable", "Ready")
    assert (await workspace.novita.ledger()).created == 1


async def test_a_port_that_the_instance_does_not_map_is_named_with_those_that_it_maps(workspace: Workspace) -> None:
    await workspace.create(ports=_PORTS, readiness={"ports": [8888, 9999]})

    body = await workspace.until_condition("Ready", "False", "NotReachable")
    body = await workspace.until(lambda body: "9999" in _message(body), "the port is named")

    assert "spec.readiness.ports names port 9999, which the instance does not map; it maps ports 22, 8888" in _message(
        body
    )
    assert condition(body, "Stalled")["status"] == "True"


async def test_port_22_means_ssh_through_the_proxy_where_nobody_maps_it(workspace: Workspace, ssh: TcpListener) -> None:
    await workspace.novita.set(endpoints={"ssh": ssh.endpoint})
    await workspace.create(ports=[{"port": 8080, "protocol": "HTTP"}], readiness={**_EVERY_SECOND, "ports": [22]})

    await workspace.until_ready()

    assert ssh.connections > 0


async def test_without_readiness_nothing_is_looked_at(
    workspace: Workspace, ssh: TcpListener, web: HttpListener
) -> None:
    await _lead(workspace, ssh, web)
    await workspace.create(ports=_PORTS)
    await workspace.until_ready()

    await workspace.annotate(reconcile_requested_at="now")
    await workspace.until(lambda body: body["status"].get("lastHandledReconcileAt") == "now", "it was looked at")

    assert (ssh.connections, len(web.requests)) == (0, 0)


async def test_a_look_asks_for_the_path_without_credentials_and_follows_no_redirect(
    workspace: Workspace, ssh: TcpListener, web: HttpListener
) -> None:
    async with HttpListener() as elsewhere:
        web.status, web.location = 302, elsewhere.endpoint
        await _lead(workspace, ssh, web)
        await workspace.create(ports=_PORTS, readiness={**_EVERY_SECOND, "path": "/health?deep=1"})
        await workspace.until_ready()

        asked = web.requests[0]
        assert (asked.method, asked.path_qs) == ("GET", "/health?deep=1")
        assert not {"Authorization", "Cookie", "Proxy-Authorization"} & set(asked.headers)
        assert elsewhere.requests == []


async def test_only_so_many_good_looks_in_a_row_make_it_ready(
    workspace: Workspace, ssh: TcpListener, web: HttpListener
) -> None:
    await _lead(workspace, ssh, web)
    web.hold_after(2)
    await workspace.create(ports=_PORTS, readiness={**_EVERY_SECOND, "successThreshold": 3})

    await workspace.until_novita(_held(web), "two looks have worked, and the third waits for its answer")
    body = await workspace.until_condition("Ready", "False", "NotReachable")
    assert "not been looked at often enough" in _message(body)

    web.go_on()
    await workspace.until_ready()
    assert web.answered >= 3


async def test_the_startup_deadline_holds_for_an_instance_that_runs_and_never_answers(
    workspace: Workspace, ssh: TcpListener, web: HttpListener
) -> None:
    web.status = 502
    await _lead(workspace, ssh, web)
    startup = {"timeoutSeconds": _TIMEOUT_SECONDS, "onTimeout": "Delete"}
    await workspace.create(ports=_PORTS, readiness=_EVERY_SECOND, startup=startup)
    await workspace.until(lambda body: "answers 502" in _message(body), "it waits for its port")
    started = datetime.now(UTC) - timedelta(seconds=_TIMEOUT_SECONDS - _LEFT_SECONDS)
    change: dict[str, Any] = {"status": {"startedAt": f"{started:%Y-%m-%dT%H:%M:%SZ}"}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace, subresource="status")

    body = await workspace.until_condition("Ready", "False", "StartupTimeout")

    assert "answers 502" in _message(body)

    async def gone() -> bool:
        return not (await workspace.novita.ledger()).live

    await workspace.until_novita(gone, "the billing has ended")
    assert (await workspace.novita.ledger()).created == 1


async def test_a_ready_object_survives_a_restart_as_ready_until_enough_looks_have_failed(
    make_workspace: MakeWorkspace, start_operator: StartOperator, ssh: TcpListener, web: HttpListener
) -> None:
    workspace = await make_workspace()
    await _lead(workspace, ssh, web)
    operator = await start_operator(workspace)
    await workspace.create(ports=_PORTS, readiness={**_EVERY_SECOND, "failureThreshold": 2})
    await workspace.until_ready()
    await operator.kill()

    web.status = 502
    web.hold_after(1)
    async with workspace.history() as history:
        await start_operator(workspace)
        await workspace.until_novita(_held(web), "one look has failed, and the second waits for its answer")
        kept = condition(await workspace.get(), "Ready")["status"]
        web.go_on()
        await workspace.until_condition("Ready", "False", "NotReachable")

    assert kept == "True"
    assert set(history.reasons("Ready")) <= {"Ready", "NotReachable"}


async def test_looks_that_show_nothing_new_write_nothing(
    make_workspace: MakeWorkspace, start_operator: StartOperator, ssh: TcpListener, web: HttpListener
) -> None:
    workspace = await make_workspace()
    await _lead(workspace, ssh, web)
    await start_operator(workspace, COST_INTERVAL="600000")
    await workspace.create(ports=_PORTS, readiness=_EVERY_SECOND)
    await workspace.until_ready()
    await workspace.until_novita(_counted(web, web.answered + 2), "all has settled")
    version = (await workspace.get())["metadata"]["resourceVersion"]

    await workspace.until_novita(_counted(web, web.answered + 5), "five more looks")

    assert (await workspace.get())["metadata"]["resourceVersion"] == version


async def test_private_endpoints_are_left_alone_unless_an_administrator_allows_them(
    make_workspace: MakeWorkspace, start_operator: StartOperator, ssh: TcpListener, web: HttpListener
) -> None:
    workspace = await make_workspace()
    await _lead(workspace, ssh, web)
    await start_operator(workspace, ALLOW_PRIVATE_ENDPOINTS="")
    await workspace.create(ports=_PORTS, readiness=_EVERY_SECOND)

    body = await workspace.until(lambda body: "no public address" in _message(body), "it is told")

    assert condition(body, "Ready")["reason"] == "NotReachable"
    assert "ALLOW_PRIVATE_ENDPOINTS" in _message(body)
    assert (ssh.connections, len(web.requests)) == (0, 0)


async def test_the_sample_becomes_ready_when_its_ports_answer(
    workspace: Workspace, ssh: TcpListener, web: HttpListener
) -> None:
    await _lead(workspace, ssh, web)
    body = yaml.safe_load(READINESS.read_text())
    await workspace.create("readiness", **body["spec"])

    await workspace.until_ready("readiness")

    assert web.requests[0].path == "/api"


def _counted(web: HttpListener, count: int) -> Any:
    async def probe() -> bool:
        return web.answered >= count

    return probe


def _held(web: HttpListener) -> Any:
    async def probe() -> bool:
        return web.held > 0

    return probe
