"""What can go wrong, with a text for the person who typed the command."""

from __future__ import annotations


class CannotBuild(Exception):
    """The image was not built; the text says why and what helps."""
