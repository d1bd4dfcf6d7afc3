"""The places of the machine that clusters mount over: made once, held by each that runs, removed by the last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local_cluster.nodes import places

# In a mount namespace of its own, as a cluster: mounts over the place, tells so, and then whether the mount is there.
_CLUSTER = """\
import subprocess, sys
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", sys.argv[1]], check=True)
print("mounted", flush=True)
sys.stdin.readline()
print(sys.argv[1] in open("/proc/self/mounts").read(), flush=True)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that the machine lacks, and its parent too."""
    place = tmp_path / "lib" / "kubelet"
    monkeypatch.setattr(places, "COVERED", (str(place),))
    return place


def _cluster(place: Path) -> subprocess.Popen[str]:
    """One that has mounted over the place and holds it."""
    own = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", _CLUSTER, str(place)]
    with places.held() as handles:
        started = subprocess.Popen(own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=handles, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "mounted\n"
    return started


def test_a_cluster_that_ends_takes_no_mount_of_another_along(place: Path) -> None:
    first, second = _cluster(place), _cluster(place)
    first.communicate()

    places.remove()

    assert second.communicate("\n")[0] == "True\n"


def test_the_last_cluster_removes_what_another_has_made(place: Path, tmp_path: Path) -> None:
    first, second = _cluster(place), _cluster(place)
    for each in (first, second):
        each.communicate()
        places.remove()

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_cluster_has_left_is_removed_by_the_next_one(place: Path, tmp_path: Path) -> None:
    killed = _cluster(place)
    killed.kill()
    killed.communicate()
    left = place.exists()

    _cluster(place).communicate()
    places.remove()

    assert left
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_no_cluster_has_made_stays(place: Path) -> None:
    place.mkdir(parents=True)

    _cluster(place).communicate()
    places.remove()

    assert place.is_dir()


def test_what_somebody_has_put_something_into_stays_with_it(place: Path) -> None:
    _cluster(place).communicate()
    (place / "file").touch()

    places.remove()

    assert (place / "file").exists()
