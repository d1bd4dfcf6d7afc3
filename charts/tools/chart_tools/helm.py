"""Where helm is: built beside the local control plane, so that chart and tests use the same one everywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local_cluster import binaries


def path() -> Path:
    """The helm binary; it is built where the cache lacks it. Raises CannotProvide."""
    return binaries.provide(os.environ, ("helm",)).path("helm")


if __name__ == "__main__":
    sys.stdout.write(f"{path()}\n")
