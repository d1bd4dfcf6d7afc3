"""The body of a webhook in the form that its receiver takes. Pure."""

from __future__ import annotations

from typing import assert_never

from novita_operator.api.gpu_instance.notifications import NotificationFormat, PendingNotification
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.webhooks import payload
from novita_operator.webhooks.formats import alertmanager, discord, slack, story, teams


def body(wanted: NotificationFormat, told: PendingNotification, resource: GPUInstance) -> bytes:
    """The JSON text; exactly these bytes are signed."""
    match wanted:
        case "Event":
            return payload.body(told, resource)
        case "Slack":
            return slack.body(story.of(told, resource))
        case "Teams":
            return teams.body(story.of(told, resource))
        case "Discord":
            return discord.body(story.of(told, resource))
        case "Alertmanager":
            return alertmanager.body(told, resource, story.of(told, resource))
        case _:
            assert_never(wanted)
