"""What can go wrong at a machine, named after what the caller does about it.

MachineError
├─ Unreachable       back off and try again: no command has left this process
│  └─ Busy           the same; our own connections are used up
├─ LoginRefused      read the connection details again, since each start may change them; then a person has to look
├─ HostKeyChanged    never go on: a person decides whether the machine is the same
├─ Interrupted       the command may run, may have run, or not: look before anything is repeated
├─ NotWritten        a file could not be written there: a person makes room, and we try again
└─ Unusable          give the machine up: no command of ours will ever run there
   ├─ NoShell        its image has no shell for commands over ssh
   └─ NoEnvironment  what the container was started with is not to be seen

Messages are ours alone, complete "Instance i-1 …", and never hold what the other side has said.
"""

from __future__ import annotations


class MachineError(Exception):
    """Something could not be done at a machine; the message completes "Instance i-1 …"."""


class Unreachable(MachineError):
    """No connection came about. Nothing was done."""


class Busy(Unreachable):
    """All connections that this process may have are in use."""


class LoginRefused(MachineError):
    """The machine answers with the right host key, and takes neither user nor password."""


class HostKeyChanged(MachineError):
    """Another host key than the one that was recorded. The password was not sent. `shown`: its fingerprint."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        super().__init__(f"shows the host key {shown}, which is not the recorded one")


class Interrupted(MachineError):
    """The connection, or our patience, ended before the command did."""


class NotWritten(MachineError):
    """The machine's disk takes no file of ours. What was there before is as it was."""


class Unusable(MachineError):
    """No program can be run there, now or later."""


class NoShell(Unusable):
    """What answers a command is no POSIX shell."""


class NoEnvironment(Unusable):
    """The variables of the container are not shown to a login."""
