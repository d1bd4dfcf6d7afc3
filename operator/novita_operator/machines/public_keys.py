"""Public keys as people paste them: one line in OpenSSH's form, read strictly, since sshd skips what it cannot read.

No message repeats what was pasted: it may be the private half. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

MOST_KEYS = 100
"""Of one machine, from wherever they come."""
MOST_CHARS = 64 * 1024
"""Of all of them together, comments included."""
_LINE_CHARS = 4096  # an RSA key of 16,384 bits has 2,800
_COMMENT_CHARS = 256
_RSA_BITS = 1024, 16_384  # what sshd takes without being told otherwise, and what OpenSSH can make
_PRIVATE = re.compile(r"PRIVATE KEY|PuTTY-User-Key-File|^b3BlbnNzaC1rZXktdjEA", re.MULTILINE)
_LENGTH_BYTES = 4  # before each part of a key's blob (RFC 4253, 6.6)
_ED25519_BYTES = 32
_POINT_BYTES = {b"nistp256": 65, b"nistp384": 97, b"nistp521": 133}
_UNCOMPRESSED = 4

_WAY_OUT = "Give the line of a .pub file, such as `ssh-ed25519 AAAA… jane@example.com`"
_PRIVATE_WORDS = (
    "is a private key. Give the public one: the line of the file that ends in .pub. Make a new pair for it, since "
    "whoever can read this place may have seen the private key"
)
_OPTIONS_WORDS = (
    "has options, or something else, in front of the key, and a key alone is taken. Write such a line into "
    "~/.ssh/authorized_keys yourself, outside the operator's block: it stays"
)
_Parts = tuple[bytes, ...]


class NoPublicKey(ValueError):
    """The text is none that may log in; the message completes "spec.authorizedKeys[0] …"."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One that may log in. `line`: type, key and comment, with one blank between them."""

    line: str

    @property
    def key(self) -> str:
        """Without the comment: two lines of the same are one key."""
        return " ".join(self.line.split(" ", 2)[:2])


@dataclass(frozen=True, slots=True)
class Keys:
    """What is to be on a machine."""

    lines: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names them, in their order."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:32]


def parse(text: str) -> PublicKey:
    """Read one line. Raises NoPublicKey."""
    if _PRIVATE.search(text):
        raise NoPublicKey(_PRIVATE_WORDS)
    if "BEGIN SSH2" in text:
        raise NoPublicKey("is a key in the form of SSH2. `ssh-keygen -i -f FILE` prints it as the one line that counts")
    stripped = text.strip()
    if not stripped or stripped.startswith("#"):
        raise NoPublicKey(f"holds no key. {_WAY_OUT}")
    if len(stripped.splitlines()) > 1:
        raise NoPublicKey("holds several lines. Make each key an entry of its own")
    if len(stripped) > _LINE_CHARS:
        raise NoPublicKey(f"has {len(stripped)} characters, and a key has {_LINE_CHARS} at most. {_WAY_OUT}")
    kind, *rest = stripped.split(None, 2)
    _check_kind(kind)
    if not rest:
        raise NoPublicKey(f"names a type and no key. {_WAY_OUT}")
    _check(kind, rest[0])
    comment = "".join(char if char.isprintable() else " " for char in " ".join(rest[1:]))[:_COMMENT_CHARS]
    return PublicKey(" ".join([kind, rest[0], *comment.split()]))


def numbered(text: str) -> Iterable[tuple[int, str]]:
    """The lines of an authorized_keys file that hold something, with their numbers from 1."""
    if _PRIVATE.search(text):  # as a whole: a line of it alone may look like anything
        raise NoPublicKey(_PRIVATE_WORDS)
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def together(found: Iterable[PublicKey]) -> Keys:
    """All of them, each once. Raises NoPublicKey where they are too many; the message completes "the keys …"."""
    once: dict[str, str] = {}
    for each in found:
        once.setdefault(each.key, each.line)
    size = sum(len(line) + 1 for line in once.values())
    if len(once) > MOST_KEYS:
        raise NoPublicKey(f"are {len(once)}, and one machine takes {MOST_KEYS}. Leave some out")
    if size > MOST_CHARS:
        raise NoPublicKey(f"have {size} characters together, and {MOST_CHARS} are taken. Leave some out")
    return Keys(tuple(once.values()))


