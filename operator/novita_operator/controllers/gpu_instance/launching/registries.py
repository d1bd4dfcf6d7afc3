"""Where an image is pulled from: registry credentials are meant for one registry, and are sent to no other. Pure."""

from __future__ import annotations

DOCKER_HUB = "docker.io"
_DOCKER_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})


def of(image: str) -> str:
    """The registry of an image, by Docker's rules: a first part with a dot or a colon, or localhost, is a host."""
    first, slash, _ = image.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    host = first.lower() if named else DOCKER_HUB
    return DOCKER_HUB if host in _DOCKER_HUB_HOSTS else host


def same(image: str, other: str) -> bool:
    """Whether credentials for the one may be sent for the other."""
    return bool(image) and bool(other) and of(image) == of(other)
