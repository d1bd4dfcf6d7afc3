"""One process at a time in a directory, also when the directory goes meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from local_cluster import locking
from local_cluster.errors import CannotProvide


def test_a_second_holder_comes_in_after_the_first_has_left_even_if_the_directory_was_removed(tmp_path: Path) -> None:
    directory, order, second = tmp_path / "state", [], _Waiter()

    def come_in() -> None:
        with locking.held(directory, second):  # type: ignore[arg-type]
            order.append("second in")
            (directory / "mark").write_text("of the second")

    with locking.held(directory, "nobody holds it yet"):
        thread = threading.Thread(target=come_in)
        thread.start()
        assert second.waits.wait(30)
        order.append("first out")
        directory.rmdir()
    thread.join(30)

    assert order == ["first out", "second in"]
    assert (directory / "mark").read_text() == "of the second"


def test_it_can_be_held_again_and_leaves_no_file(tmp_path: Path) -> None:
    for _ in range(2):
        with locking.held(tmp_path / "state", "never said"):
            assert list((tmp_path / "state").iterdir()) == []


def test_a_path_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("precious")

    with pytest.raises(CannotProvide, match="state cannot be made or opened: File exists"):
        locking._locked(tmp_path / "state", "never said")

    assert (tmp_path / "state").read_text() == "precious"


class _Waiter:
    """A message that notices when it is printed, which is when the second one waits."""

    def __init__(self) -> None:
        self.waits = threading.Event()

    def __str__(self) -> str:
        self.waits.set()
        return "waiting"
