"""Names, addresses and files of one node cluster. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

NODE = "node1"
NODE_IP = "10.99.0.1"  # on a bridge inside: nobody outside can reach it, so that every cluster may use the same
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"  # the first of the range: the API server gives it to the Service `kubernetes`
DNS_IP = "10.96.0.10"
POD_RANGE = "10.244.0.0/24"
CLUSTER_DOMAIN = "cluster.local"

# Who has a token and a kubeconfig, and the group that RBAC knows the user by.
USERS = {
    "admin": ("admin", "system:masters"),
    "scheduler": ("system:kube-scheduler", ""),
    "controller-manager": ("system:kube-controller-manager", ""),
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
    "proxy": ("system:kube-proxy", ""),
    "dns": ("system:dns", ""),
}


@dataclass(frozen=True)
class Files:
    """Everything that a node cluster keeps, under one directory."""

    directory: Path

    @property
    def name(self) -> str:
        """A name that no other directory's cluster has: its cgroups are called so."""
        return f"novita-node-{hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; it works on this machine and inside, at the same address."""
        return self.directory / "kubeconfig"

    @property
    def pids(self) -> Path:
        return self.directory / "pids.json"

    @property
    def whole(self) -> Path:
        """Is there once the cluster has all that it needs: its starter may have been killed before."""
        return self.directory / "whole"

    @property
    def pki(self) -> Path:
        return self.directory / "pki"

    @property
    def tokens(self) -> Path:
        return self.directory / "tokens.csv"

    @property
    def audit_policy(self) -> Path:
        return self.directory / "audit.yaml"

    @property
    def audit_log(self) -> Path:
        return self.directory / "audit.log"

    @property
    def plan(self) -> Path:
        """What the inner half has to know: ports and paths of programs."""
        return self.directory / "plan.json"

    def kubeconfig_of(self, user: str) -> Path:
        return self.kubeconfig if user == "admin" else self.directory / f"{user}.kubeconfig"

    def log(self, name: str) -> Path:
        return self.directory / "log" / f"{name}.log"

    def pid(self, name: str) -> Path:
        """The pid of a server as those inside see it."""
        return self.directory / "run" / f"{name}.pid"
