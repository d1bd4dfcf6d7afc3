"""Slack: the body of an incoming webhook (docs.slack.dev, "Sending messages using incoming webhooks"). Pure."""

from __future__ import annotations

from novita_operator.cutting import cut
from novita_operator.webhooks.formats.story import Story, Tone
from novita_operator.webhooks.wire import encoded

_COLORS: dict[Tone, str] = {"good": "good", "bad": "danger", "warning": "warning", "neutral": "#808080"}
_TEXT_CHARS = 3000  # Slack cuts a text of more than 40,000 itself; nobody reads that many in a chat room


def body(story: Story) -> bytes:
    """`text` is what notifications of the client show, the attachment what stands in the room."""
    fields = [{"title": _escaped(name), "value": _escaped(value), "short": True} for name, value in story.facts]
    attachment = {
        "color": _COLORS[story.tone],
        "fallback": cut(_escaped(story.headline), _TEXT_CHARS),
        "text": cut(_escaped(story.text), _TEXT_CHARS),
        "fields": fields,
    }
    return encoded({"text": cut(f"*{_escaped(story.headline)}*", _TEXT_CHARS), "attachments": [attachment]})


def _escaped(text: str) -> str:
    """Slack's three control characters; a name or an error must not mention a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
