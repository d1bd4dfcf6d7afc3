"""What is written before anything starts: keys, tokens, and what each server is configured to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_cluster import binaries, flags, ports, processes
from local_cluster.nodes import accounts, certificates, configuration, containerd, layout, needs
from local_cluster.nodes.plan import Plan

_ALWAYS_PROVIDED = (*binaries.CONTROL_PLANE, "kubelet", "kube-scheduler", "kube-proxy", "coredns", "pause")
# Any version of these does, so that the machine's own come first.
_CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
_PLUGINS = ("bridge", "host-local", "loopback", "portmap")
_PLUGIN_FOLDERS = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")


def prepare(files: layout.Files, found: Mapping[str, str]) -> Plan:
    """`found` are the machine's own programs; the others are provided. Raises CannotProvide or CannotStart."""
    for folder in (files.log("").parent, files.pid("").parent, containerd.network_folder(files)):
        folder.mkdir(mode=0o700, exist_ok=True)
    processes.save(files.pids, {})  # from now on the directory is ours to clear
    own, plugins = _own(_CONTAINERD), _own_plugins()
    wanted = [*_ALWAYS_PROVIDED, *(() if own else _CONTAINERD), *(() if plugins else _PLUGINS)]
    tools = binaries.provide(os.environ, wanted)
    programs = {**found, **own, **{name: str(path) for name, path in tools.paths.items() if name not in _PLUGINS}}
    plan = Plan(flags.Ports(*ports.free(3)), programs, plugins or str(tools.path(_PLUGINS[0]).parent))
    plan.save(files.plan)
    certificates.make(files.pki)
    accounts.write(files, plan.ports.api_server)
    for name, text in _texts(files, plan).items():
        (files.directory / name).write_text(text)
    return plan


def _own(names: Sequence[str]) -> dict[str, str]:
    """The machine's, if it has all of them: parts of two versions may not fit."""
    found = {name: path for name in names if (path := needs.which(name, os.environ)) is not None}
    return found if len(found) == len(names) else {}


def _own_plugins() -> str | None:
    return next((folder for folder in _PLUGIN_FOLDERS if all(Path(folder, each).exists() for each in _PLUGINS)), None)


def _texts(files: layout.Files, plan: Plan) -> dict[str, str]:
    return {
        files.audit_policy.name: flags.AUDIT_POLICY,
        "containerd.toml": containerd.configuration(_version_of(plan.programs["containerd"]), files, plan),
        f"{containerd.network_folder(files).name}/10-pods.conflist": containerd.network(files),
        "kubelet.json": configuration.kubelet(files),
        "proxy.json": configuration.proxy(files),
        "Corefile": configuration.dns(files),
        "resolv.conf": "",
    }


def _version_of(containerd_program: str) -> str:
    return subprocess.run([containerd_program, "--version"], capture_output=True, text=True, check=True).stdout
