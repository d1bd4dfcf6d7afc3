"""Receivers that are as strict as the products: made from the documentation of each, and of nothing of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.webhooks.places import Got, Place

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def slack(got: Got) -> int:
    """docs.slack.dev, incoming webhooks: JSON with `text`, at most 100 attachments; 400 invalid_payload otherwise."""
    body = got.payload
    attachments = body.get("attachments", [])
    fine = (
        got.headers["content-type"].startswith("application/json")
        and isinstance(body.get("text"), str)
        and 0 < len(body["text"]) <= 40_000
        and len(attachments) <= 100
        and all(isinstance(each.get("fallback"), str) for each in attachments)
        and all({"title", "value"} <= set(entry) for each in attachments for entry in each["fields"])
    )
    return 200 if fine else 400


def teams(got: Got) -> int:
    """learn.microsoft.com, Workflows: a message with Adaptive Cards, 28 KB at most; 202 when it is accepted."""
    body = got.payload
    cards = [each.get("content", {}) for each in body.get("attachments", [])]
    kinds = {each.get("contentType") for each in body.get("attachments", [])}
    fine = (
        body.get("type") == "message"
        and kinds == {"application/vnd.microsoft.card.adaptive"}
        and all(card.get("type") == "AdaptiveCard" and card.get("version") and card.get("body") for card in cards)
        and all(_is_element(each) for card in cards for each in card["body"])
        and len(got.raw) <= 28_000
    )
    return 202 if fine else 400


def _is_element(element: dict[str, Any]) -> bool:
    match element.get("type"):
        case "TextBlock":
            return bool(element.get("text"))
        case "FactSet":
            return all(fact.get("title") and fact.get("value") for fact in element["facts"])
        case _:
            return False


def discord(got: Got) -> int:
    """discord.com/developers, Execute Webhook: the limits of an embed; 204 without `wait`, 400 where one is broken."""
    body = got.payload
    embeds = body.get("embeds", [])
    texts = [text for each in embeds for text in _texts(each)]
    fine = (
        0 < len(embeds) <= 10
        and sum(map(len, texts)) <= 6000
        and all(texts)
        and all(len(each["title"]) <= 256 and len(each["description"]) <= 4096 for each in embeds)
        and all(len(each["fields"]) <= 25 for each in embeds)
        and all(
            len(entry["name"]) <= 256 and len(entry["value"]) <= 1024 for each in embeds for entry in each["fields"]
        )
        and all(0 <= each["color"] <= 0xFFFFFF for each in embeds)
        and body["allowed_mentions"] == {"parse": []}
    )
    return 204 if fine else 400


def _texts(embed: dict[str, Any]) -> list[str]:
    return [
        embed["title"],
        embed["description"],
        *(text for each in embed["fields"] for text in each.values() if text is not True),
    ]


@dataclass
class Alertmanager:
    """api/v2/openapi.yaml and provider/mem: alerts by their labels, and whether each fires at a moment."""

    ends: dict[tuple[tuple[str, str], ...], datetime] = field(default_factory=dict)
    began: dict[tuple[tuple[str, str], ...], datetime] = field(default_factory=dict)

    def __call__(self, got: Got) -> int:
        alerts = json.loads(got.raw)
        if got.path != "/api/v2/alerts" or not isinstance(alerts, list) or not all(map(self._is_valid, alerts)):
            return 400
        for alert in alerts:
            key = tuple(sorted(alert["labels"].items()))
            self.ends[key] = _moment(alert["endsAt"])
            self.began.setdefault(key, _moment(alert["startsAt"]))
        return 200

    def firing(self, at: datetime | None = None) -> set[str]:
        """The names of the alerts that are not resolved."""
        moment = at or datetime.now(UTC)
        return {dict(key)["alertname"] for key, end in self.ends.items() if end > moment}

    def _is_valid(self, alert: dict[str, Any]) -> bool:
        labels, annotations = alert.get("labels", {}), alert.get("annotations", {})
        names = [*labels, *annotations]
        values = [*labels.values(), *annotations.values()]
        return (
            bool(labels.get("alertname"))
            and all(_LABEL.fullmatch(name) for name in names)
            and all(isinstance(value, str) for value in values)
            and _moment(alert["endsAt"]) >= _moment(alert["startsAt"])
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def place(answer: Any) -> Place:
    """A receiver that answers as the product does."""
    return Place(answer=answer)
