"""What leaves the company with a support bundle: how things are, never what is in them. Pure.

What can hold a secret is named here by its key, wherever it occurs; whatever else a manifest holds stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from novita_operator.api.meta import GROUP

GONE = "<redacted>"

# People write tokens into all of these: values of variables, command lines, addresses of webhooks.
_SECRET_KEYS = frozenset({"command", "entrypoint", "value", "payload", "body", "password", "token", "apiKey"})
_ADDRESS_KEYS = frozenset({"url", "jupyter", "webTerminal", "baseUrl"})
# Addresses stand in messages, too. Whatever follows the host may be a credential, and so may the user before it.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_DROPPED_KEYS = frozenset({"managedFields"})


def cleaned(body: Any) -> Any:  # noqa: ANN401 - JSON
    """The same without secrets: annotations that are not ours, values of variables, addresses beyond their host."""
    match body:
        case dict():
            return {key: _cleaned(key, value) for key, value in body.items() if key not in _DROPPED_KEYS}
        case list():
            return [cleaned(each) for each in body]
        case str():
            return _ADDRESS.sub(lambda found: _host_only(found.group()), body)
        case _:
            return body


def _cleaned(key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    if key == "annotations" and isinstance(value, dict):
        return known_annotations(value)
    if key in _SECRET_KEYS and value is not None:
        return GONE
    if key in _ADDRESS_KEYS and isinstance(value, str):
        return _host_only(value)
    return cleaned(value)


def known_annotations(found: Mapping[str, str]) -> dict[str, str]:
    """Ours as they are; of others the name only: kubectl keeps whole manifests in one of its own."""
    return {key: value if key.startswith(f"{GROUP}/") else GONE for key, value in found.items()}


def _host_only(address: str) -> str:
    """Scheme, host and port; what else there was is gone."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return GONE
    if not host:
        return GONE
    shown = f"{parts.scheme}://" + (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    is_all = address.rstrip("/").lower() == shown
    return address if is_all else f"{shown}/{GONE}"
