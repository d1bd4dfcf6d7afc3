"""What is in the image, compared with what the Dockerfile's stages and the lock say."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.processes import REPOSITORY

from container_image import dockerfile

_PACKAGES = "venv/lib/python3.13/site-packages"
_MEGABYTES = 150


@pytest.fixture(scope="module")
def files(image: Path) -> set[str]:
    """Of all layers; none of the last stage's layers takes anything away."""
    found: set[str] = set()
    with tarfile.open(image) as archive:
        for layer in _manifest(archive)["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(layer)) as packed:
                found |= {entry.name.removeprefix("./") for entry in packed if not entry.isdir()}
    return found


def test_the_operator_is_there_as_git_has_it_and_compiled(files: set[str]) -> None:
    command = ["git", "ls-files", "operator/novita_operator"]
    tracked = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split()
    ours = {path.removeprefix("operator/") for path in tracked}

    found = {path.removeprefix(f"{_PACKAGES}/") for path in files if path.startswith(f"{_PACKAGES}/novita_operator/")}

    compiled = {path for path in found if path.endswith(".pyc")}
    assert found - compiled == ours
    assert len(compiled) == sum(path.endswith(".py") for path in ours)


def test_every_locked_distribution_is_there_and_no_other(files: set[str]) -> None:
    lock = (REPOSITORY / "requirements" / "runtime.txt").read_text()
    locked = {
        (_plain(name), version)
        for name, version in re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;\\]+)", lock, re.MULTILINE)
    }

    found = set()
    for path in files:
        if match := re.fullmatch(rf"{_PACKAGES}/([^/]+)-([^/-]+)\.dist-info/METADATA", path):
            found.add((_plain(match[1]), match[2]))

    assert found <= locked
    assert {name for name, _ in locked - found} <= {"colorama", "pywin32", "uvloop", "exceptiongroup"}, (
        "only other systems' ones"
    )


def test_there_is_neither_a_shell_nor_an_installer(files: set[str]) -> None:
    programs = {Path(path).name for path in files if re.match(r"(usr/)?(local/)?s?bin/|venv/bin/", path)}

    assert not programs & {"sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "pip", "pip3", "curl", "wget"}
    assert "python3.13" in programs


def test_the_image_says_what_the_dockerfile_says(image: Path) -> None:
    last = dockerfile.read((REPOSITORY / "deploy" / "Dockerfile").read_text())[-1]
    said = {each.keyword: each for each in last.instructions}

    with tarfile.open(image) as archive:
        described = _json(archive, _manifest(archive)["Config"])["config"]

    assert described["User"] == said["USER"].text
    assert described["WorkingDir"] == said["WORKDIR"].text
    assert described["Entrypoint"] == said["ENTRYPOINT"].words()
    assert described["Cmd"] == said["CMD"].words()
    assert {f"{name}={value}" for name, value in said["ENV"].pairs().items()} <= set(described["Env"])


def test_the_image_is_small(image: Path) -> None:
    assert image.stat().st_size / 1e6 <= _MEGABYTES


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    (manifest,) = _json(archive, "manifest.json")
    found: dict[str, Any] = manifest
    return found


def _json(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    assert member is not None
    return json.loads(member.read())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
