"""Where the ssh command that Novita gives out leads, and as whom (novita-api 4, 10). Pure.

It is read as OpenSSH reads it: options of one letter, with their values beside or behind them, then the destination.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

_WITH_VALUE = frozenset("BbcDEeFIiJLlmOoPpQRSWw")
"""The options of ssh that have a value."""
_DEFAULT_USER = "root"  # that of all images (novita-api 4)
_DEFAULT_PORT = "22"
_LAST_PORT = 65_535
# One colon is no address of IPv6, which is in brackets before a port.
HOST_AND_PORT = re.compile(r"(?P<host>[^:]+|\[[^\]]+\]):(?P<port>\d{1,5})")
# Nothing of them may look like an option to whoever runs ssh with them.
_HOST = re.compile(r"\w[\w.:-]*|[:][\w.:]+|\[[\w.:]+\]", re.ASCII)
_USER = re.compile(r"\w[\w.+-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """All empty where the command leads nowhere. `host`: in brackets where it is an address of IPv6."""

    host: str = ""
    port: str = ""
    user: str = ""


@dataclass(slots=True)
class _Words:
    """What the words of a command say. As for ssh, the first value of an option counts."""

    destination: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def take(self, option: str, value: str) -> None:
        if option == "o":
            name, _, value = value.replace("=", " ", 1).strip().partition(" ")
            option = {"port": "p", "user": "l"}.get(name.lower(), "")
        self.options.setdefault(option, value.strip())


def target(command: str) -> Target:
    """Host, port and user."""
    said = _read(_ssh_words(command))
    place = said.destination.removeprefix("ssh://").partition("/")[0]
    user, _, host = place.rpartition("@")
    joined = HOST_AND_PORT.fullmatch(host)
    host, behind = (joined["host"], joined["port"]) if joined is not None else (host, "")
    port = said.options.get("p") or behind or _DEFAULT_PORT
    user = user.partition(":")[0] or said.options.get("l") or _DEFAULT_USER
    if not _HOST.fullmatch(host) or not _USER.fullmatch(user) or not _is_port(port):
        return Target()
    return Target(f"[{host}]" if ":" in host and not host.startswith("[") else host, port, user)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_LAST_PORT)) and 0 < int(text) <= _LAST_PORT


def _ssh_words(command: str) -> list[str]:
    """The words behind `ssh`, whatever stands before it; without one, all, if they name a place to log in at."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    names = [word.rpartition("/")[2] for word in words]
    if "ssh" in names:
        return words[names.index("ssh") + 1 :]
    return words if words and ("@" in words[0] or words[0].startswith("ssh://")) else []


def _read(words: list[str]) -> _Words:
    said, left = _Words(), iter(words)
    for word in left:
        if word.startswith("-"):
            _take_options(said, word[1:], left)
        elif not said.destination:
            said.destination = word
        else:
            break  # the rest is a command for the machine
    return said


def _take_options(said: _Words, letters: str, left: Iterator[str]) -> None:
    """Of `-tp 40` the first has no value, and the second takes the next word."""
    for number, letter in enumerate(letters, 1):
        if letter in _WITH_VALUE:
            said.take(letter, letters[number:] or next(left, ""))
            return
