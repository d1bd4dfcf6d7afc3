"""Discord: the body of "Execute Webhook" (discord.com/developers/docs/resources/webhook). Pure."""

from __future__ import annotations

from novita_operator.cutting import cut
from novita_operator.webhooks.formats.story import Story, Tone
from novita_operator.webhooks.wire import encoded

_COLORS: dict[Tone, int] = {"good": 0x2EB67D, "bad": 0xE01E5A, "warning": 0xECB22E, "neutral": 0x808080}
# The limits of an embed; more is refused with 400, which is final. All of it together may have 6,000.
_TITLE_CHARS, _TEXT_CHARS, _NAME_CHARS, _VALUE_CHARS = 256, 3000, 256, 300


def body(story: Story) -> bytes:
    """One embed, which mentions nobody whatever its texts say."""
    fields = [
        {"name": cut(name, _NAME_CHARS), "value": cut(_plain(value), _VALUE_CHARS), "inline": True}
        for name, value in story.facts
    ]
    embed = {
        "title": cut(_plain(story.headline), _TITLE_CHARS),
        "description": cut(_plain(story.text), _TEXT_CHARS),
        "color": _COLORS[story.tone],
        "fields": fields,
    }
    return encoded({"embeds": [embed], "allowed_mentions": {"parse": []}})


def _plain(text: str) -> str:
    """Discord reads Markdown."""
    return "".join(f"\\{char}" if char in "\\*_~`|>[]" else char for char in text)
