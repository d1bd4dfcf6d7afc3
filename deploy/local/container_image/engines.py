"""Docker, podman or buildah, where one of them works."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from container_image.errors import CannotBuild

_ASK_SECONDS = 20  # a daemon that is starting answers within these


@dataclass(frozen=True)
class Engine:
    """Its name, a question that only a working one answers, how it builds, and how it writes the image to a file."""

    name: str
    question: tuple[str, ...]
    build: tuple[str, ...]
    save: tuple[str, ...]

    def commands(self, image: str, target: Path, arguments: Mapping[str, str]) -> list[list[str]]:
        """To be run in the context's folder, one after the other."""
        options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        places = {"image": image, "target": str(target)}
        build = [self.name, *self.build, *options, "-f", "deploy/Dockerfile", "-t", image, "."]
        return [build, [self.name, *(word.format_map(places) for word in self.save)]]


ENGINES = (
    Engine("docker", ("version", "--format", "{{.Server.Version}}"), ("build",), ("save", "-o", "{target}", "{image}")),
    Engine("podman", ("info",), ("build",), ("save", "--format", "docker-archive", "-o", "{target}", "{image}")),
    Engine("buildah", ("info",), ("build",), ("push", "{image}", "docker-archive:{target}:{image}")),
)


def find() -> Engine | None:
    """The first one that answers: a docker program without its daemon builds nothing."""
    return next((engine for engine in ENGINES if shutil.which(engine.name) and _answers(engine)), None)


def build(engine: Engine, context: Path, image: str, target: Path, arguments: Mapping[str, str]) -> None:
    """Its output goes to the terminal. Raises CannotBuild."""
    target.unlink(missing_ok=True)
    for command in engine.commands(image, target, arguments):
        done = subprocess.run(command, cwd=context, check=False)
        if done.returncode:
            raise CannotBuild(f"{' '.join(command)} ended with {done.returncode}")


def _answers(engine: Engine) -> bool:
    try:
        command = [engine.name, *engine.question]
        return subprocess.run(command, capture_output=True, timeout=_ASK_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
