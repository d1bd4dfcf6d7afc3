"""The headers of a webhook, with its signatures. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from novita_operator import __version__

USER_AGENT = f"novita-operator/{__version__}"


def headers(body: bytes, delivery: str, at: datetime, secret: str | None) -> dict[str, str]:
    """What goes with these bytes at this moment. Without a secret nothing is signed.

    `x-signature` is what receivers of the REST gateway check: the body alone. `webhook-*` are those of the Standard
    Webhooks specification: id, time and body are signed together, so that an old request cannot be sent again.
    """
    seconds = str(int(at.timestamp()))
    found = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": delivery,
        "webhook-timestamp": seconds,
    }
    if secret is None:
        return found
    key = secret.encode()
    signed = b".".join((delivery.encode(), seconds.encode(), body))
    return found | {
        "x-signature": f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}",
        "webhook-signature": f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}",
    }
