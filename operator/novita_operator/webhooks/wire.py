"""JSON as it is sent, and text that is cut to what a product takes. Pure."""

from __future__ import annotations

import json
from typing import Any


def encoded(content: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """The JSON text; exactly these bytes are signed."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def cut(text: str, most: int) -> str:
    """At most so many characters, with a sign that some are missing."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
