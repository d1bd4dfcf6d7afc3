"""What `cluster.up` decides and the first process inside reads: ports, and where each program is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cluster import flags


@dataclass(frozen=True)
class Plan:
    """Paths are absolute: the same file system is seen inside."""

    ports: flags.Ports
    programs: dict[str, str]  # name to path
    plugins: str  # the folder of the CNI plugins

    def save(self, path: Path) -> None:
        ports = [self.ports.etcd, self.ports.etcd_peer, self.ports.api_server]
        path.write_text(json.dumps({"ports": ports, "programs": self.programs, "plugins": self.plugins}))

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Raises OSError or ValueError where no plan was saved."""
        saved = json.loads(path.read_text())
        return cls(flags.Ports(*saved["ports"]), saved["programs"], saved["plugins"])

    def path(self, environment: Mapping[str, str]) -> str:
        """A PATH with all programs: containerd looks for its shim, kubelet for `mount` and `nft`."""
        folders = dict.fromkeys(str(Path(program).parent) for program in self.programs.values())
        return os.pathsep.join([*folders, environment.get("PATH", ""), "/usr/sbin", "/sbin"])
