"""How webhooks write JSON and moments, in whatever form. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any


def encoded(content: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """The JSON text; exactly these bytes are signed."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def moment(at: datetime) -> str:
    """Whole seconds, UTC, RFC 3339."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
