"""Writing for people and for programs: colours on a terminal only, no cell that can move the cursor."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

# Where output is piped, lines are as long as they are: whoever reads it cuts and wraps. Columns.
_UNBOUNDED = 10_000
# Without the fonts that rich has a viewer load from elsewhere: a picture must not call home.
_SVG = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def console(*, err: bool = False) -> Console:
    """Where to write. rich takes the colours away where it is no terminal, or NO_COLOR is set."""
    found = Console(stderr=err, highlight=False)
    return found if found.is_terminal else Console(stderr=err, highlight=False, width=_UNBOUNDED)


def show(what: RenderableType) -> None:
    """Write a table or a text; without padding at the ends of lines where it is piped."""
    out = console()
    if out.is_terminal:
        out.print(what)
        return
    with out.capture() as captured:
        out.print(what, soft_wrap=isinstance(what, Text))
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def say(text: str = "", style: str = "") -> None:
    """A sentence on the standard output."""
    show(cell(text, style))


def note(text: str) -> None:
    """A sentence beside the output, on the standard error."""
    console(err=True).print(cell(text), soft_wrap=True)


def raw(data: bytes) -> None:
    """What a program has printed, as it is, and at once. Raises BrokenPipeError where nobody reads any more."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def as_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """For programs."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


def cell(text: object, style: str = "") -> Text:
    """Text from the cluster as it is: no markup, and nothing that a terminal would take as a command."""
    return Text("".join(char if char.isprintable() or char == "\n" else "?" for char in str(text)), style=style)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty one as kubectl draws them."""
    made = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        numeric = column in right
        # The last column holds sentences, and is the one that wraps on a narrow terminal.
        made.add_column(column, justify="right" if numeric else "left", no_wrap=column != columns[-1])
    return made


def picture(what: RenderableType, file: Path, title: str) -> None:
    """The same as an SVG. Raises OSError."""
    # 150 columns hold the table without wrapping its sentences more than once.
    recorder = Console(record=True, width=150, force_terminal=True, color_system="truecolor", file=io.StringIO())
    recorder.print(what)
    recorder.save_svg(str(file), title=title, code_format=_SVG)


def count(number: int, noun: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def age(span: timedelta) -> str:
    """`45s`, `12m`, `3h20m`, `5d`, as kubectl writes it."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 2 * _DAY:
        minutes = seconds % _HOUR // _MINUTE
        return f"{seconds // _HOUR}h" + (f"{minutes}m" if minutes else "")
    return f"{seconds // _DAY}d"
