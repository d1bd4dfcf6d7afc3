"""What can go wrong, with a text for the person who typed the command."""

from __future__ import annotations


class CannotProvide(Exception):  # noqa: N818 - it says what happened
    """A binary is neither there nor can it be built; the text says what to install."""


class CannotStart(Exception):  # noqa: N818 - it says what happened
    """The control plane did not come up; the text has the end of the log that says why."""


class NotOurs(Exception):  # noqa: N818 - it says what happened
    """The directory holds something that no control plane has put there, so nothing in it is touched."""
