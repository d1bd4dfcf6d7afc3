"""A machine's folder: the root disk, which outlives stop and start, and beside it what its user cannot change."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from novita_operator.simulator.machines.owner import Owner
from novita_operator.simulator.state.order import Env

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELLS = ("/bin/bash", "/bin/sh")
_TRAVERSED = 0o711  # others may pass, and not look
_PRIVATE = 0o700


@dataclass(frozen=True)
class Disk:
    """Below `folder`, which is this machine's alone."""

    folder: Path
    owner: Owner

    @property
    def root(self) -> Path:
        """What `/` means in file transfers."""
        return self.folder / "disk"

    @property
    def home(self) -> Path:
        return self.root / "root"

    @property
    def programs(self) -> Path:
        """First on the machine's PATH."""
        return self.folder / "bin"

    @property
    def host_key(self) -> Path:
        """As long as the root disk, as at Novita, where it is a file on it."""
        return self.folder / "ssh_host_ed25519_key"

    @property
    def log(self) -> Path:
        """What the container's program has printed."""
        return self.folder / "container.log"

    def prepare(self) -> None:
        """Makes what is not there."""
        self.folder.mkdir(mode=_TRAVERSED, parents=True, exist_ok=True)
        self.programs.mkdir(exist_ok=True)
        for path in (self.root, self.home, self.root / "tmp"):
            if not path.exists():
                path.mkdir(mode=_PRIVATE)
                self.owner.own(str(path))

    def wipe(self) -> None:
        """A new container: an empty disk, another host key."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.host_key.unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, envs: Iterable[Env]) -> Mapping[str, str]:
        """The instance's variables, and what no program can do without; nothing of the simulator's own."""
        given = {env.key: env.value for env in envs if "=" not in env.key and "\0" not in env.key + env.value}
        return {
            "LANG": "C.UTF-8",
            **given,
            "PATH": f"{self.programs}:{given.get('PATH') or _PATH}",
            "HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "USER": self.owner.name,
            "LOGNAME": self.owner.name,
            "SHELL": shell(),
        }


def shell() -> str:
    """The best one that this computer has."""
    return next((path for path in _SHELLS if Path(path).exists()), _SHELLS[-1])
