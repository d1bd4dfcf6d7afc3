"""Which host key ssh must see: that of the Secret; without one, the first that is seen, if the user says so."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from novita_operator.plugin import printing
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login.access import Access
from novita_operator.plugin.options import TRUST_NEW_FLAG

_FILE = "known_hosts"


def options(access: Access, folder: Path, *, trust_new: bool) -> dict[str, str]:
    """Options of ssh. Raises Wrong where there is no key to compare with, and the user has not said to trust one."""
    if access.host_key is not None:
        pinned = folder / _FILE
        pinned.write_text(f"{access.alias} {access.host_key}\n")
        return _checked_with(pinned, "yes")
    own = Path.home() / ".ssh" / _FILE
    if _is_known(access.alias, own):
        return _checked_with(own, "yes")
    if not trust_new:
        raise Wrong(
            f"Secret {access.secret} has no entry host-key: the operator has not recorded yet which host key "
            f"{access.name} shows, so somebody between here and there could take its place. Try again in a minute. "
            f"{TRUST_NEW_FLAG} trusts the key that it shows now, and keeps it in {own} for the next time."
        )
    printing.note(f"Secret {access.secret} has no entry host-key: the key that {access.name} shows now is trusted.")
    own.parent.mkdir(mode=0o700, exist_ok=True)
    return _checked_with(own, "accept-new")


def _checked_with(file: Path, how: str) -> dict[str, str]:
    return {"UserKnownHostsFile": f'"{file}"', "GlobalKnownHostsFile": "/dev/null", "StrictHostKeyChecking": how}


def _is_known(alias: str, file: Path) -> bool:
    program = shutil.which("ssh-keygen")
    if program is None or not file.exists():
        return False
    asked = [program, "-F", alias, "-f", str(file)]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0  # noqa: S603 - of the user's own PATH
