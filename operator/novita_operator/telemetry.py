"""The log format: one line, known facts, and no secret."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from novita_operator.secrecy import SECRETS, Secrets

# Attributes that every LogRecord has; what is left over came through `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# Keys of `extra` that reach the log; kopf adds whole objects (with env values) under others.
_WANTED = ("namespace", "object", "uid", "account", "instance_id", "action", "reason", "attempt")


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


class Calm(logging.Filter):
    """Lowers what kopf calls an error and is none: a call that it repeats by itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno == logging.ERROR and record.name.startswith("kopf"):
            text = record.getMessage()
            if text.startswith("Request attempt") and "will retry" in text:
                # The API server asks to wait: while it prepares the storage of a new CRD, or is busy.
                told_to_wait = "APITooManyRequestsError" in text
                record.levelno = logging.INFO if told_to_wait else logging.WARNING
                record.levelname = logging.getLevelName(record.levelno)
        return True


def configure_logging(level: str, log_format: str) -> None:
    """Send everything to stderr in our format. Libraries that print requests and bodies stay at WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter(as_json=log_format == "json"))
    handler.addFilter(Calm())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "aiohttp", "asyncio", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("kopf").setLevel(max(logging.getLevelName(level), logging.INFO))
    # It tells of every tick of a timer, and its debug lines hold whole objects.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
