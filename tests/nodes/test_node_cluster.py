"""What a node cluster does to the machine that holds it: nothing, neither while it runs nor after any end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

from tests.nodes.machine import settings_of_the_kernel
from tests.nodes.real_cluster import NODES, RealCluster
from tests.support import waiting
from tests.support.kube import Kind, Kube
from tests.support.seen import Seen

from local_cluster import processes
from local_cluster.nodes import cgroups, layout
from local_cluster.nodes import cluster as node_cluster

_SERVICES = Kind("/api/v1", "services")


async def test_the_kernel_is_set_as_before(cluster: RealCluster, kernel_before: dict[str, str]) -> None:
    inside = await cluster.inside("cat", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/panic")

    assert settings_of_the_kernel() == kernel_before
    assert inside.split() == ["1", "10"], "the kubelet reads what it wants"


async def test_a_second_cluster_whose_starter_was_killed_leaves_nothing(
    cluster: RealCluster, tmp_path: Path, seen: Seen
) -> None:
    files = layout.Files(tmp_path)
    command = [sys.executable, "-m", "local_cluster", "up", "--nodes", "1", "--directory", str(tmp_path)]
    environment = processes.with_own_code(os.environ)
    starter = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - it returns at once
    await waiting.until(lambda: _runs(files), "the second cluster has processes")
    starter.kill()
    starter.wait()
    alive = _processes_of(files)

    with seen("`make cluster-down` after the starter was killed"):
        stopped = await asyncio.to_thread(node_cluster.down, tmp_path)

    assert alive
    assert stopped
    assert _processes_of(files) == []
    assert not any((each.mountpoint / files.name).exists() for each in cgroups.hierarchies())
    assert not await asyncio.to_thread(tmp_path.exists)
    (node,) = await cluster.kube.list(NODES)
    assert node["metadata"]["name"] == layout.NODE, "the first cluster works on"


async def test_a_cluster_whose_starter_was_killed_is_started_again_as_a_whole(tmp_path: Path) -> None:
    files = layout.Files(tmp_path)
    command = [sys.executable, "-m", "local_cluster", "up", "--nodes", "1", "--directory", str(tmp_path)]
    environment = processes.with_own_code(os.environ)
    starter = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - it returns at once
    await waiting.until(lambda: _runs(files), "the cluster has processes, and neither DNS nor an image")
    starter.kill()
    starter.wait()

    try:
        started = await asyncio.to_thread(node_cluster.up, tmp_path)
        again = await asyncio.to_thread(node_cluster.up, tmp_path)
        async with aclosing(Kube.of(files.kubeconfig)) as kube:
            services = [body["metadata"]["name"] for body in await kube.list(_SERVICES, "kube-system")]
    finally:
        await asyncio.to_thread(node_cluster.down, tmp_path)

    assert (started, again) == (True, False)
    assert services == ["kube-dns"]


async def test_a_server_that_ends_is_started_again(cluster: RealCluster) -> None:
    before = layout.Files(cluster.directory).pid("kube-scheduler").read_text()

    await cluster.inside("kill", "-9", before)

    async def another() -> bool:
        now = layout.Files(cluster.directory).pid("kube-scheduler").read_text()
        return now != before and (await cluster.try_inside("kill", "-0", now)).code == 0

    await waiting.until(another, "the scheduler runs again")


async def _runs(files: layout.Files) -> bool:
    return bool(_processes_of(files)) and bool(processes.load(files.pids))


def _processes_of(files: layout.Files) -> list[str]:
    folders = [each.mountpoint / files.name / "cgroup.procs" for each in cgroups.hierarchies()]
    return [pid for folder in folders if folder.exists() for pid in folder.read_text().split()]
