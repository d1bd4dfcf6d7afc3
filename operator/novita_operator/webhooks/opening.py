"""The courier of a process, put together from the settings."""

from __future__ import annotations

from novita_operator.clock import Clock
from novita_operator.egress.guard import Guard
from novita_operator.egress.names import Names
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.settings import Settings
from novita_operator.settings_values import networks
from novita_operator.webhooks.courier import Courier
from novita_operator.webhooks.outbox import Outbox
from novita_operator.webhooks.posting import Poster
from novita_operator.webhooks.receivers import Default
from novita_operator.webhooks.sending import Sender


def courier(
    settings: Settings, kube: KubeClient, outbox: Outbox, recorder: Recorder, clock: Clock, metrics: Metrics
) -> Courier:
    """A courier that has not started."""
    # Asked each time: a receiver may move between two tries, and what it moves to is judged again.
    names = Names(monotonic=clock.monotonic, remember=0.0)
    guard = Guard(networks(settings.webhook_allowed_networks), networks(settings.denied_networks))
    sender = Sender(timeout=settings.webhook_timeout / 1000, guard=guard, names=names)
    return Courier(
        outbox=outbox,
        poster=Poster(kube, sender, clock),
        recorder=recorder,
        default=Default(settings.webhook_url, settings.webhook_secret, settings.webhook_format),
        clock=clock,
        metrics=metrics,
        retry_delay=settings.webhook_retry_delay / 1000,
    )
