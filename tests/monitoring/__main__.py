"""`python -m tests.monitoring`: runs operator and simulator for minutes and draws the dashboard of that run."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(_REPOSITORY / "deploy" / "local"))  # the control plane's package is not installed

from tests.monitoring import picture, recording  # noqa: E402 - the path comes first

_PICTURE = _REPOSITORY / "docs" / "images" / "dashboard.png"
_SECONDS = 240.0  # enough for rates over minutes to settle


def main() -> None:
    """Record, draw, say where."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else _SECONDS
    with tempfile.TemporaryDirectory() as directory:
        series = asyncio.run(recording.record(Path(directory), seconds))
    title = (
        f"The dashboard over {seconds / 60:g} minutes (x) of a real run: API server and operator real, Novita simulated"
    )
    picture.draw(series, _PICTURE, title=title)
    print(f"{_PICTURE.relative_to(_REPOSITORY)}: {len(series)} series")  # noqa: T201 - a command-line program


if __name__ == "__main__":
    main()
