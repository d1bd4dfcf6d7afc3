"""CEL that compares a spec with its past: in lists, a field without a value equals one that says the default.

Items of lists have no defaults in a CRD (`crd.py`). What was stored when they had some holds them all the same, and
the same manifest, applied again, must not look like a change. Optional types (`a.?b`) would be shorter; the API server
takes the cost of comparing them to be without bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


def same(field: str, new: str, old: str) -> str:
    """That a field, which may be absent, has the same value in both. `new` and `old`: CEL for what holds it."""
    compared = _LISTS.get(field, _equal)
    return _both_absent_or(f"{new}.{field}", f"{old}.{field}", compared)


def same_in_all(fields: Iterable[str], new: str, old: str) -> str:
    """That each of these fields has the same value in both."""
    return _all(*(f"({same(field, new, old)})" for field in fields))


def _both_absent_or(new: str, old: str, compared: Callable[[str, str], str]) -> str:
    return f"has({new}) == has({old}) && (!has({new}) || {compared(new, old)})"


def _equal(new: str, old: str) -> str:
    return f"{new} == {old}"


def _all(*parts: str) -> str:
    return " && ".join(parts)


def _env(new: str, old: str) -> str:
    # Most are equal as they are. To compare all values with all values is more than the API server's budget allows.
    found = f"{new}.all(a, a in {old} || {old}.exists(b, {_variable('a', 'b')}))"
    return f"(size({new}) == size({old}) && {found})"


def _ports(new: str, old: str) -> str:
    return f"(size({new}) == size({old}) && {_each_is_in(new, old, _port)})"


def _notifications(new: str, old: str) -> str:
    # Unlike names of variables and numbers of ports, receivers may be listed twice: both ways, or one could get lost.
    return _alike_both_ways(new, old, _receiver)


def _key_sources(new: str, old: str) -> str:
    # One may be listed twice, as receivers may.
    return _alike_both_ways(new, old, _source)


_LISTS = {"authorizedKeysFrom": _key_sources, "env": _env, "ports": _ports, "notifications": _notifications}
"""The lists whose items have fields with a default."""


def _alike_both_ways(new: str, old: str, compared: Callable[[str, str], str]) -> str:
    both_ways = (_each_is_in(new, old, compared), _each_is_in(old, new, compared))
    return f"({_all(f'size({new}) == size({old})', *both_ways)})"


def _each_is_in(these: str, those: str, compared: Callable[[str, str], str]) -> str:
    return f"{these}.all(a, {those}.exists(b, {compared('a', 'b')}))"


def _variable(new: str, old: str) -> str:
    return _all(
        f"{new}.name == {old}.name",
        f"has({new}.valueFrom) && has({old}.valueFrom)",
        _source(f"{new}.valueFrom", f"{old}.valueFrom"),
    )


def _source(new: str, old: str) -> str:
    references = (
        _both_absent_or(f"{new}.{name}", f"{old}.{name}", _reference) for name in ("secretKeyRef", "configMapKeyRef")
    )
    return f"({_all(*references)})"


def _reference(new: str, old: str) -> str:
    optional = (f"(has({each}.optional) && {each}.optional)" for each in (new, old))
    return f"({_all(f'{new}.name == {old}.name', f'{new}.key == {old}.key', ' == '.join(optional))})"


def _port(new: str, old: str) -> str:
    return _all(f"{new}.port == {old}.port", _same_or_default(f"{new}.protocol", f"{old}.protocol", "HTTP"))


def _receiver(new: str, old: str) -> str:
    return _all(
        f"{new}.url == {old}.url",
        _same_or_default(f"{new}.format", f"{old}.format", "Event"),
        _both_absent_or(f"{new}.events", f"{old}.events", _equal),
        _both_absent_or(f"{new}.secretRef", f"{old}.secretRef", _signing_key),
    )


def _signing_key(new: str, old: str) -> str:
    return f"({_all(f'{new}.name == {old}.name', _same_or_default(f'{new}.key', f'{old}.key', 'secret'))})"


def _same_or_default(new: str, old: str, default: str) -> str:
    return (
        f"(has({new}) ? (has({old}) ? {new} == {old} : {new} == '{default}') : (!has({old}) || {old} == '{default}'))"
    )
