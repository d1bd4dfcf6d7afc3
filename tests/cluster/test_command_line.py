"""The program `novita-operator` as users start it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from tests.support import kube, processes
from tests.support.plane import Output, Plane

_PROGRAM = Path(sys.executable).with_name("novita-operator")


async def _run(*arguments: str, **environment: str) -> Output:
    process = await asyncio.create_subprocess_exec(
        str(_PROGRAM),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**processes.BARE_ENVIRONMENT, **environment},
    )
    out, err = await process.communicate()
    return Output(process.returncode or 0, out.decode(), err.decode())


async def test_bad_settings_are_all_reported_at_once_by_name_and_range_and_without_their_values() -> None:
    bad = {
        "NOVITA_API_URL": "api.novita.ai",
        "NOVITA_API_KEY": "sk_canary with a blank",
        "API_TIMEOUT": "10",
        "MAX_RETRIES": "11",
        "POLL_INTERVAL": "fast",
        "HEALTH_PORT": "70000",
        "LOG_LEVEL": "LOUD",
        "CLUSTER_ID": "UPPER",
    }

    printed = await _run("run", **bad)

    assert printed.code == 2
    assert [name for name in bad if f"- {name}: " not in printed.err] == []
    assert "1000" in next(line for line in printed.err.splitlines() if "API_TIMEOUT" in line)
    assert "canary" not in printed.err
    assert "Traceback" not in printed.err


async def test_two_sources_of_the_key_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk_canary_from_file")

    printed = await _run("run", NOVITA_API_KEY="sk_canary_from_variable", NOVITA_API_KEY_FILE=str(file))

    assert printed.code == 2
    assert "keep one of them" in printed.err
    assert "canary" not in printed.err.replace(str(file), "")


async def test_a_cluster_that_does_not_answer_ends_the_program_with_a_sentence(tmp_path: Path, plane: Plane) -> None:
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(plane.kubeconfig.read_text().replace(plane.control.url, "https://127.0.0.1:1"))

    printed = await _run("run", KUBECONFIG=str(nowhere), HEALTH_PORT="0")

    assert printed.code == 1
    assert "cannot use the cluster" in printed.err
    assert "Traceback" not in printed.err


async def test_the_printed_crds_are_those_of_the_repository_and_the_api_server_takes_them(plane: Plane) -> None:
    printed = await _run("crds")

    applied = await plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=printed.out)
    stored = await plane.kube.list(kube.CRDS)
    assert applied.code == 0, applied.err
    names = {crd["metadata"]["name"] for crd in stored}
    assert {"gpuinstances.gpu.novita.ai", "novitaaccounts.gpu.novita.ai"} <= names
    assert [name for name in names if f"customresourcedefinition.apiextensions.k8s.io/{name}" not in applied.out] == []


async def test_the_crds_are_structural_and_established_without_any_complaint(plane: Plane) -> None:
    for crd in await plane.kube.list(kube.CRDS):
        found = {each["type"]: each["status"] for each in crd["status"]["conditions"]}
        assert found["Established"] == "True"
        assert found["NamesAccepted"] == "True"
        assert "NonStructuralSchema" not in found


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("crds", "--help"), ("version",)])
async def test_help_and_version_need_no_cluster(arguments: tuple[str, ...]) -> None:
    printed = await _run(*arguments)

    assert printed.code == 0
    assert printed.out.strip()
