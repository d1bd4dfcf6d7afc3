"""Folders of Go modules that a tool is built from: its CRDs and configuration come from the same version."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from local_cluster import toolchain
from local_cluster.module import Module


def folder(module: Module, path: str) -> Path:
    """The unpacked module at the version that go.mod pins, downloaded where Go has not kept it."""
    go = toolchain.find_go(os.environ, module.go_version())
    wanted = f"{path}@{module.version_of(path)}"
    done = subprocess.run(
        [go, "mod", "download", "-json", wanted],
        cwd=module.directory,
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{wanted}: {done.stdout}{done.stderr}"
    return Path(json.loads(done.stdout)["Dir"])
