"""What single settings must look like. Each raises ValueError with what it must be; none repeats the value."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import SecretStr

_SERVICE_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_SHORTEST_SECRET = 8  # as the REST gateway has it; a random one of 32 characters is better


def own_namespace() -> str:
    """The namespace of our pod, where Kubernetes mounts its name; `novita-system` outside a cluster."""
    if _SERVICE_ACCOUNT_NAMESPACE.exists():
        return _SERVICE_ACCOUNT_NAMESPACE.read_text().strip()
    return "novita-system"


def known_level(value: str) -> str:
    """A level of logs, in upper case."""
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return value.upper()


def known_format(value: str) -> str:
    """A form of logs."""
    if value not in {"text", "json"}:
        raise ValueError("must be text or json")
    return value


def one_word(value: SecretStr | None) -> SecretStr | None:
    """A key that a header can carry."""
    if value is not None and not _is_header_safe(value.get_secret_value().strip()):
        raise ValueError("must be one word of printable ASCII, as Novita's console shows it")
    return value


def url_to_post_to(value: SecretStr | None) -> SecretStr | None:
    """A URL that shows nobody a password."""
    if value is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s#]*)?", value.get_secret_value()):
        raise ValueError("must be an http or https URL without user and password")
    return value


def no_guess(value: SecretStr | None) -> SecretStr | None:
    """A secret that signs."""
    if value is not None and len(value.get_secret_value()) < _SHORTEST_SECRET:
        raise ValueError(f"must have at least {_SHORTEST_SECRET} characters")
    return value


def parts(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated list."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def cluster_ids(value: str) -> str:
    """A list of cluster ids."""
    if not all(re.fullmatch(r"[a-z2-7]{8}", part) for part in parts(value)):
        raise ValueError("must be a comma-separated list of cluster ids, each 8 characters of a-z and 2-7")
    return value


def key_of(file: Path | None, given: SecretStr | None) -> SecretStr | None:
    """The key in a file, read anew each time, or the one that was given; None where there is none. Raises OSError."""
    key = file.read_text() if file is not None else (given.get_secret_value() if given is not None else "")
    return SecretStr(key.strip()) if key.strip() else None


def readable_networks(value: str) -> str:
    """A list of networks."""
    try:
        networks(value)
    except ValueError:
        raise ValueError("must be a comma-separated list of networks such as 10.0.0.0/8,fd00::/8") from None
    return value


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of such a list. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _is_header_safe(text: str) -> bool:
    return bool(text) and all("!" <= char <= "~" for char in text)
