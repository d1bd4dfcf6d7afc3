"""An image in one file, as `docker save` writes it: docker, podman and containerd read it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
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


def write(layers: Sequence[Path], image: Image, target: Path) -> str:
    """A layer for each folder, the lowest first; the same files give the same bytes. Returns the image's digest."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    with tarfile.open(unfinished, "w") as archive:
        digests = [_add_layer(archive, folder, target.parent) for folder in layers]
        described = _described(image, digests)
        digest = hashlib.sha256(described).hexdigest()
        paths = [_path(each) for each in digests]
        contents = json.dumps([{"Config": f"{digest}.json", "RepoTags": [image.name], "Layers": paths}]).encode()
        for name, data in ((f"{digest}.json", described), ("manifest.json", contents)):
            _add(archive, name, io.BytesIO(data), len(data))
    unfinished.replace(target)
    return digest


def _described(image: Image, layers: Sequence[str]) -> bytes:
    description = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": dict(image.config),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in layers]},
        "history": [{"created_by": "make image"} for _ in layers],
    }
    return json.dumps(description, sort_keys=True).encode()


def _add_layer(archive: tarfile.TarFile, folder: Path, scratch: Path) -> str:
    with tempfile.TemporaryFile(dir=scratch) as layer:
        digest = _pack(folder, layer)
        size = layer.tell()
        layer.seek(0)
        _add(archive, _path(digest), layer, size)
    return digest


def _path(layer: str) -> str:
    return f"{layer}/layer.tar"


def _pack(root: Path, layer: IO[bytes]) -> str:
    """Write the layer, and stay at its end."""
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
