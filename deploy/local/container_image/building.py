"""Builds deploy/Dockerfile of a checkout into a file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from container_image import archive, engines, ignoring
from container_image.errors import CannotBuild
from container_image.interpreting import Builder
from container_image.layers import Store
from local_cluster import cache, locking

_STILL = (
    "`make image` needs Docker, podman or buildah; or Linux, root and mmdebstrap (Debian: apt-get install mmdebstrap), "
    "and then it makes the same image from Debian packages and wheels"
)


def build(context: Path, image: str, target: Path, arguments: Mapping[str, str]) -> str:
    """Write the image; returns what has built it. Raises CannotBuild."""
    target.parent.mkdir(parents=True, exist_ok=True)
    engine = engines.find()
    if engine is not None:
        engines.build(engine, context, image, target, arguments)
        return engine.name
    from_packages(context, image, target, arguments)
    return "Debian packages and wheels"


def from_packages(context: Path, image: str, target: Path, arguments: Mapping[str, str]) -> None:
    """By the instructions of the Dockerfile, without any engine. Raises CannotBuild."""
    _require()
    store = Store(cache.folder(os.environ, "image", "layers"))
    recipe = context / "deploy" / "Dockerfile"
    ignore = recipe.with_name("Dockerfile.dockerignore")
    rules = ignoring.rules(ignore.read_text()) if ignore.exists() else []
    with locking.held(store.directory, "another run is building an image; waiting for it"):
        built = Builder(store, context, tuple(rules), arguments).build(recipe.read_text())
        archive.write([layer.folder for layer in built.layers], archive.Image(image, built.config), target)
        store.forget_unused()


def _require() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise CannotBuild(f"no container engine works here, and this user is not root on Linux: {_STILL}")
    if shutil.which("mmdebstrap") is None:
        raise CannotBuild(f"no container engine works here, and mmdebstrap is missing: {_STILL}")
