"""One cluster with a real node for the whole run, one image, and a release for each module."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.nodes.machine import settings_of_the_kernel
from tests.nodes.outside import Outside
from tests.nodes.real_cluster import RealCluster
from tests.nodes.release import Release
from tests.support.processes import REPOSITORY
from tests.support.seen import Seen
from tests.support.simulator import Simulator

from container_image import __main__ as image_builder
from container_image import building
from local_cluster.errors import CannotHost


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image of this checkout in a file."""
    target = tmp_path_factory.mktemp("image") / "image.tar"
    building.build(REPOSITORY, image_builder.image_of(REPOSITORY), target, {})
    return target


@pytest.fixture(scope="session")
def kernel_before() -> dict[str, str]:
    """How the machine was before any node ran."""
    return settings_of_the_kernel()


@pytest.fixture(scope="session")
async def cluster(
    image: Path, kernel_before: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RealCluster]:
    """In CI no node is a failure: nothing of what these tests promise would have been seen."""
    assert kernel_before
    try:
        started = await RealCluster.start(tmp_path_factory.mktemp("node"), [image])
    except CannotHost as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    yield started
    await started.close()


@pytest.fixture(scope="session")
async def novita_outside(cluster: RealCluster, simulator: Simulator) -> AsyncIterator[Outside]:
    """The simulator of the run, at an address that pods reach."""
    made = Outside(cluster.directory, simulator)
    await made.connect()
    yield made
    await made.close()


@pytest.fixture(scope="session")
def seen() -> Iterator[Seen]:
    """What is seen is recorded; RECORD=1 writes it for the documentation."""
    record = Seen("nodes")
    yield record
    if os.environ.get("RECORD"):
        record.write()


@pytest.fixture(scope="module")
async def release(cluster: RealCluster, novita_outside: Outside) -> AsyncIterator[Release]:
    """The release of a module; nothing is installed yet."""
    made = await new_release(cluster, novita_outside)
    yield made
    await made.clear()


async def new_release(cluster: RealCluster, novita_outside: Outside) -> Release:
    """With namespaces and an account of its own."""
    unique = secrets.token_hex(3)
    account = novita_outside.simulator.account(f"sk_nodes-{unique}-{secrets.token_hex(8)}")
    system = await cluster.namespace(f"system-{unique}")
    return Release(cluster, account, system, await cluster.namespace(f"work-{unique}"))
