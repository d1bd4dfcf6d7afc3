"""Novita itself, for the verbs that ask it: with the key of the environment, since the plugin reads no Secret."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError

from novita_operator import settings_complaints
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.plugin.cluster import Wrong
from novita_operator.settings import Settings

T = TypeVar("T")


def settings() -> Settings:
    """The operator's settings as this environment has them. Raises Wrong where they are no good."""
    try:
        return Settings()
    except ValidationError as error:
        raise Wrong("; ".join(settings_complaints.complaints(error))) from None


def has_key() -> bool:
    """Whether Novita can be asked at all."""
    return settings().own_api_key() is not None


def ask(work: Callable[[NovitaAccountClient], Awaitable[T]]) -> T:
    """Run this with a client. Raises Wrong where there is no key, and novita errors."""
    here = settings()
    key = here.own_api_key()
    if key is None:
        raise Wrong(
            "this verb asks Novita itself and needs a key, which is not taken from the cluster: set NOVITA_API_KEY or "
            "NOVITA_API_KEY_FILE (and NOVITA_API_URL, where it is not https://api.novita.ai)."
        )

    async def asked() -> T:
        client = NovitaAccountClient.open(
            base_url=here.novita_api_url,
            api_key=key,
            timeout_seconds=here.api_timeout / 1000,
            max_retries=here.max_retries,
            retry_delay_seconds=here.retry_delay / 1000,
        )
        try:
            return await work(client)
        finally:
            await client.aclose()

    return asyncio.run(asked())
