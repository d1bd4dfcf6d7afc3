"""Host keys of ssh servers as people know them: one line in OpenSSH's form, and its fingerprint. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

# What a server is asked for, always in this order, so that one with several keys always shows the same one. Each name
# is that of a signature; those of RSA all belong to the key type `ssh-rsa`.
ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_LINE_CHARS = 4096  # an RSA key of 16,384 bits has 2,800
_LENGTH_BYTES = 4  # before each part of a key's blob (RFC 4253, 6.6)


class NoHostKey(ValueError):
    """The text is no public key in OpenSSH's form."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key. `line`: `ssh-ed25519 AAAA…`, without a comment, as in `known_hosts` after the host."""

    line: str

    @classmethod
    def parse(cls, text: str) -> HostKey:
        """Read a line; a comment at its end is left out. Raises NoHostKey."""
        parts = text.split() if len(text) <= _LINE_CHARS else []
        if len(parts) < 2:  # noqa: PLR2004 - the type, and the key itself
            raise NoHostKey("is not one line of a type and a key")
        made = cls(f"{parts[0]} {parts[1]}")
        if not made._blob.startswith(len(parts[0]).to_bytes(_LENGTH_BYTES, "big") + parts[0].encode()):
            raise NoHostKey("names another type than the key in it")
        return made

    @property
    def fingerprint(self) -> str:
        """`SHA256:…`, as ssh and ssh-keygen print it."""
        digest = hashlib.sha256(self._blob).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    @property
    def _blob(self) -> bytes:
        try:
            return base64.b64decode(self.line.partition(" ")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoHostKey("is not in base64") from error
