"""Facts about an account -> its metrics."""

from __future__ import annotations

from novita_operator.controllers.novita_account.reporting import pauses
from novita_operator.controllers.novita_account.reporting.status import Facts
from novita_operator.metrics import Metrics
from novita_operator.runtime.accounts.account import Account

_BREAKER_LEVELS = {"closed": 0, "half-open": 1, "open": 2}


def measure(metrics: Metrics, account: Account, facts: Facts) -> None:
    """Show what is known of the account now."""
    name = account.name
    for breaker, state in account.client.breaker_states().items():
        metrics.breaker_open.labels(name, breaker).set(_BREAKER_LEVELS[state])
    metrics.creates_frozen.labels(name).set(account.money.frozen)
    refused = {pauses.reason(each) for each in facts.paused}
    for reason in pauses.REASONS.values():
        metrics.creates_paused.labels(name, reason).set(reason in refused)
    metrics.account_instances.labels(name, "missing").set(account.losses.count)
    if facts.balance is not None:
        metrics.balance.labels(name).set(float(facts.balance))
    if facts.census is not None:
        metrics.price.labels(name).set(float(facts.census.price_per_hour))
        counts = {"managed": facts.census.managed, "foreign": facts.census.foreign}
        counts |= {"orphaned": len(facts.orphans), "retained": facts.retained}
        for kind, count in counts.items():
            metrics.account_instances.labels(name, kind).set(count)
