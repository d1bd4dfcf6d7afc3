"""Merge patches: applying the difference gives the new object."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from novita_operator.kube import merging

VALUES = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def applied(patch: Any, target: Any) -> Any:
    """RFC 7386, section 2, to the letter."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = applied(value, result.get(key))
    return result


@given(OBJECTS, OBJECTS)
def test_applying_the_difference_gives_the_new_object(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert applied(merging.difference(old, new), old) == new


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(same: dict[str, Any]) -> None:
    assert merging.difference(same, same) == {}
