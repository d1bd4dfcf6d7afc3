"""What is wrong with the settings that were given, in sentences: names and ranges, and never a value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from novita_operator.settings import Settings

_REMOVED = ("IDENTITY", "MOST_PROBES", "STUCK_AFTER")
"""Settings of earlier versions: who sets one still is told that it does nothing."""

_NOT_SETTINGS = ("NOVITA_CRASH_AT", "NOVITA_CRASH_MARK")
"""Read by tests that end the process at a named moment (crashpoints.py)."""

# Kubernetes gives each container the addresses of the Services beside it; ours begin with NOVITA_, too.
_SERVICE_LINK = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_\w+)?$")
_ALIKE = 0.85  # DEFAULT_REGIONS is meant to be DEFAULT_REGION; LOG_PATH is not meant to be LOG_LEVEL


def unknown(environment: Iterable[str]) -> list[str]:
    """One sentence for each variable that looks like a setting of ours and is none; names only, no values."""
    ours = [name.upper() for name in Settings.model_fields]
    asked = sorted(name for name in environment if name not in ours and name not in _NOT_SETTINGS)
    return [sentence for name in asked if (sentence := _about_unknown(name, ours))]


def _about_unknown(name: str, ours: Sequence[str]) -> str | None:
    if name in _REMOVED:
        return f"{name} is no setting any more and does nothing; remove it"
    alike = difflib.get_close_matches(name.upper(), ours, n=1, cutoff=_ALIKE)
    if alike:
        return f"{name} is no setting and does nothing; did you mean {alike[0]}?"
    if name.startswith("NOVITA_") and not _SERVICE_LINK.search(name):
        return f"{name} is no setting and does nothing; docs/reference/settings.md lists those that exist"
    return None


def complaints(error: ValidationError) -> list[str]:
    """One sentence per bad setting, by variable name and range, without the values (one of them is a key)."""
    return [_complaint(detail["loc"], detail["msg"]) for detail in error.errors(include_input=False)]


def _complaint(location: tuple[Any, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ")
    if not location:
        return reason
    name = str(location[0])
    field = Settings.model_fields.get(name)
    about = f" ({field.description}{_range(field)})" if field is not None and field.description else ""
    return f"{name.upper()}: {reason}{about}"


def _range(field: FieldInfo) -> str:
    bounds = {name: getattr(bound, name) for bound in field.metadata for name in ("ge", "le") if hasattr(bound, name)}
    return f" {bounds['ge']} to {bounds['le']}." if len(bounds) == 2 else ""  # noqa: PLR2004 - both ends
