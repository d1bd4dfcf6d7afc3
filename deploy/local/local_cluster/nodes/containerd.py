"""What containerd and the pod network are configured to. Pure but for one look at what this process may do."""

from __future__ import annotations

import json
from pathlib import Path

from local_cluster.nodes import layout
from local_cluster.nodes.plan import Plan

SOCKET = "/run/containerd/containerd.sock"  # /run is memory inside
NAMESPACE = "k8s.io"  # of images and containers: where the kubelet looks
PAUSE = "localhost/pause:1"  # built and imported by us, so that no registry is asked
_NOT_NEEDED = ("snapshotter.v1.btrfs", "snapshotter.v1.zfs", "snapshotter.v1.devmapper", "snapshotter.v1.aufs")
_CAP_SYS_RESOURCE = 24  # linux/capability.h


def configuration(version: str, files: layout.Files, plan: Plan) -> str:
    """The text of config.toml for what `containerd --version` says: 1.x and 2.x name their parts differently."""
    modern = " v2." in version or " 2." in version
    disabled = [f"io.containerd.{each}" for each in (*_NOT_NEEDED, *(["nri.v1.nri"] if modern else []))]
    lines = [
        f"version = {3 if modern else 2}",
        f"root = {json.dumps(str(files.directory / 'containerd'))}",
        'state = "/run/containerd"',
        f"disabled_plugins = {json.dumps(disabled)}",
        "[grpc]",
        f"address = {json.dumps(SOCKET)}",
        '[plugins."io.containerd.internal.v1.opt"]',
        f"path = {json.dumps(str(files.directory / 'opt'))}",
        *(_modern(files, plan.plugins) if modern else _old(files, plan.plugins)),
        "SystemdCgroup = false",
        f"BinaryName = {json.dumps(plan.programs['runc'])}",
    ]
    return "\n".join(lines) + "\n"


def network(files: layout.Files) -> str:
    """The pod network: a bridge, addresses by host-local, and host ports."""
    address_management = {
        "type": "host-local",
        "dataDir": str(files.directory / "addresses"),
        "ranges": [[{"subnet": layout.POD_RANGE}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipMasq": False}
    port_mapping = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins = [{**bridge, "ipam": address_management}, port_mapping]
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}, indent=2)


def network_folder(files: layout.Files) -> Path:
    return files.directory / "network"


def may_raise_priority(status: str) -> bool:
    """Whether the process of this /proc/<pid>/status may protect others from the out-of-memory killer."""
    capabilities = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(capabilities, 16) >> _CAP_SYS_RESOURCE & 1)


def _restricted() -> str:
    """Without CAP_SYS_RESOURCE the score that a pod's sandbox asks for, -998, cannot be set, and no pod would start."""
    may = may_raise_priority(Path("/proc/self/status").read_text())
    return f"restrict_oom_score_adj = {str(not may).lower()}"


def _old(files: layout.Files, plugins: str) -> list[str]:
    part = 'plugins."io.containerd.grpc.v1.cri"'
    return [
        f"[{part}]",
        _restricted(),
        f'sandbox_image = "{PAUSE}"',
        f"[{part}.cni]",
        f"bin_dir = {json.dumps(plugins)}",
        f"conf_dir = {json.dumps(str(network_folder(files)))}",
        *_runtime(part),
    ]


def _modern(files: layout.Files, plugins: str) -> list[str]:
    images, runtime = 'plugins."io.containerd.cri.v1.images"', 'plugins."io.containerd.cri.v1.runtime"'
    return [
        f"[{images}.pinned_images]",
        f'sandbox = "{PAUSE}"',
        f"[{runtime}]",
        _restricted(),
        f"[{runtime}.cni]",
        f"bin_dirs = [{json.dumps(plugins)}]",
        f"conf_dir = {json.dumps(str(network_folder(files)))}",
        *_runtime(runtime),
    ]


def _runtime(part: str) -> list[str]:
    runc = f"{part}.containerd.runtimes.runc"
    return [f"[{runc}]", 'runtime_type = "io.containerd.runc.v2"', f"[{runc}.options]"]
