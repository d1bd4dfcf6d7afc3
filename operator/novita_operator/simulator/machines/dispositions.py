"""What signals do to the programs of machines, whatever they do to the simulator."""

from __future__ import annotations

import signal
import threading

# `nohup` ignores the first, a shell's background jobs the next two, some supervisors the rest.
_INHERITED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP)


def as_at_boot() -> None:
    """A program started from now on is ended by these signals, also where the simulator's own starter ignores them.

    What is ignored stays so in children, what is caught does not: the simulator catches it, and does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python lets nobody else say what a signal does
    for each in _INHERITED:
        if signal.getsignal(each) is signal.SIG_IGN:
            signal.signal(each, lambda _number, _frame: None)
