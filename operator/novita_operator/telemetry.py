"""The log format, its redaction, and the metric objects."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_REDACTED = "[redacted]"
# Attributes that every LogRecord has; what is left over came through `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# Keys of `extra` that reach the log; kopf adds whole objects (with env values) under others.
_WANTED = ("namespace", "object", "uid", "account", "instance_id", "action", "reason", "attempt")


class Secrets:
    """Values that must never be printed. One register per process: the last line of defence, not the first."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: str) -> None:
        """Remember a secret; short ones are left out, since redacting `a` would destroy every message."""
        if len(value) >= 8:  # noqa: PLR2004 - shorter ones are no credentials, and words would match
            self._values.add(value)

    def redact(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, _REDACTED)
        return text


SECRETS = Secrets()


class Formatter(logging.Formatter):
    """Text for people, or one JSON object per line; exceptions included; secrets redacted in the final text."""

    def __init__(self, *, as_json: bool, secrets: Secrets = SECRETS) -> None:
        super().__init__()
        self._as_json = as_json
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        extra = {key: record.__dict__[key] for key in _WANTED if key in record.__dict__}
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        if self._as_json:
            line = {"time": at, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
            text = json.dumps(line | extra | ({"exception": trace} if trace else {}), default=str)
        else:
            tail = "".join(f" {key}={value}" for key, value in extra.items())
            text = f"{at} {record.levelname:<7} {record.name}: {record.getMessage()}{tail}"
            text = f"{text}\n{trace}" if trace else text
        return self._secrets.redact(text)


def configure_logging(level: str, log_format: str) -> None:
    """Send everything to stderr in our format. Libraries that print requests and bodies stay at WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter(as_json=log_format == "json"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "aiohttp", "asyncio", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("kopf").setLevel(max(logging.getLevelName(level), logging.INFO))
    # It tells of every tick of a timer, and its debug lines hold whole objects.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)


class Metrics:
    """The metric objects. Names follow the Prometheus rules: units, `_total`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.novita_calls = Counter(
            "novita_api_calls", "Calls to the Novita API", ["account", "route", "outcome"], registry=self.registry
        )
        self.novita_call_seconds = Histogram(
            "novita_api_call_duration_seconds", "Time of one Novita call", ["route"], registry=self.registry
        )
        self.reconciles = Counter(
            "novita_reconciles", "Passes by kind and outcome", ["kind", "outcome"], registry=self.registry
        )
        self.reconcile_seconds = Histogram(
            "novita_reconcile_duration_seconds", "Time of one pass", ["kind"], registry=self.registry
        )
        self.queue_depth = Gauge("novita_queue_depth", "Keys waiting for a worker", registry=self.registry)
        self.instances_created = Counter(
            "novita_instances_created", "Create calls that gave an id", ["account"], registry=self.registry
        )
        self.instances_deleted = Counter(
            "novita_instances_deleted", "Instances seen gone after our delete", ["account"], registry=self.registry
        )
        self.duplicates_removed = Counter(
            "novita_duplicates_removed", "Second instances of one object removed", ["account"], registry=self.registry
        )
        self.force_finalized = Counter(
            "novita_force_finalized", "Deletions that a person gave up", registry=self.registry
        )
        self.webhooks = Counter(
            "novita_webhooks",
            "Tries to deliver a webhook: delivered, retried or given-up",
            ["event", "outcome"],
            registry=self.registry,
        )
        self.orphans_deleted = Counter(
            "novita_orphans_deleted",
            "Instances without an object that were deleted",
            ["account"],
            registry=self.registry,
        )
        self.snapshot_age = Gauge(
            "novita_account_last_poll_timestamp_seconds",
            "Start of the last whole list",
            ["account"],
            registry=self.registry,
        )
