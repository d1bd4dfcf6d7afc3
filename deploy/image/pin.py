"""Write the digest behind each base image of a Dockerfile into it: what is built is what was looked at, for ever.

`python pin.py Dockerfile` asks the registries by `docker buildx imagetools inspect` and prints what it has pinned.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_FROM = re.compile(r"(?m)^FROM (?P<image>[^\s@]+)(?P<rest>( AS \S+)?)$")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def pinned(text: str) -> str:
    """The Dockerfile with `FROM image@sha256:…` in place of `FROM image`. Raises ValueError or CalledProcessError."""
    stages = {name for _, name in re.findall(r"(?m)^FROM (\S+) AS (\S+)$", text)}
    return _FROM.sub(lambda found: found[0] if found["image"] in stages else _with_digest(found), text)


def _with_digest(found: re.Match[str]) -> str:
    digest = _digest(found["image"])
    sys.stdout.write(f"{found['image']}@{digest}\n")
    return f"FROM {found['image']}@{digest}{found['rest']}"


def _digest(image: str) -> str:
    """Of the index, which names the image of each platform."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{ .Manifest.Digest }}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - no shell
    if not _DIGEST.fullmatch(answer):
        raise ValueError(f"the registry gave no digest of {image}, but {answer!r}")
    return answer


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(pinned(path.read_text()))
