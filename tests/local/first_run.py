"""`make first-run`: `make demo` as a newcomer has it, with an empty cache, from releases at 20 MB/s.

The releases are served on loopback, in their layout, from the programs of this machine's own cache. A download from the
real servers also depends on them and on the line to them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(_REPOSITORY), str(_REPOSITORY / "deploy" / "local")]

from tests.local import release_server  # noqa: E402 - the path comes first

from local_cluster import binaries, catalogue, releases  # noqa: E402

RATE = 20_000_000  # bytes per second: a home's line of 160 Mbit/s
GOAL = 90.0  # seconds


def published() -> release_server.Releases:
    """The control plane of the cache, as its projects publish it."""
    tools = binaries.provide(os.environ)
    found = release_server.Releases(rate=RATE)
    for program in catalogue.CONTROL_PLANE:
        content = tools.path(program.name).read_bytes()
        place = program.release and program.release.find(program.name, program.version, releases.this_platform(), None)
        assert place, f"no release of {program.name} for this platform"
        packed = release_server.tar({place.member: content}) if place.member else content
        path, checksums = (url.removeprefix("https://") for url in (place.asset.url, place.asset.checksums))
        found.publish(path, packed, checksums)
    return found


def main() -> int:
    """Returns 0 where the goal is kept."""
    with tempfile.TemporaryDirectory() as cache, release_server.serving(published()) as server:
        environment = {**os.environ, "XDG_CACHE_HOME": cache, releases.MIRROR: server.url}
        environment.pop("KUBEBUILDER_ASSETS", None)
        started = time.monotonic()
        run = subprocess.run([sys.executable, "-m", "demo", "show"], cwd=_REPOSITORY, env=environment, check=False)
        seconds = time.monotonic() - started
        size = sum(path.stat().st_size for path in Path(cache).rglob("*") if path.is_file())
        print(f"first run: {seconds:.0f} s with {size / 1e6:.0f} MB of programs at {RATE / 1e6:.0f} MB/s")  # noqa: T201
    return run.returncode or int(seconds > GOAL)


if __name__ == "__main__":
    sys.exit(main())
