"""One cluster with pods for the whole run. A machine that cannot run pods fails here, and says what it lacks."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.gitops import repository
from tests.gitops.inside import Inside
from tests.gitops.novita import Novita
from tests.gitops.repository import Repository
from tests.support.seen import Seen

from demo.environment import REPOSITORY

IMAGE = Path(os.environ.get("NOVITA_TEST_IMAGE", REPOSITORY / "dist" / "image.tar"))


@pytest.fixture(scope="session")
def git_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served repositories are."""
    folder = tmp_path_factory.mktemp("git") / "served"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def image() -> Path:
    """The operator's image as a file."""
    assert IMAGE.exists(), f"{IMAGE} is missing; `make image` writes it"
    return IMAGE


@pytest.fixture(scope="session")
async def inside(tmp_path_factory: pytest.TempPathFactory, git_folder: Path, image: Path) -> AsyncIterator[Inside]:
    """The cluster, with the operator's image on its node and a Git server beside it."""
    started = await Inside.up(tmp_path_factory.mktemp("cluster"), [image])
    try:
        repository.serve(started, git_folder)
        yield started
    finally:
        await started.close()


@pytest.fixture(scope="session")
async def novita(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> Novita:
    """The simulated account that every operator of this run uses."""
    return await Novita.start(inside, tmp_path_factory.mktemp("novita"))


@pytest.fixture(scope="session")
def operator_repository(git_folder: Path) -> Repository:
    """The chart as it is in this checkout."""
    made = Repository.make(git_folder, "operator")
    shutil.copytree(REPOSITORY / "charts" / "novita-operator", made.working / "charts" / "novita-operator")
    made.push("the chart")
    return made


@pytest.fixture(scope="session")
def gpus_repository(git_folder: Path) -> Repository:
    """What people rent by Git; empty until a test writes to it."""
    return Repository.make(git_folder, "gpus")


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest) -> Iterator[Seen]:
    """What is seen is recorded; RECORD=1 writes it for the documentation."""
    record = Seen("argocd" if "argocd" in request.module.__name__ else "gitops")
    yield record
    if os.environ.get("RECORD"):
        record.write()
