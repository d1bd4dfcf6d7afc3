"""What is wrong with a spec, in words that may be shown to everybody who can read the object."""

from __future__ import annotations

from pydantic import ValidationError

_MOST = 5  # more fields than that are another version of the schema, and the list helps nobody


def of_spec(error: ValidationError) -> str:
    """The fields and what is wrong with each. Without the values: one may be a password somebody put into `env`."""
    found = error.errors(include_input=False, include_url=False)[:_MOST]
    return "; ".join(f"spec.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)
