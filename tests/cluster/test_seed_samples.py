"""The REST gateway's examples in their operator form: the programs are run as a user runs them."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio import subprocess
from pathlib import Path

import yaml
from tests.support.processes import REPOSITORY
from tests.support.workspace import Workspace

_SEED = REPOSITORY / "deploy" / "samples" / "seed"
_SECONDS = 240.0  # for one program on a loaded machine


async def _run(workspace: Workspace, *command: str, **environment: str) -> tuple[int, str]:
    """Exit code and output of a program that finds the cluster by KUBECONFIG."""
    known = os.environ | {"KUBECONFIG": str(workspace.plane.control.kubeconfig)} | environment
    process = await asyncio.create_subprocess_exec(
        *command, env=known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
    except TimeoutError:
        process.kill()
        raise
    return process.returncode or 0, output.decode()


async def test_the_python_client_creates_waits_lists_and_lets_go(workspace: Workspace, tmp_path: Path) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text(yaml.safe_dump({"accountRef": {"name": workspace.account_name}}))

    code, output = await _run(
        workspace, sys.executable, str(_SEED / "python-client/client.py"), workspace.namespace, str(extra)
    )
    await workspace.until_gone("python-ml-job")

    assert code == 0, output
    assert "SSH: ssh -p" in output
    assert "Total instances: 1" in output
    assert (await workspace.novita.ledger()).live == ()


async def test_the_status_monitor_tells_every_transition_and_ends_when_it_is_settled(workspace: Workspace) -> None:
    await workspace.create("watched")

    code, output = await _run(workspace, str(_SEED / "status-monitor/monitor.sh"), "watched", "-n", workspace.namespace)

    assert code == 0, output
    assert "condition met" in output
    assert "Created" in output


async def test_the_batch_of_three_becomes_ready_with_one_wait(workspace: Workspace) -> None:
    text = (_SEED / "batch/batch.yaml").read_text()
    bodies = [body for body in yaml.safe_load_all(text) if body]
    for body in bodies:
        body["spec"]["accountRef"] = {"name": workspace.account_name}
    await workspace.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(bodies))

    waited = await workspace.kubectl("wait", "--for=condition=Ready", "gpui", "-l", "batch=training", "--timeout=120s")

    assert waited.code == 0, waited.err
    gpus = sorted(record.gpu_count for record in (await workspace.novita.ledger()).live)
    assert gpus == [1, 1, 2]
    assert (await workspace.get("inference-1"))["status"]["product"]["name"] == "RTX 3080 12GB"


async def test_the_load_test_reports_and_cleans_up(workspace: Workspace) -> None:
    code, output = await _run(
        workspace,
        sys.executable,
        str(_SEED / "load-test/load.py"),
        *("--concurrent", "3", "--total", "6"),
        *("--namespace", workspace.namespace, "--account", workspace.account_name, "--timeout", "120"),
    )

    assert code == 0, output
    assert "Successful: 6 (100.0 %)" in output
    assert "p95" in output
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.live) == (6, ())
