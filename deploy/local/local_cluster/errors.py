"""What can go wrong, with a text for the person who typed the command."""

from __future__ import annotations


class CannotProvide(Exception):
    """A binary is neither there nor can it be built; the text says what to install."""


class Unavailable(Exception):
    """A file of a release cannot be had here and now, so its program is built; the text says why, without secrets."""


class ServerUnreachable(Unavailable):
    """Nothing answers at all: other files of that server need not be asked for."""


class CannotStart(Exception):
    """The control plane did not come up; the text has the end of the log that says why."""


class NotOurs(Exception):
    """The directory holds something that no control plane has put there, so nothing in it is touched."""


class CannotHost(Exception):
    """No node can run on this machine; the text says why, and what works here."""


class NotRunning(Exception):
    """Something was asked of a cluster that does not run; the text says how to start it."""
