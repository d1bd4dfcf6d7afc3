"""The system's OpenSSH: where its programs are, how new they are, and the options that every one of them gets."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login.access import Access

_VERSION = re.compile(r"OpenSSH\D*(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Ability:
    """What OpenSSH can do since this version. `without`: what a person does who has an older one."""

    what: str
    since: tuple[int, int]
    without: str


ASKS_A_PROGRAM = Ability(
    "be given a password by a program (SSH_ASKPASS_REQUIRE)",
    (8, 4),
    "`kubectl novita ssh NAME --print` prints the command, and where the password is.",
)
COPIES_BY_SFTP = Ability(
    "copy by sftp (scp -s)",
    (8, 7),
    "`kubectl novita exec -i NAME -- tar x < FILE.tar` copies without scp.",
)


def program(name: str) -> str:
    """Its path. Raises Wrong where it is missing."""
    found = shutil.which(name)
    if found is None:
        raise Wrong(f"there is no {name} on this machine; it comes with OpenSSH (Debian: openssh-client).")
    return found


def require(ability: Ability) -> None:
    """Raises Wrong where the system's OpenSSH is too old for it."""
    said = subprocess.run([program("ssh"), "-V"], capture_output=True, text=True, check=False)  # noqa: S603 - in PATH
    found = _VERSION.search(said.stderr + said.stdout)
    if found is not None and (int(found[1]), int(found[2])) < ability.since:
        newer = ".".join(map(str, ability.since))
        raise Wrong(f"{found[0]} cannot {ability.what}; that takes {newer} or newer. {ability.without}")


def options(access: Access, host_key: Mapping[str, str]) -> list[str]:
    """`-o` for all of them. They win over the user's own configuration, which may still say how to get there."""
    every = {
        **host_key,
        "HostKeyAlias": access.alias,
        # Nothing else may say that a host key is right.
        "IgnoreUnknown": "KnownHostsCommand",  # OpenSSH 8.5 knows it
        "KnownHostsCommand": "none",
        "VerifyHostKeyDNS": "no",
        "NoHostAuthenticationForLocalhost": "no",
        "CheckHostIP": "no",
        "UpdateHostKeys": "no",
        "BatchMode": "no",
        "PasswordAuthentication": "yes",
        "PreferredAuthentications": "password,keyboard-interactive,publickey",
        "NumberOfPasswordPrompts": "1",
        # A connection that is shared by host and port could be to the machine that had them before.
        "ControlMaster": "no",
        "ControlPath": "none",
        "RemoteCommand": "none",
        # A rented machine is somebody else's: what acts in the user's name stays here.
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "3",
    }
    return [part for name, value in every.items() for part in ("-o", f"{name}={value}")]
