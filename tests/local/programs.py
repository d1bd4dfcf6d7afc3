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
    """A Go that notes its calls in `calls` beside it and builds what `build` says into $OUT."""
    return program(
        directory / "go",
        f"""
echo "$1 $2 $(eval echo \\${{$#}})" >> "{directory}/calls"
case "$1" in
    env) echo {version} ;;
    build) while [ "$1" != -o ]; do shift; done; OUT="$2"; {build} ;;
esac
""",
    )


def calls(directory: Path) -> list[str]:
    """First, second and last argument of each call of that Go."""
    noted = directory / "calls"
    return noted.read_text().splitlines() if noted.exists() else []
