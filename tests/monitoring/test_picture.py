"""The picture of the dashboard shows what was recorded, and docs/reference/metrics.md shows the picture."""

from __future__ import annotations

from pathlib import Path

from tests.monitoring import picture
from tests.monitoring.engine import Series

ROOT = Path(__file__).parents[2]
PANEL = {"targets": [{"expr": "max by (phase) (novita_gpuinstances)", "legendFormat": "now {{phase}}"}]}
RECORDED = [
    Series({"__name__": "novita_gpuinstances", "phase": phase}, tuple((at, level + at) for at in (0.0, 5.0, 10.0)))
    for phase, level in (("Running", 3.0), ("Failed", 1.0))
]


def test_a_panel_shows_what_its_query_finds_below_its_legend() -> None:
    shown = dict(picture.answers(PANEL, RECORDED))

    assert set(shown) == {"now Running", "now Failed"}
    assert shown["now Running"].points == ((0.0, 3.0), (5.0, 8.0), (10.0, 13.0))


def test_every_panel_can_be_drawn(tmp_path: Path) -> None:
    target = tmp_path / "dashboard.png"

    picture.draw(RECORDED, target, title="A test")

    assert target.read_bytes().startswith(b"\x89PNG")


def test_the_reference_shows_the_picture() -> None:
    page = ROOT / "docs" / "reference" / "metrics.md"

    assert "](../images/dashboard.png)" in page.read_text()
    assert (page.parent / "../images/dashboard.png").exists()
