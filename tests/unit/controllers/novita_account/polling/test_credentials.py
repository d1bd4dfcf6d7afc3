"""What is said of a Secret that holds no API key."""

from __future__ import annotations

from typing import cast

import pytest

from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.controllers.novita_account.polling.credentials import Credentials
from novita_operator.kube import bodies
from novita_operator.kube.bodies import Content
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling.account_health import KeyMissing

_ACCOUNT = {
    "metadata": {"name": "default", "uid": "u-1", "creationTimestamp": "2026-11-24T12:00:00Z"},
    "spec": {"apiKeySecretRef": {"name": "novita", "key": "apiKey"}},
}


class _Secrets:
    def __init__(self, **data: str | None) -> None:
        self._data = data

    async def read_secret(self, _namespace: str, _name: str) -> Content:
        return bodies.content_of_secret({"data": self._data})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"apiKey": "//79/A=="}, "no text"),
        ({"apiKey": ""}, 'no entry "apiKey"'),
        ({"apiKey": None}, 'no entry "apiKey"'),
        ({"key": "c2tfeA=="}, 'no entry "apiKey"'),
        ({"apiKey": "c2tfYSBi"}, "one word of printable ASCII"),
    ],
    ids=["a file that is no text", "empty", "null", "another entry", "two words"],
)
async def test_a_secret_that_holds_no_key_is_told_with_what_is_wrong(data: dict[str, str | None], says: str) -> None:
    credentials = Credentials(cast("KubeClient", _Secrets(**data)), lambda: None, "novita-system")

    found = await credentials.key(NovitaAccount.parse(_ACCOUNT))

    assert isinstance(found, KeyMissing)
    assert says in found.message
