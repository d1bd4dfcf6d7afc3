"""Cgroups of our own: one folder in each hierarchy holds every process of a node cluster, its pods included.

The first process enters the folder and makes a cgroup namespace there, so that kubelet and containerd take the folder
for the whole tree. Two clusters therefore never meet, and an empty folder says that nothing runs any more.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from local_cluster.nodes import mounts

_ROOT = Path("/sys/fs/cgroup")
_LEAF = "init"  # version 2 wants processes in leaves only
_COPIED = ("cpuset.cpus", "cpuset.mems")  # version 1 accepts no process before these two are set
_GONE_SECONDS = 10.0  # the kernel ends killed processes, but not at once
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Hierarchy:
    """A mounted hierarchy as /proc/self/mountinfo shows it."""

    mountpoint: Path
    kind: str  # cgroup or cgroup2
    options: str

    def entrance(self, name: str) -> Path:
        """The folder that the first process enters."""
        return self.mountpoint / name


def hierarchies(mountinfo: str | None = None) -> list[Hierarchy]:
    """All that are mounted under /sys/fs/cgroup."""
    found = []
    for line in (mountinfo or Path("/proc/self/mountinfo").read_text()).splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        mountpoint = Path(before.split()[4])
        if kind in ("cgroup", "cgroup2") and mountpoint.is_relative_to(_ROOT):
            found.append(Hierarchy(mountpoint, kind, options))
    return found


def make(name: str) -> list[Path]:
    """Make the folders; returns the files that a process writes its pid to in order to be inside."""
    entrances = []
    for hierarchy in hierarchies():
        folder = hierarchy.entrance(name)
        folder.mkdir(exist_ok=True)
        for setting in _COPIED:
            if hierarchy.kind == "cgroup" and (folder / setting).exists():
                (folder / setting).write_text((hierarchy.mountpoint / setting).read_text())
        entrances.append(folder / "cgroup.procs")
    return entrances


def end(name: str) -> bool:
    """Kill whatever runs in the folders and remove them; whether any were there."""
    folders = [folder for each in hierarchies() if (folder := each.entrance(name)).is_dir()]
    deadline = time.monotonic() + _GONE_SECONDS
    # A killed process is in its folder until the kernel has let go of it, even where the folder lists it no more.
    while (left := [folder for folder in folders if folder.is_dir()]) and time.monotonic() < deadline:
        for folder in left:
            _kill_all(folder)
            _remove(folder)
        time.sleep(_LOOK_SECONDS)
    return bool(folders)


def mount_inside() -> None:
    """In the namespaces: show our own folder as the whole tree. Called by the first process only."""
    seen = hierarchies()
    links = {entry: entry.readlink() for entry in _ROOT.iterdir() if entry.is_symlink()}
    mounts.unmount_all(_ROOT)
    if _ROOT not in [hierarchy.mountpoint for hierarchy in seen]:
        mounts.memory(_ROOT)
    for hierarchy in seen:
        hierarchy.mountpoint.mkdir(exist_ok=True)
        mounts.mount(hierarchy.kind, hierarchy.mountpoint, mount_options(hierarchy))
    for link, target in links.items():
        link.symlink_to(target)
    for hierarchy in seen:
        if hierarchy.kind == "cgroup2":
            _leave_root(hierarchy.mountpoint)


def mount_options(hierarchy: Hierarchy) -> str:
    """As they were; a hierarchy that only has a name wants to be told that it has no controller."""
    options = [each for each in hierarchy.options.split(",") if each not in ("rw", "ro", "seclabel")]
    if hierarchy.kind == "cgroup2":
        return ""
    return ",".join(["none", *options] if any(each.startswith("name=") for each in options) else options)


def _leave_root(mountpoint: Path) -> None:
    leaf = mountpoint / _LEAF
    leaf.mkdir(exist_ok=True)
    (leaf / "cgroup.procs").write_text(str(os.getpid()))


def _kill_all(folder: Path) -> None:
    for path, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):  # the folder has gone with its last process
            for pid in (Path(path) / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


def _remove(folder: Path) -> None:
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(path).rmdir()
