"""The network inside: a node's address on a bridge without ports, and no way out."""

from __future__ import annotations

import subprocess
from pathlib import Path

from local_cluster.nodes import layout

_SETTINGS = {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"}  # both of this namespace alone


def make() -> None:
    """A bridge, since not every kernel has dummy links. By the default route kubelet and kube-proxy find an address."""
    for command in (
        "link set lo up",
        "link add node0 type bridge",
        f"addr add {layout.NODE_IP}/24 dev node0",
        "link set node0 up",
        "route add default dev node0",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    for name, value in _SETTINGS.items():
        if (setting := Path("/proc/sys") / name).exists():
            setting.write_text(value)
