"""One login for many programs: ssh's own connection sharing, for as long as one verb runs."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace

from novita_operator.plugin.login.session import Session

_SOCKET = "shared"
_UP = "up"


@contextlib.contextmanager
def shared(session: Session) -> Iterator[Session]:
    """The same session, logged in once. Where the connection breaks, each program logs in by itself. Raises Broken."""
    socket = ("-o", f"ControlPath={session.folder / _SOCKET}")
    first = replace(session, options=[*socket, "-o", "ControlMaster=yes", *session.options])
    ready = ("-o", "PermitLocalCommand=yes", "-o", f"LocalCommand=echo {_UP}", "-o", "ClearAllForwardings=yes")
    # It ends with this program, however that ends: then nobody holds the other end of its input.
    master = subprocess.Popen(  # noqa: S603 - ssh of the user's own PATH
        first.ssh("-T", *ready, command=["cat >/dev/null"]),
        env=dict(session.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with master:
        try:
            if not any(line.strip() == _UP for line in master.stdout or ()):
                raise session.refusal
            yield replace(session, options=[*socket, "-o", "ControlMaster=no", *session.options])
        finally:
            master.terminate()
