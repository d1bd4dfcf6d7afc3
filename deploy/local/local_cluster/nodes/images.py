"""The image that every pod needs, and that no registry has to be asked for."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from container_image import archive
from local_cluster.nodes import containerd

_NOBODY = "65535:65535"  # as Kubernetes' own pause image runs


def pause(program: Path, target: Path) -> Path:
    """Write the image of the process that holds a pod's namespaces."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(program, Path(folder) / "pause")
        image = archive.Image(containerd.PAUSE, {"User": _NOBODY, "Entrypoint": ["/pause"]})
        archive.write([Path(folder)], image, target)
    return target
