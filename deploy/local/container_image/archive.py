"""An image in one file, as `docker save` writes it: docker, podman and containerd read it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Image:
    """Its name with a tag, and the `config` of the OCI image specification: User, Env, Entrypoint and so on."""

    name: str
    config: Mapping[str, Any]


def write(root: Path, image: Image, target: Path) -> str:
    """One layer of all that is under `root`, owned by root; the same tree gives the same bytes. Returns the digest."""
    with tempfile.TemporaryFile(dir=target.parent) as layer:
        layer_digest = _pack(root, layer)
        described = _described(image, layer_digest)
        digest = hashlib.sha256(described).hexdigest()
        contents = [{"Config": f"{digest}.json", "RepoTags": [image.name], "Layers": [f"{layer_digest}/layer.tar"]}]
        unfinished = target.with_name(f".{target.name}.unfinished")
        with tarfile.open(unfinished, "w") as archive:
            size = layer.tell()
            layer.seek(0)
            _add(archive, f"{layer_digest}/layer.tar", layer, size)
            for name, data in ((f"{digest}.json", described), ("manifest.json", json.dumps(contents).encode())):
                _add(archive, name, io.BytesIO(data), len(data))
    unfinished.replace(target)
    return digest


def _described(image: Image, layer_digest: str) -> bytes:
    description = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": dict(image.config),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        "history": [{"created_by": "one layer of all files"}],
    }
    return json.dumps(description, sort_keys=True).encode()


def _pack(root: Path, layer: IO[bytes]) -> str:
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as packed:
        for path in sorted(_all(root)):
            packed.add(path, str(path.relative_to(root)), recursive=False, filter=_anonymous)
    layer.seek(0)
    digest = hashlib.sha256()
    while block := layer.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _all(root: Path) -> list[Path]:
    return [Path(folder) / name for folder, folders, files in os.walk(root) for name in (*folders, *files)]


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Neither who packed it nor when."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def _add(archive: tarfile.TarFile, name: str, data: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    archive.addfile(entry, data)
