"""One step of a build, in a mount namespace of its own: `python -m container_image.inside` reads the step as JSON.

The layers so far are shown as one tree whose changes go into a folder of their own: the next layer.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any


def main(step: dict[str, Any]) -> int:
    """The exit code of the step's command."""
    root = Path(step["root"])
    _show(step["layers"], root, changes=step["changes"], work=step["work"])
    match step["do"]:
        case "copy":
            source = Path(step["source_root"])
            if step["source_layers"]:
                _show(step["source_layers"], source)
            _copy([source / path.lstrip("/") for path in step["sources"]], root, step["target"], set(step["ignored"]))
        case "folder":
            (root / step["target"].lstrip("/")).mkdir(parents=True, exist_ok=True)
        case _:
            return _run(root, step)
    return 0


def _show(layers: list[str], root: Path, *, changes: str = "", work: str = "") -> None:
    options = f"lowerdir={':'.join(reversed(layers))}"
    if changes:
        options += f",upperdir={changes},workdir={work}"
        if len(layers) == 0:
            raise SystemExit("a stage has no base")
    elif len(layers) == 1:
        _mount("--bind", layers[0], str(root))  # an overlay of one folder alone is refused
        return
    _mount("-t", "overlay", "overlay", "-o", options, str(root))


def _run(root: Path, step: dict[str, Any]) -> int:
    _mount("-t", "proc", "proc", str(root / "proc"))
    _mount("--rbind", "/dev", str(root / "dev"))
    for path in step["shown"]:
        shown = root / path.lstrip("/")
        shown.parent.mkdir(parents=True, exist_ok=True)
        if not shown.exists():
            shown.touch()
        _mount("--bind", path, str(shown))

    def enter() -> None:
        os.chroot(root)
        os.chdir(step["folder"])

    command = ["/bin/sh", "-e", "-c", step["command"]]
    return subprocess.run(command, env=step["environment"], preexec_fn=enter, check=False).returncode


def _copy(sources: list[Path], root: Path, target: str, ignored: set[str]) -> None:
    """As COPY does: a folder's contents, a file into a folder or by the new name; owned by root."""
    place = root / target.lstrip("/")
    into_folder = target.endswith("/") or len(sources) > 1 or place.is_dir()

    def leave_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if str(Path(folder) / name) in ignored}

    for source in sources:
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True, ignore=leave_out)
        else:
            named = place / source.name if into_folder else place
            named.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, named, follow_symlinks=False)
    _give_to_root(place)


def _give_to_root(place: Path) -> None:
    for folder, folders, files in os.walk(place):
        for name in (".", *folders, *files):
            os.lchown(os.path.join(folder, name), 0, 0)  # noqa: PTH118 - thousands of them


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main(json.load(sys.stdin)))
