"""`make promtool`: Prometheus' own program judges the tests of the alerts, too; its build takes minutes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(_REPOSITORY), str(_REPOSITORY / "deploy" / "local")]

from tests.monitoring import engine  # noqa: E402 - the path comes first

from local_cluster import cache, locking, toolchain  # noqa: E402

_SOURCE = Path(__file__).parent / "promtool"
_TESTS = Path(__file__).parent / "alerts_test.yaml"
_PACKAGE = "github.com/prometheus/prometheus/cmd/promtool"


def _built() -> Path:
    (version,) = re.findall(r"prometheus/prometheus (v\S+)", (_SOURCE / "go.mod").read_text())
    return cache.folder(os.environ, "promtool", version, "promtool")


def main() -> int:
    """Build it where the cache lacks it, and let it judge; its exit code."""
    with locking.held(_built().parent, "another run is building promtool; waiting for it"):
        if not toolchain.runs(_built()):
            print("building promtool; this takes five to ten minutes on two cores", flush=True)  # noqa: T201
            engine.build(_SOURCE, _built(), _PACKAGE)
    return subprocess.run([_built(), "test", "rules", str(_TESTS)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
