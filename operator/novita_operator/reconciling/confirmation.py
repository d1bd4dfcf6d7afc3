"""What a person confirms by a number in an annotation of the account: it counts for what was there, and no later. Pure.

A time may stand behind the number, `4/2026-11-24T12:00:00Z`, so that as many can be confirmed once more.
"""

from __future__ import annotations


def says(said: str | None, count: int, spent: str | None) -> bool:
    """Whether a person means these `count`. `spent`: what was said of earlier ones."""
    return said != spent and _number(said) == str(count)


def wanted(annotation: str, count: int, spent: str | None) -> str:
    """The annotation that confirms; with a time where the number alone has confirmed earlier ones."""
    again = "/<time of now>" if _number(spent) == str(count) else ""
    return f"{annotation}={count}{again}"


def _number(said: str | None) -> str | None:
    return None if said is None else said.partition("/")[0]
