"""Programs that stand in for those of the machine, so that a test decides what is installed on it."""

from __future__ import annotations

from pathlib import Path


def program(path: Path, script: str) -> Path:
    """A shell script that can be started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def go(directory: Path, *, version: str = "go1.99.1", build: str = "printf built > $OUT && chmod +x $OUT") -> Path:
    """A Go that notes its calls in `calls` beside it and builds each package as `build` says into $OUT.

    All programs share two packages; one of them is compiled already.
    """
    return program(
        directory / "go",
        f"""
echo "$@" >> "{directory}/calls"
case "$1" in
    env) echo {version} ;;
    list)
        echo :; echo :todo
        for package; do case "$package" in .|*/*) echo :todo ;; esac; done ;;
    build)
        echo example.com/one
        while [ "$1" != -o ]; do shift; done
        FOLDER="$2"; shift 2
        for package; do
            case "$package" in .) package=$(basename "$PWD") ;; */v[0-9]) package="${{package%/*}}" ;; esac
            OUT="$FOLDER${{package##*/}}"; {build} || exit 1
            echo "$package"
        done ;;
esac
""",
    )


def calls(directory: Path) -> list[str]:
    """The arguments of each call of that Go."""
    noted = directory / "calls"
    return noted.read_text().splitlines() if noted.exists() else []
