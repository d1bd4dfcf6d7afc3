"""Two of the REST gateway's checks that only the client can show."""

from __future__ import annotations

import pytest
from tests.novita.accounts import SimulatedAccount

from novita_operator.novita import errors
from novita_operator.novita.limits import Priority


async def test_five_404s_do_not_open_the_breaker(account: SimulatedAccount) -> None:
    for _ in range(5):
        with pytest.raises(errors.NotFound):
            await account.client.get_instance("0123456789abcdef")

    assert set(account.client.breaker_states().values()) == {"closed"}
    assert await account.client.list_instances() == ()


async def test_a_429_with_retry_after_7_waits_7_seconds_or_more(account: SimulatedAccount) -> None:
    await account.fault("rate-limited", route="get", retryAfter=7)

    with pytest.raises(errors.RateLimited) as refused:
        await account.client.get_instance("0123456789abcdef")
    with pytest.raises(errors.RateLimited) as held_back:
        await account.client.list_instances(priority=Priority.READ_FOR_USER)

    # No call is made before then: the caller is told how long, and comes back.
    assert refused.value.retry_after == 7
    assert held_back.value.retry_after is not None
    assert 6 < held_back.value.retry_after <= 7
