"""Who owns a machine's processes and files: the person who started the simulator, or `nobody` where that is root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import Any

_UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Owner:
    """`drops`: another user than the simulator's own."""

    uid: int
    gid: int
    name: str
    drops: bool

    @classmethod
    def here(cls) -> Owner:
        """Raises KeyError where root has no user `nobody`."""
        uid = os.geteuid()
        if uid == 0:
            entry = pwd.getpwnam(_UNPRIVILEGED)
            return cls(entry.pw_uid, entry.pw_gid, entry.pw_name, drops=True)
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:  # a container may run as a user that it has no entry for
            name = str(uid)
        return cls(uid, os.getegid(), name, drops=False)

    @property
    def of_process(self) -> dict[str, Any]:
        """What makes a new process run as this owner."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drops else {}

    def own(self, path: str | bytes | int) -> None:
        """Gives the owner a path (not what a link leads to) or an open file."""
        if self.drops and isinstance(path, int):
            os.fchown(path, self.uid, self.gid)
        elif self.drops:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
