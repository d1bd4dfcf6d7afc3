"""Does what the Dockerfile says, with Debian packages in the place of the base images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from container_image import bases, dockerfile, ignoring
from container_image.dockerfile import Instruction, Stage
from container_image.errors import CannotBuild
from container_image.layers import Layer, Store, digest

# What a command of the build may know of this machine: how to reach the package index, and whom to trust.
_PASSED_PREFIXES = (
    "PIP_",
    "SSL_CERT_",
    "REQUESTS_CA_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
)
_SHOWN = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


@dataclass
class Built:
    """A stage so far: layers from the bottom up, and the image's `config`."""

    layers: list[Layer]
    environment: dict[str, str]
    config: dict[str, Any]
    variables: dict[str, str] = field(default_factory=dict)  # of ARG
    folder: str = "/"

    @property
    def key(self) -> str:
        return digest([layer.key for layer in self.layers], self.environment, self.folder)

    @property
    def known(self) -> dict[str, str]:
        return {**self.variables, **self.environment}


@dataclass(frozen=True)
class Builder:
    """Builds the stages of one Dockerfile from one context."""

    store: Store
    context: Path
    ignore: tuple[str, ...]
    arguments: Mapping[str, str]
    stages: dict[str, Built] = field(default_factory=dict)

    def build(self, text: str) -> Built:
        """The last stage. Raises CannotBuild."""
        built: Built | None = None
        for stage in dockerfile.read(text):
            built = self.stages[stage.name] = self._stage(stage)
        if built is None:
            raise CannotBuild("the Dockerfile has no stage")
        return built

    def _stage(self, stage: Stage) -> Built:
        base = bases.BASES.get(stage.base)
        if base is None:
            known = ", ".join(bases.BASES)
            raise CannotBuild(f"the packages of {stage.base} are not known here, only those of {known}")
        layer = self.store.layer(base.key, f"packages of {stage.base}", lambda folder: bases.make(base, folder))
        built = Built([layer], dict(base.environment), {"User": base.user}, folder=base.folder)
        for instruction in stage.instructions:
            self._do(instruction, built)
        variables = [f"{name}={value}" for name, value in built.environment.items()]
        built.config |= {"Env": variables, "WorkingDir": built.folder}
        return built

    def _do(self, instruction: Instruction, built: Built) -> None:
        match instruction.keyword:
            case "RUN":
                self._run(instruction, built)
            case "COPY":
                self._copy(instruction, built)
            case "WORKDIR":
                built.folder = os.path.join(built.folder, instruction.text)  # noqa: PTH118 - inside the image
                step = {"do": "folder", "target": built.folder}
                self._add(built, f"WORKDIR {instruction.text}", step, "")
            case "ARG":
                built.variables |= {
                    name: self.arguments.get(name, value) for name, value in instruction.pairs().items()
                }
            case "ENV":
                built.environment |= _filled(instruction, built)
            case _:
                _configure(instruction, built)

    def _run(self, instruction: Instruction, built: Built) -> None:
        if instruction.flags:
            raise CannotBuild(f"this builder does not know RUN with {', '.join(instruction.flags)}")
        passed = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_PREFIXES)}
        step = {
            "do": "run",
            "command": instruction.text,
            "environment": {**passed, **built.known},
            "folder": built.folder,
            "shown": [path for path in _SHOWN if Path(path).exists()],
        }
        self._add(built, f"RUN {instruction.text}", step, "")

    def _copy(self, instruction: Instruction, built: Built) -> None:
        *sources, target = instruction.words()
        target = os.path.join(built.folder, target)  # noqa: PTH118 - inside the image, and a last slash means something
        step: dict[str, Any] = {"do": "copy", "sources": sources, "target": target, "ignored": [], "source_layers": []}
        if (name := instruction.flags.get("from")) is not None:
            step["source_layers"] = [str(layer.folder) for layer in self.stages[name].layers]
            content = self.stages[name].key
        else:
            step["source_root"] = str(self.context)
            step["ignored"], content = self._examined(sources)
        self._add(built, f"COPY {instruction.text}", step, content)

    def _examined(self, sources: list[str]) -> tuple[list[str], str]:
        """What of the context is left out, and the digest of what is not. Raises CannotBuild."""
        ignored, parts = [], []
        for source in sources:
            if not (self.context / source).exists():
                raise CannotBuild(f"the Dockerfile copies {source}, and {self.context} has no such file")
            for path in _all(self.context / source):
                relative = str(path.relative_to(self.context))
                if ignoring.is_ignored(relative, self.ignore):
                    ignored.append(str(path))
                elif path.is_file():
                    parts.append((relative, path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest()))
        return ignored, digest(parts)

    def _add(self, built: Built, title: str, step: dict[str, Any], content: str) -> None:
        layer = self.store.step(built.layers, digest(built.key, built.variables, title, content), title, step)
        built.layers.append(layer)


def _configure(instruction: Instruction, built: Built) -> None:
    """What is said about the image and changes no file."""
    match instruction.keyword:
        case "LABEL":
            built.config.setdefault("Labels", {}).update(_filled(instruction, built))
        case "USER":
            built.config["User"] = instruction.text
        case "EXPOSE":
            built.config.setdefault("ExposedPorts", {})[f"{instruction.text}/tcp"] = {}
        case "ENTRYPOINT":
            built.config["Entrypoint"] = instruction.words()
        case "CMD":
            built.config["Cmd"] = instruction.words()


def _filled(instruction: Instruction, built: Built) -> dict[str, str]:
    return {name: dockerfile.substituted(value, built.known) for name, value in instruction.pairs().items()}


def _all(path: Path) -> list[Path]:
    return [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
