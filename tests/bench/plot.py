"""The picture: calls, writes, memory and time against the number of objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.figures import Life
from tests.bench.results import Results

# Title, figure, and whether its axis is logarithmic: then what grows with the number of objects is a straight line.
_PANELS: tuple[tuple[str, Callable[[Life], float], bool], ...] = (
    ("Novita calls per object and hour, steady", lambda life: life.steady_calls_per_hour, False),
    ("API writes per object to Ready", lambda life: life.writes_to_ready, False),
    ("RSS with all Ready, MiB", lambda life: life.rss_ready, False),
    ("all Ready, s", lambda life: life.ready_seconds, True),
)


def draw(lives: Sequence[Life], path: Path) -> None:
    """Write a PNG. Nothing where no life was measured."""
    if not lives:
        return
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(_PANELS), figsize=(16, 3.6))
    for axis, (title, value, logarithmic) in zip(axes, _PANELS, strict=True):
        for name, each in Results(lives=list(lives)).by_contender().items():
            axis.plot([life.objects for life in each], [value(life) for life in each], marker="o", label=name)
        axis.set_title(title, fontsize=10)
        axis.set_xscale("log")
        if logarithmic:
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
        axis.set_xlabel("objects")
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
