"""Mounts inside the namespace: what the servers write to fixed places never reaches the machine's file system."""

from __future__ import annotations

import subprocess
from pathlib import Path

from local_cluster.nodes import places

# Kubelet sets these of the whole kernel (pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables) where they
# read otherwise. Inside they read so already, and the kernel's own stay what they are.
_KUBELET_WANTS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def cover() -> None:
    """Memory over the fixed places, and kernel settings as the kubelet wants to read them."""
    for each in places.COVERED:
        memory(Path(each))
    settings = Path("/run/kernel-settings")
    for name, value in _KUBELET_WANTS.items():
        shown = settings / name.replace("/", ".")
        shown.parent.mkdir(exist_ok=True)
        shown.write_text(f"{value}\n")
        if (original := Path("/proc/sys") / name).exists():
            _run("mount", "--bind", str(shown), str(original))
    _run("mount", "--make-rshared", "/")  # a container's mounts have to be seen by the kubelet, and the reverse


def memory(path: Path) -> None:
    """A tmpfs."""
    mount("tmpfs", path, "mode=755")


def mount(kind: str, path: Path, options: str) -> None:
    """Raises CalledProcessError."""
    _run("mount", "-t", kind, *(["-o", options] if options else []), kind, str(path))


def unmount_all(path: Path) -> None:
    """What is mounted there and below."""
    _run("umount", "--recursive", str(path))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
