"""`make promtool`: the whole promtool, built into the user's cache. It takes minutes, so no test asks for it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(_REPOSITORY), str(_REPOSITORY / "deploy" / "local")]

from tests.monitoring import engine  # noqa: E402 - the path comes first

from local_cluster import cache, locking, toolchain  # noqa: E402

_SOURCE = Path(__file__).parent / "promtool"
_PACKAGE = "github.com/prometheus/prometheus/cmd/promtool"


def found() -> Path | None:
    """The one that was built, or one on the PATH."""
    if toolchain.runs(_built()):
        return _built()
    elsewhere = shutil.which("promtool")
    return Path(elsewhere) if elsewhere else None


def _built() -> Path:
    (version,) = re.findall(r"prometheus/prometheus (v\S+)", (_SOURCE / "go.mod").read_text())
    return cache.folder(os.environ, "promtool", version, "promtool")


def main() -> None:
    """Build it where the cache lacks it, and say where it is."""
    with locking.held(_built().parent, "another run is building promtool; waiting for it"):
        if not toolchain.runs(_built()):
            print("building promtool; this takes five to ten minutes on two cores", flush=True)  # noqa: T201
            engine.build(_SOURCE, _built(), _PACKAGE)
    print(_built())  # noqa: T201 - a command-line program


if __name__ == "__main__":
    main()
