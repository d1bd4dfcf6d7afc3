"""Where an image is pulled from: registry credentials are meant for one registry, and are sent to no other. Pure."""

from __future__ import annotations

import re

DOCKER_HUB = "docker.io"
_DOCKER_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})


def names_host(first: str) -> bool:
    """Whether the first part of an image's name is the host of a registry."""
    return "." in first or ":" in first or first == "localhost"


def of(image: str) -> str:
    """The registry of an image, by Docker's rules: a first part with a dot or a colon, or localhost, is a host."""
    first, slash, _ = image.partition("/")
    host = first.lower() if slash and names_host(first) else DOCKER_HUB
    return DOCKER_HUB if host in _DOCKER_HUB_HOSTS else host


_WORD = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::[0-9]+)?"
_PATH = re.compile(rf"{_WORD}(?:/{_WORD})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}")


def complaint(image: str) -> str | None:
    """Why no registry can have an image of this name, as a clause (the grammar of `distribution/reference`)."""
    if "://" in image:
        return "leave out what stands before the registry's host, as in registry.example.com/team/image:tag"
    if image != "".join(image.split()):
        return "there is a space in it"
    name, _, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    named = bool(slash) and names_host(first)
    if named and not re.fullmatch(_HOST, first):
        return f'"{first}" is no host of a registry'
    path, colon, tag = (rest if named else name).partition(":")
    if not _PATH.fullmatch(path):
        return "its path takes small letters, digits and single separators, as in team/image:tag"
    if colon and not _TAG.fullmatch(tag):
        return f'"{tag}" is no tag: it takes at most 128 letters, digits, dots, dashes and underscores'
    if "@" in image and not _DIGEST.fullmatch(digest):
        return f'"{digest}" is no digest, such as sha256: and 64 digits'
    return None


def same(image: str, other: str) -> bool:
    """Whether credentials for the one may be sent for the other."""
    return bool(image) and bool(other) and of(image) == of(other)
