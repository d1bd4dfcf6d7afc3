"""Microsoft Teams: an Adaptive Card, as the workflow "When a Teams webhook request is received" takes it. Pure.

learn.microsoft.com, "Create incoming webhooks with Workflows for Microsoft Teams". The older Office 365 connectors,
whose form was another one, are switched off.
"""

from __future__ import annotations

from typing import Any

from novita_operator.cutting import cut
from novita_operator.webhooks.formats.story import Story, Tone
from novita_operator.webhooks.wire import encoded

_COLORS: dict[Tone, str] = {"good": "Good", "bad": "Attention", "warning": "Warning", "neutral": "Default"}
_TEXT_CHARS = 3000  # a message may have 28 KB in all


def body(story: Story) -> bytes:
    """One message with one card."""
    facts = [{"title": name, "value": _plain(value)} for name, value in story.facts]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _block(story.headline, weight="Bolder", size="Medium", color=_COLORS[story.tone]),
            _block(story.text),
            {"type": "FactSet", "facts": facts},
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return encoded({"type": "message", "attachments": [attachment]})


def _block(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": cut(_plain(text), _TEXT_CHARS), "wrap": True, **style}


def _plain(text: str) -> str:
    """Cards read Markdown: what is no link, no list and no emphasis here must not become one."""
    return "".join(f"\\{char}" if char in "\\*_[]" else char for char in text)
