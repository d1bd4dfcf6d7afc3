"""What it takes to get in: the connection Secret of one instance, read with the user's own right to that one Secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import rights
from novita_operator.plugin.cluster import Wrong

# What Novita says becomes arguments of ssh: nothing else of it may reach ssh as an option of its own.
_USER = re.compile(r"\w[\w.-]*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\]?")
_PORT = re.compile(r"[1-9]\d{0,4}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# One public key as OpenSSH writes it; a comment may follow.
_HOST_KEY = re.compile(r"(?P<key>[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3})( [^\r\n]*)?\n?")
_HOST_KEY_ENTRY = "host-key"


class NotYet(Wrong):
    """Nobody can get in now; it passes by itself."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who logs in where. `host_key`: type and key, as in a line of `known_hosts`; None where nobody recorded one.

    `alias`: the machine's name in `known_hosts`. Addresses are given to other machines later, this name never.
    """

    name: str
    alias: str
    host: str
    port: str
    user: str
    password: SecretStr
    host_key: str | None
    secret: str

    @property
    def place(self) -> str:
        """For ssh; scp and sftp want an address of IPv6 in brackets."""
        return f"{self.user}@{self.host}"

    @property
    def place_of_files(self) -> str:
        """For scp, sftp and rsync, which end it with a colon."""
        return f"{self.user}@[{self.host}]" if ":" in self.host else self.place


async def read(reader: Reader, found: GPUInstance) -> Access:
    """The access to this instance as it runs now. Raises NotYet, and Wrong where the right is missing."""
    name, namespace, connection = found.meta.name, found.meta.namespace, found.status.connection
    if connection is None or not connection.ssh or connection.secret_ref is None or found.status.instance_id is None:
        raise unreachable(found)
    secret = connection.secret_ref.name
    try:
        entries = (await reader.read_secret(namespace, secret)).entries
    except errors.NotFound:
        raise NotYet(f"{name}: its Secret {secret} is gone. The operator writes it again; try again then.") from None
    except errors.Forbidden:
        raise Wrong(rights.missing("the password", "secrets", secret, namespace)) from None
    if entries.get("instance-id") != found.status.instance_id:
        raise NotYet(
            f"{name}: Secret {secret} speaks of another instance. The operator writes it again; try again then."
        )
    return of(name, secret, entries)


def of(name: str, secret: str, entries: Mapping[str, str]) -> Access:
    """What the Secret's entries say. Raises Wrong, which names the entry and never shows a password."""

    def entry(key: str, form: re.Pattern[str]) -> str:
        value = entries.get(key, "")
        if form.fullmatch(value) is None:
            raise Wrong(f"{name}: entry {key} of Secret {secret} is {value!r}, which leads nowhere.")
        return value

    password = entries.get("password", "")
    if not password or not password.isprintable():
        raise Wrong(f"{name}: entry password of Secret {secret} is empty, or more than one line.")
    return Access(
        name=name,
        alias=f"novita-{entry('instance-id', _ID)}",
        host=entry("host", _HOST).strip("[]"),
        port=entry("port", _PORT),
        user=entry("username", _USER),
        password=SecretStr(password),
        host_key=_host_key(name, secret, entries),
        secret=secret,
    )


def _host_key(name: str, secret: str, entries: Mapping[str, str]) -> str | None:
    if not (said := entries.get(_HOST_KEY_ENTRY, "")):
        return None
    found = _HOST_KEY.fullmatch(said)
    if found is None:
        raise Wrong(f"{name}: entry {_HOST_KEY_ENTRY} of Secret {secret} is no public key of OpenSSH's form.")
    return found["key"]


def unreachable(found: GPUInstance) -> NotYet:
    """What to say of an instance that nobody can log in to now."""
    name, namespace = found.meta.name, found.meta.namespace
    return NotYet(
        f"{name} cannot be reached now ({found.status.phase or 'not looked at yet'}). "
        f"`kubectl wait --for=condition=Ready gpui/{name} -n {namespace}` waits until it can."
    )
