"""Start, restart and stop a node cluster. All state is under one directory, which `down` removes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from local_cluster import locking, processes, waiting
from local_cluster.errors import NotOurs
from local_cluster.nodes import cgroups, dns, entering, forwarding, images, layout, namespaces, needs, places, preparing
from local_cluster.nodes.api import Api
from local_cluster.nodes.plan import Plan

_WAITING = "another run is starting or stopping this node cluster; waiting for it"


def up(directory: Path, archives: Sequence[Path] = ()) -> bool:
    """Start a cluster with these images, unless a whole one runs: then False.

    What is left of one that died, or whose starter was killed, is removed before.

    Raises CannotHost, CannotProvide, CannotStart or NotOurs.
    """
    for archive in archives:
        entering.require_archive(archive)
    found = needs.programs(os.environ)
    with locking.held(directory, _WAITING):
        files = layout.Files(directory)
        if entering.running(directory) and files.whole.exists():
            return False
        _end(directory)
        plan = preparing.prepare(files, found)
        try:
            began = _start(files, plan)
            _equip(files, plan, archives)
            _wait_for_node(files, plan, began)
            files.whole.touch()
        except BaseException:
            _kill(files)
            raise
    return True


def reboot(directory: Path) -> None:
    """As if the machine lost its power: all processes end at once, disks stay. Raises NotRunning or CannotStart."""
    entering.require(directory)
    files = layout.Files(directory)
    with locking.held(directory, _WAITING):
        _kill(files)
        plan = Plan.load(files.plan)
        _wait_for_node(files, plan, _start(files, plan))


def down(directory: Path) -> bool:
    """End everything and remove the directory; whether there was anything. Raises NotOurs."""
    if not directory.exists():
        return False
    with locking.held(directory, _WAITING):
        was_there = any(directory.iterdir())
        _end(directory)
        shutil.rmtree(directory)
    return was_there


def _start(files: layout.Files, plan: Plan) -> datetime:
    """Start the first process and wait until the API server answers through the port of the machine; returns when."""
    began = datetime.now(UTC)
    with closing(forwarding.listen(plan.ports.api_server)) as outer, places.held() as handles:
        started = {"init": namespaces.start(files, outer, handles)}
    processes.save(files.pids, started)
    waiting.until(Api(files, plan.ports.api_server).ready, "kube-apiserver", started, files.log)
    return began


def _equip(files: layout.Files, plan: Plan, archives: Sequence[Path]) -> None:
    """Cluster DNS and images."""
    api = Api(files, plan.ports.api_server)
    for path, body in dns.OBJECTS.items():
        api.create(path, body)
    pause = images.pause(Path(plan.programs["pause"]), files.directory / "pause.tar")
    for archive in (pause, *archives):
        entering.load(files.directory, archive)


def _wait_for_node(files: layout.Files, plan: Plan, since: datetime) -> None:
    api, started = Api(files, plan.ports.api_server), processes.load(files.pids)
    waiting.until(lambda: api.node_is_ready(since), "kubelet", started, files.log)


def _end(directory: Path) -> None:
    """End every process, remove what is outside of the directory, and empty it; only if it is one of ours."""
    files = layout.Files(directory)
    if any(directory.iterdir()) and not files.pids.exists():
        raise NotOurs(f"{directory} holds other files than those of a node cluster; choose another directory")
    _kill(files)
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != files.pids:
            path.unlink()
    files.pids.unlink(missing_ok=True)  # the last: it says that the rest is ours


def _kill(files: layout.Files) -> None:
    """The first process takes all others along; the cgroups say whether any is left, whatever the pid file knows."""
    for process in processes.load(files.pids).values():
        process.stop(seconds=0)
    cgroups.end(files.name)
    places.remove()
