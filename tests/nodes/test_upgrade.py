"""From an earlier commit's chart and image to today's, over instances that live, and back again."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.nodes import fates
from tests.nodes.release import Release
from tests.support.processes import REPOSITORY
from tests.support.seen import Seen

from container_image import building

# The first commit whose pods start on a cluster and whose release Flux can delete. Whoever installed one before it has
# nothing running that an upgrade could harm.
EARLIER = "13d9d415cfd341ac68cec674b0233a2b91c6076d"
_REPOSITORY = "ghcr.io/novita-operator/novita-operator"
_TAG = "earlier"


@dataclass(frozen=True)
class Earlier:
    """The checkout of that commit, whose image is on the node."""

    chart: Path
    image: dict[str, str]

    @property
    def settings(self) -> set[str]:
        """Those that it knows."""
        schema = json.loads((self.chart / "values.schema.json").read_text())
        return set(schema["properties"]["settings"]["properties"])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of that commit. Where it is missing this fails: an upgrade that nobody tried is none."""
    folder = tmp_path_factory.mktemp("earlier")
    packed = subprocess.run(["git", "archive", EARLIER], cwd=REPOSITORY, capture_output=True, check=False)
    if packed.returncode:
        pytest.fail(
            f"commit {EARLIER[:8]} is not in this clone, so that no upgrade from it can be tried. A shallow clone has "
            "only the last commits: git fetch --unshallow (GitHub Actions: fetch-depth: 0 of actions/checkout)",
            pytrace=False,
        )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


@pytest.fixture(scope="module")
async def earlier(release: Release, checkout: Path) -> Earlier:
    """Its image is on the node."""
    archive = checkout / "image.tar"
    await asyncio.to_thread(building.build, checkout, f"{_REPOSITORY}:{_TAG}", archive, {})
    await asyncio.to_thread(release.cluster.load, archive)
    return Earlier(checkout / "charts" / "novita-operator", {"repository": _REPOSITORY, "tag": _TAG})


async def test_an_upgrade_and_a_rollback_keep_what_runs(release: Release, earlier: Earlier, seen: Seen) -> None:
    old = release.values(image=earlier.image)
    old["settings"] = {name: value for name, value in old["settings"].items() if name in earlier.settings}
    await release.give_key()
    await release.helm("install", chart=earlier.chart, values=old)
    await release.account_ready()
    names = ["one", "two"]
    for name in names:
        await release.create(name)
    before = {body["status"]["instanceId"] for body in await release.until_ready(*names)}

    with seen("`helm upgrade` from an earlier version over live instances, a third one made meanwhile"):
        upgrade = asyncio.create_task(release.helm("upgrade", values=release.values()))
        await release.create("three")
        await upgrade
        await release.until_ready(*names, "three")
    await release.rented_once(*names, "three")

    with seen("`helm rollback` to the earlier version over live instances"):
        await release.cluster.helm(
            "rollback", release.name, "1", "-n", release.namespace, "--wait", "--timeout", "120s"
        )
        await release.create("four")
        bodies = await release.until_ready(*names, "three", "four")

    assert before <= {body["status"]["instanceId"] for body in bodies}
    await release.rented_once(*names, "three", "four")
    await fates.delete_instances(release, *names, "three", "four")
