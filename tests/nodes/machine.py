"""What a node could change of the machine."""

from __future__ import annotations

from pathlib import Path

_SYSCTL = Path("/proc/sys")
_OF_THE_KERNEL = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")


def settings_of_the_kernel() -> dict[str, str]:
    """Those that a kubelet sets, and forwarding, which containers need in their own network only."""
    return {name: (_SYSCTL / name).read_text() for name in (*_OF_THE_KERNEL, "net/ipv4/ip_forward")}
