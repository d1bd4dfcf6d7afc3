"""What can go wrong in the demo."""

from __future__ import annotations


class DemoFailed(Exception):
    """The text says what happened, and what the person can do."""
