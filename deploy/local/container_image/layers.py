"""Layers that earlier builds have made, by what they were made from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from container_image.errors import CannotBuild
from local_cluster import processes

_UNUSED_SECONDS = 24 * 3600  # a layer that no build of a day has used is removed


@dataclass(frozen=True)
class Layer:
    """A folder of files, and what tells it from others."""

    key: str
    folder: Path


@dataclass(frozen=True)
class Store:
    """One folder for each layer."""

    directory: Path

    def layer(self, key: str, title: str, fill: Callable[[Path], None]) -> Layer:
        """The layer of that key; `fill` makes it in an empty folder where it is missing. Raises what `fill` raises."""
        folder = self.directory / key[:24]
        if not folder.exists():
            began = time.monotonic()
            unfinished = self.directory / f".{key[:24]}.{os.getpid()}"
            shutil.rmtree(unfinished, ignore_errors=True)
            (unfinished / "files").mkdir(parents=True)
            (unfinished / "files").chmod(0o755)  # it becomes the root of the image
            try:
                fill(unfinished / "files")
                unfinished.rename(folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            print(f"  {title} ({time.monotonic() - began:.0f} s)", flush=True)
        os.utime(folder)
        return Layer(key, folder / "files")

    def step(self, below: list[Layer], key: str, title: str, step: dict[str, Any]) -> Layer:
        """The layer of what a step changes above the others. Raises CannotBuild."""

        def fill(changes: Path) -> None:
            beside = {name: changes.parent / name for name in ("work", "root", "source")}
            for folder in beside.values():
                folder.mkdir()
            whole = {
                "layers": [str(layer.folder) for layer in below],
                "changes": str(changes),
                "work": str(beside["work"]),
                "root": str(beside["root"]),
                "source_root": str(beside["source"]),
                **step,
            }
            _in_namespace(whole, title)
            for folder in beside.values():
                shutil.rmtree(folder)

        return self.layer(key, title, fill)

    def forget_unused(self) -> None:
        """Remove what has not been used for a day."""
        for folder in self.directory.iterdir():
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(folder)


def digest(*parts: object) -> str:
    """Of what a layer is made from."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _in_namespace(step: dict[str, Any], title: str) -> None:
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    done = subprocess.run(
        [*command, sys.executable, "-m", "container_image.inside"],
        env=processes.with_own_code(os.environ),
        input=json.dumps(step),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotBuild(f"{title} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
