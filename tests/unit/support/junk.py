"""Values that nobody should write and somebody will: JSON of any shape, and the texts that have hurt before."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

HURTFUL = (
    *("", " ", "x" * 5000, "\u0130", "\x00", "\ud800", "Infinity", "NaN", "-1", "1e400", "9" * 5000, "null", "[]"),
    *("Brazil", "America", "US", "Etc", "Europe", "..", "../../x?y=z#", "__init__.py", "tzdata.zi", "/etc/passwd"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
    *("2999-12-31T23:59:59Z", "2026-11-24T12:00:00", "2026-02-30T12:00:00Z", "yesterday", "0 0 31 2 *", "* * * * *"),
    *("99 99 * * *", "0 0 * * 1-1000000000", "0 0 30 2 1#6", '{"attempt": Infinity}', "[" * 20_000, "0.50", "1E+12"),
    *("i-1", "I-1", "Running", "Delete", "StartupTimeout", "SpotReclaimed", "PriceAboveLimit", "True", "Ready"),
)
NUMBERS = (0, -1, 1, 2**31, 2**62, 10**30, 0.5, -0.0, 1e308, True, False)

scalars = st.none() | st.sampled_from(HURTFUL) | st.sampled_from(NUMBERS) | st.text(max_size=8) | st.integers()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every part of a JSON value, the value itself left out."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for key, part in parts for way in ((*at, key), *paths(part, (*at, key)))]


def put(value: Any, way: tuple[Any, ...], junk: Any) -> None:
    """Put this at the end of the way, in place."""
    for key in way[:-1]:
        value = value[key]
    value[way[-1]] = junk


@st.composite
def spoiled(draw: st.DrawFn, whole: Any, most: int = 3) -> Any:
    """A copy of a JSON value in which some parts are junk."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, most))):
        ways = paths(value)
        if ways:
            put(value, draw(st.sampled_from(ways)), draw(anything))
    return value
