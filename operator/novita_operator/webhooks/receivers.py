"""Who is told: the receivers of an object, from its spec or from the operator's settings. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from novita_operator.api.gpu_instance.life import Notification, NotificationSecretRef
from novita_operator.api.gpu_instance.notifications import EventName, NotificationFormat
from novita_operator.api.gpu_instance.resource import GPUInstance

DEFAULT = "default"
"""The id of the operator's own receiver, WEBHOOK_URL: whatever that setting says when the webhook is sent."""
_ID_DIGITS = 12  # 48 bits: eight receivers of one object never meet by chance


@dataclass(frozen=True, slots=True)
class Default:
    """What an administrator has set: WEBHOOK_URL for objects that name no receiver, WEBHOOK_SECRET for both."""

    url: SecretStr | None = None
    secret: SecretStr | None = None
    format: NotificationFormat = "Event"


@dataclass(frozen=True, slots=True)
class Receiver:
    """One place to tell.

    `trusted`: an administrator chose the URL, so that any address is right. `secret` signs unless `secret_ref` names
    another one.
    """

    id: str
    url: SecretStr
    events: frozenset[EventName] = frozenset()
    secret_ref: NotificationSecretRef | None = None
    secret: SecretStr | None = None
    trusted: bool = False
    format: NotificationFormat = "Event"

    def wants(self, event: EventName) -> bool:
        """Whether it is told of this event."""
        return not self.events or event in self.events

    @property
    def shown(self) -> str:
        """The URL for people: paths and queries of webhooks often hold a token."""
        return origin(self.url)


def of(resource: GPUInstance, default: Default) -> tuple[Receiver, ...]:
    """The receivers of an object."""
    told = resource.spec.notifications
    if told:
        return tuple(_named(each, default) for each in told)
    if default.url is None:
        return ()
    return (Receiver(DEFAULT, default.url, secret=default.secret, trusted=True, format=default.format),)


def _named(told: Notification, default: Default) -> Receiver:
    return Receiver(
        id_of(told.url),
        SecretStr(told.url),
        frozenset(told.events),
        told.secret_ref,
        default.secret,
        format=told.format,
    )


def find(receivers: Sequence[Receiver], wanted: str, event: EventName) -> Receiver | None:
    """The receiver of this id. One URL may stand there twice: then the entry that wants the event."""
    same = [receiver for receiver in receivers if receiver.id == wanted]
    return next((receiver for receiver in same if receiver.wants(event)), same[0] if same else None)


def id_of(url: str) -> str:
    """What stands for a URL in the status, which must not show its token."""
    return hashlib.sha256(url.encode()).hexdigest()[:_ID_DIGITS]


def origin(url: SecretStr) -> str:
    """Scheme, host and port of a URL."""
    try:
        parts = urlsplit(url.get_secret_value())
        port = f":{parts.port}" if parts.port is not None else ""
        host = parts.hostname or ""
    except ValueError:
        return "a URL that cannot be read"
    return f"{parts.scheme}://[{host}]{port}" if ":" in host else f"{parts.scheme}://{host}{port}"