def _check_kind(kind: str) -> None:
    if kind in _CHECKS:
        return
    if kind in {"ssh-dss", "ssh-dsa"}:
        raise NoPublicKey("is a DSA key, which OpenSSH no longer takes. `ssh-keygen -t ed25519` makes one that it does")
    if "-cert-v0" in kind:
        raise NoPublicKey("is a certificate, and a key is taken. Give the line of the .pub file that it was made of")
    raise NoPublicKey(
        f"{_OPTIONS_WORDS}. {_WAY_OUT}" if _has_a_key(kind) else f"begins with no type of key. {_WAY_OUT}"
    )


def _has_a_key(word: str) -> bool:
    """Whether this may be an option of sshd, which come before the type."""
    return bool(re.match(r"(?i)(restrict|cert-authority|no-|command=|environment=|from=|permit|principals=|pty|tunnel=|"
                         r"expiry-time=|agent-|port-|user-rc|x11-|verify-required|touch-)", word))  # fmt: skip


def _check(kind: str, encoded: str) -> None:
    try:
        parts = _parts(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise NoPublicKey(f"is damaged: what follows its type is no whole key. {_WAY_OUT}") from None
    if not parts or parts[0] != kind.encode():
        raise NoPublicKey(f"names the type {kind}, and the key in it is of another one. {_WAY_OUT}")
    if kind == "ssh-rsa":
        _check_rsa(parts)
    elif not _CHECKS[kind](parts[1:]):
        raise NoPublicKey(f"is damaged: it is no whole key of the type {kind}. {_WAY_OUT}")


def _parts(blob: bytes) -> _Parts:
    """Raises ValueError where it does not end with a part."""
    found, at = [], 0
    while at < len(blob):
        size = int.from_bytes(blob[at : at + _LENGTH_BYTES], "big")
        at += _LENGTH_BYTES
        if at + size > len(blob):
            raise ValueError("cut short")
        found.append(blob[at : at + size])
        at += size
    return tuple(found)


def _check_rsa(parts: _Parts) -> None:
    if not _is_rsa(parts[1:]):
        raise NoPublicKey(f"is damaged: it is no whole key of the type ssh-rsa. {_WAY_OUT}")
    bits, (least, most) = int.from_bytes(parts[2], "big").bit_length(), _RSA_BITS
    if not least <= bits <= most:
        raise NoPublicKey(f"is an RSA key of {bits} bits, and OpenSSH takes {least} to {most}. Make another one")


def _is_rsa(parts: _Parts) -> bool:
    return len(parts) == 2 and all(parts)  # noqa: PLR2004 - exponent and modulus


def _is_ed25519(parts: _Parts) -> bool:
    return len(parts) == 1 and len(parts[0]) == _ED25519_BYTES


def _is_ecdsa(curve: str) -> Callable[[_Parts], bool]:
    name = curve.encode()

    def check(parts: _Parts) -> bool:
        point = parts[1] if len(parts) == 2 and parts[0] == name else b""  # noqa: PLR2004 - curve and point
        return len(point) == _POINT_BYTES[name] and point[0] == _UNCOMPRESSED

    return check


def _on_a_device(check: Callable[[_Parts], bool]) -> Callable[[_Parts], bool]:
    """A key of a hardware token: the application's name follows."""
    return lambda parts: len(parts) > 1 and bool(parts[-1]) and check(parts[:-1])


_CHECKS: Mapping[str, Callable[[_Parts], bool]] = {
    "ssh-ed25519": _is_ed25519,
    "ssh-rsa": _is_rsa,
    "ecdsa-sha2-nistp256": _is_ecdsa("nistp256"),
    "ecdsa-sha2-nistp384": _is_ecdsa("nistp384"),
    "ecdsa-sha2-nistp521": _is_ecdsa("nistp521"),
    "sk-ssh-ed25519@openssh.com": _on_a_device(_is_ed25519),
    "sk-ecdsa-sha2-nistp256@openssh.com": _on_a_device(_is_ecdsa("nistp256")),
}
"""What follows the type in the blob of a key (PROTOCOL, PROTOCOL.u2f of OpenSSH; RFC 5656)."""
