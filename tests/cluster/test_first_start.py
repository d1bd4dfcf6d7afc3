"""The first start beside CRDs that were applied a moment ago, and one whose port is in use."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.conftest import MakeWorkspace
from tests.faults.api_proxy import Trouble, proxied
from tests.support import waiting
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane


async def test_an_api_server_that_prepares_its_storage_is_waited_for_and_no_error_is_logged(
    make_workspace: MakeWorkspace, private_plane: Plane, tmp_path: Path
) -> None:
    workspace = await make_workspace()
    kubeconfig = tmp_path / "kubeconfig"
    async with proxied(private_plane.operator_kubeconfig, kubeconfig) as proxy:
        proxy.account = workspace.account_name
        proxy.troubles += [
            Trouble("status", "account", "list", times=2, every=1, code=429, retry_after=1),
            Trouble("status", "object", "list", times=2, every=1, code=429, retry_after=1),
            # What kopf asks for by itself.
            Trouble("status", "object", "watch", times=2, every=1, code=429, retry_after=1),
        ]
        settings = {"NOVITA_API_URL": workspace.novita.url, "WATCH_NAMESPACES": workspace.namespace}
        operator = OperatorProcess.launch(tmp_path, kubeconfig, **settings)

        async def refused() -> bool:
            return [trouble.fired for trouble in proxy.troubles] == [2, 2, 2]

        try:
            await operator.until_ready()
            # An object that is Ready says nothing about the watch: the list before it may have brought the object.
            await waiting.until(refused, "each kind of request was refused twice", explain=operator.child.tail)
            await workspace.create()
            await workspace.until_ready()
        finally:
            await operator.close()

    output = operator.child.output()
    assert "novitaaccounts cannot be listed yet" in output
    assert [line for line in output.splitlines() if " ERROR " in line] == []


async def test_a_health_port_that_is_in_use_ends_the_operator_with_a_sentence_and_2(
    private_plane: Plane, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        operator = OperatorProcess.launch(tmp_path, private_plane.operator_kubeconfig, HEALTH_PORT=str(port))

        code = await operator.child.ended()

    output = operator.child.output()
    assert code == 2, output
    assert f"novita-operator cannot start: HEALTH_PORT: cannot listen on 127.0.0.1:{port}: " in output
    assert "Traceback" not in output
