"""What a machine must have to hold a node, asked before anything is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from local_cluster.errors import CannotHost
from local_cluster.nodes import namespaces

# Program to Debian package.
_PROGRAMS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "openssl": "openssl",
    "runc": "runc",
    "iptables": "iptables",
    "nft": "nftables",
    "conntrack": "conntrack",
}
_PROBE = "ip link add probe type bridge && nft list ruleset"
_STILL = (
    "What works here without a node: `make cluster-up` (a control plane, no pods), `make demo` (the whole life of an "
    "instance), and, where Docker runs, `make demo CLUSTER=kind` (pods)."
)


def programs(environment: Mapping[str, str]) -> dict[str, str]:
    """Paths of what only the machine can bring. Raises CannotHost with every reason at once."""
    complaints = _platform()
    found = {name: which(name, environment) for name in _PROGRAMS}
    missing = [name for name, path in found.items() if path is None]
    if missing and not complaints:
        packages = " ".join(sorted({_PROGRAMS[name] for name in missing}))
        complaints.append(f"missing here: {', '.join(missing)} (Debian: apt-get install {packages})")
    complaints = complaints or _namespaces()
    if complaints:
        raise CannotHost(f"a node cannot run here: {'; '.join(complaints)}.\n{_STILL}")
    return {name: path for name, path in found.items() if path is not None}


def which(name: str, environment: Mapping[str, str]) -> str | None:
    """Its path; root's folders count even where a user's PATH lacks them."""
    return shutil.which(name, path=os.pathsep.join([environment.get("PATH", ""), "/usr/sbin", "/sbin"]))


def _platform() -> list[str]:
    if sys.platform != "linux":
        return [f"kubelet and containerd need Linux, and this is {sys.platform}"]
    if os.geteuid() != 0:
        return ["namespaces, mounts and cgroups need root (sudo)"]
    return []


def _namespaces() -> list[str]:
    """Tried, since what a container or a kernel permits is written nowhere."""
    command = ["unshare", *namespaces.KINDS, "--fork", "--mount-proc", "sh", "-c", _PROBE]
    tried = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return (
        [f"this kernel or container refuses namespaces of our own ({tried.stderr.strip()})"] if tried.returncode else []
    )
