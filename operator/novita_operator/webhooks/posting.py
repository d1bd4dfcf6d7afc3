"""One try of one webhook: body, key, signature, POST."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from novita_operator import crashpoints, secrecy
from novita_operator.api.gpu_instance.life import NotificationSecretRef
from novita_operator.clock import Clock
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient
from novita_operator.webhooks import signing
from novita_operator.webhooks.answers import Answer, Delivered, Failed, Refused
from novita_operator.webhooks.formats import rendering
from novita_operator.webhooks.outbox import Waiting
from novita_operator.webhooks.receivers import Receiver
from novita_operator.webhooks.sending import Sender


class _NoKey(Exception):
    """The signing key cannot be had; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Poster:
    """Tries webhooks. Keys are read anew each time: they are rotated, and this process need not hold them."""

    kube: KubeClient
    sender: Sender
    clock: Clock

    async def post(self, waiting: Waiting, receiver: Receiver) -> Answer:
        """One try; reasons are whole sentences that show neither path nor query of the URL."""
        query = urlsplit(receiver.url.get_secret_value()).query
        secrecy.SECRETS.add(query)
        try:
            secret = await self._secret(receiver, waiting.resource.meta.namespace)
        except _NoKey as error:
            return Failed(str(error))
        body = rendering.body(receiver.format, waiting.told, waiting.resource)
        headers = signing.headers(body, waiting.told.id, self.clock.now(), secret)
        crashpoints.reached("webhook.before-post")
        tenant = "" if receiver.trusted else waiting.resource.meta.namespace
        answer = await self.sender.post(receiver.url, body, headers, trusted=receiver.trusted, tenant=tenant)
        crashpoints.reached("webhook.after-post")
        match answer:
            case Delivered():
                return answer
            case Refused(reason):
                return Refused(f"{receiver.shown} {reason}")
            case Failed(reason, at_least):
                return Failed(f"{receiver.shown} {reason}", at_least)

    async def _secret(self, receiver: Receiver, namespace: str) -> str | None:
        if receiver.secret_ref is not None:
            secret = await self._referred(receiver.secret_ref, namespace)
        elif receiver.secret is not None:
            secret = receiver.secret.get_secret_value()
        else:
            return None
        secrecy.SECRETS.add(secret)
        return secret

    async def _referred(self, ref: NotificationSecretRef, namespace: str) -> str:
        field = "spec.notifications[].secretRef"
        try:
            found = await self.kube.read_secret(namespace, ref.name)
        except errors.NotFound as error:
            raise _NoKey(f'{field}: there is no Secret "{ref.name}" in this namespace') from error
        except errors.KubeError as error:
            raise _NoKey(f'{field}: Secret "{ref.name}" cannot be read ({type(error).__name__})') from error
        if ref.key in found.binary:
            raise _NoKey(
                f'{field}: the entry "{ref.key}" of Secret "{ref.name}" is binary, and a key that signs is text'
            )
        # An empty key would sign, and prove nothing.
        if not found.entries.get(ref.key):
            raise _NoKey(f'{field}: Secret "{ref.name}" has no entry "{ref.key}"')
        return found.entries[ref.key]
