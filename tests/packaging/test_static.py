"""What cannot be run here is read: the Dockerfile by hadolint, the workflows by zizmor, both by rules of our own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.packaging.rendering import ROOT, find, render

from local_cluster import catalogue, toolchain
from novita_operator import __version__

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_BIN = Path(sys.executable).parent
# Kind loads it by this name, and users verify it by this name.
_IMAGE = f"ghcr.io/novita-operator/novita-operator:{__version__}"


def _stages() -> list[str]:
    return re.split(r"(?m)^(?=FROM )", DOCKERFILE.read_text())[1:]


def test_hadolint_has_nothing_against_the_dockerfile() -> None:
    checked = subprocess.run(
        [_tool("hadolint"), "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False
    )

    assert (checked.stdout, checked.returncode) == ("", 0)


def test_hadolint_finds_a_mistake_so_that_the_test_above_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text(DOCKERFILE.read_text().replace("WORKDIR /build", "WORKDIR build"))

    checked = subprocess.run([_tool("hadolint"), "--no-color", str(bad)], capture_output=True, text=True, check=False)

    assert "DL3000" in checked.stdout


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    command = [
        _tool("zizmor"),
        "--offline",
        "--no-progress",
        "--persona=regular",
        "--format=plain",
        str(ROOT / ".github"),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "No findings to report" in checked.stdout + checked.stderr


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    checked = _actionlint(*WORKFLOWS)

    assert (checked.stdout, checked.returncode) == ("", 0), checked.stderr


def test_actionlint_finds_a_mistake_so_that_the_test_above_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "ci.yml"
    bad.write_text(WORKFLOWS[0].read_text().replace("timeout-minutes", "timeout-hours"))

    assert "timeout-hours" in _actionlint(bad).stdout


def _actionlint(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Built from its Go module: its wheel holds no program."""
    go = toolchain.find_go(os.environ, catalogue.BY_NAME["kube-apiserver"].module.go_version())
    command = [go, "tool", "actionlint", "-no-color", *map(str, paths)]
    return subprocess.run(
        command, cwd=Path(__file__).parent / "actionlint", capture_output=True, text=True, check=False
    )


def test_the_final_stage_runs_nothing_as_root_and_has_no_shell() -> None:
    final = _stages()[-1]

    assert final.startswith("FROM gcr.io/distroless/python3-debian13:nonroot\n")
    assert re.findall(r"(?m)^USER (\S+)", final) == ["65532:65532"]
    assert not re.findall(r"(?m)^(RUN|ADD|SHELL) ", final)
    assert re.search(r'(?m)^ENTRYPOINT \["', final)


def test_the_image_takes_locked_wheels_and_nothing_else() -> None:
    text = DOCKERFILE.read_text()
    locked = (ROOT / "requirements" / "runtime.txt").read_text()

    assert "--require-hashes --only-binary :all: -r runtime.txt" in text
    assert len(re.findall(r"pip (?:\S+ )*?install", text)) == 1
    assert len(re.findall(r"(?m)^[a-z0-9-]+==", locked)) > 20
    assert not re.search(r"(?m)^[a-z0-9-]+(\[[^\]]*\])?(?!\S*==)[<>~]", locked)


def test_the_release_pins_each_base_image_by_the_digest_that_its_registry_names(tmp_path: Path) -> None:
    pinned = tmp_path / "Dockerfile"
    pinned.write_text(DOCKERFILE.read_text())
    digest = f"sha256:{'0123456789abcdef' * 4}"

    done = _pin(pinned, tmp_path, f"echo {digest}; echo $4 >> {tmp_path / 'asked'}")

    bases = ["python:3.13-slim-trixie", "gcr.io/distroless/python3-debian13:nonroot"]
    assert done.stdout.splitlines() == [f"{base}@{digest}" for base in bases]
    assert (tmp_path / "asked").read_text().splitlines() == bases
    found = re.findall(r"(?m)^FROM (\S+)(.*)$", pinned.read_text())
    assert found == [(f"{bases[0]}@{digest}", " AS build"), (f"{bases[1]}@{digest}", "")]


def test_a_registry_that_names_no_digest_ends_the_release(tmp_path: Path) -> None:
    pinned = tmp_path / "Dockerfile"
    pinned.write_text(DOCKERFILE.read_text())

    done = _pin(pinned, tmp_path, "echo '<no value>'")

    assert done.returncode != 0
    assert "no digest of python:3.13-slim-trixie" in done.stderr
    assert pinned.read_text() == DOCKERFILE.read_text()


def _pin(dockerfile: Path, directory: Path, docker: str) -> subprocess.CompletedProcess[str]:
    """The program that the release runs, with a `docker` that does this."""
    program = directory / "docker"
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(0o755)
    command = [sys.executable, str(ROOT / "deploy" / "image" / "pin.py"), str(dockerfile)]
    environment = {"PATH": f"{directory}:{os.environ['PATH']}"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_nothing_is_published_before_it_was_scanned_and_somebody_has_agreed() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    writers = {name for name, job in jobs.items() if "write" in job["permissions"].values()}

    assert writers == {"image", "publish"}
    assert {jobs[name]["environment"] for name in writers} == {"release"}
    assert {"image", "scan"} <= set(jobs["publish"]["needs"])


def test_the_pod_runs_as_the_user_of_the_image() -> None:
    user = find(render(), "Deployment")["spec"]["template"]["spec"]["securityContext"]["runAsUser"]

    assert f"USER {user}:" in _stages()[-1]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_and_says_its_version(path: Path) -> None:
    uses = re.findall(r"(?m)^\s*(?:- )?uses: (.+)$", path.read_text())

    assert uses
    assert [each for each in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_names_its_rights_and_an_end(path: Path) -> None:
    workflow: dict[str, Any] = yaml.safe_load(path.read_text())

    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert job["timeout-minutes"] <= 90


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_make_target_of_a_workflow_exists(path: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    asked = {
        target for line in re.findall(r"(?m)^\s*(?:- )?run: make (.+)$", path.read_text()) for target in line.split()
    }

    assert asked <= targets


def test_the_kind_workflow_loads_the_image_that_the_chart_asks_for() -> None:
    (container,) = find(render(), "Deployment")["spec"]["template"]["spec"]["containers"]

    assert container["image"] == _IMAGE
    assert (ROOT / ".github" / "workflows" / "kind.yml").read_text().count(_IMAGE) == 4


def _tool(name: str) -> str:
    """A program of the extra `packaging`; the interpreter may be one of a venv that borrows it."""
    beside = _BIN / name
    return str(beside) if beside.exists() else name
