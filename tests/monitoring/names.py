"""What a query may ask for: every sample that /metrics can show, with its labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from prometheus_client.parser import text_string_to_metric_families
from tests.monitoring.engine import Series

from novita_operator.metrics import Metrics

# Labels that Prometheus adds to whatever it scrapes in a cluster.
_OF_THE_TARGET = frozenset({"pod", "namespace", "job", "instance", "service", "container", "endpoint"})


def samples() -> Mapping[str, frozenset[str]]:
    """Name of a sample -> the labels that it can have."""
    found: dict[str, frozenset[str]] = {}
    for name, kind, labels, _ in Metrics().describe():
        own = frozenset(filter(None, labels.split(", "))) | _OF_THE_TARGET
        if kind == "histogram":
            found |= {f"{name}_sum": own, f"{name}_count": own, f"{name}_bucket": own | {"le"}}
        else:
            found[name] = own
    return found


def asked(query: str) -> tuple[set[str], set[str]]:
    """The metrics of a query, and the labels that it selects or groups by."""
    grouped = {label.strip() for found in re.findall(r"\bby \(([^)]*)\)", query) for label in found.split(",")}
    selected = {label for found in re.findall(r"\{([^}]*)\}", query) for label in re.findall(r"(\w+)\s*[=!]", found)}
    return set(re.findall(r"\bnovita_\w+", query)), grouped | selected


def scraped(page: str, at: float = 0) -> Iterable[Series]:
    """Every series of a scrape, each with its one value."""
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            yield Series({"__name__": sample.name, **sample.labels}, ((at, sample.value),))
