"""Credentials for the registry of an image, found in a pull Secret as kubelet finds them. Pure.

The rules are those of Kubernetes (pkg/credentialprovider, keyring.go and config.go), so that a Secret that works for a
pod works here: a key is a host, or a URL, whose parts may hold wildcards; its port must be the image's, and its path a
beginning of it; of several keys, the longest of those that begin alike comes first.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import SplitResult, urlsplit

from novita_operator.controllers.gpu_instance.policies import registries

DOCKER_CONFIG_JSON = ".dockerconfigjson"
DOCKER_CFG = ".dockercfg"
_VERSIONS = ("/v1/", "/v2/")  # of the registry's API: kubelet does not count them as a path of images
# Names of Docker Hub that kubelet does not know all of; it knows `docker.io` and `index.docker.io`.
_DOCKER_HUB = ("index.docker.io", "docker.io", "registry-1.docker.io")


def credentials(secret: Mapping[str, str], image: str) -> str | None:
    """`user:password` for the registry of this image; None where the Secret has none. Never raises."""
    found = (_user_and_password(entry) for _, entry in _fitting(secret, image))
    return next((each for each in found if each is not None), None)


def incomplete(secret: Mapping[str, str], image: str) -> str | None:
    """The key of an entry for this image that has no user and password, for a message; None where there is none."""
    return next((place for place, entry in _fitting(secret, image) if _user_and_password(entry) is None), None)


def _fitting(secret: Mapping[str, str], image: str) -> list[tuple[str, Any]]:
    """The entries for the registry of this image, in the order in which they count."""
    entries = sorted(_by_place(_auths(secret)).items(), reverse=True)
    target = _target(image)
    fitting = [(place, entry) for place, entry in entries if _fits(place, target)]
    if registries.of(image) == registries.DOCKER_HUB:
        known = dict(entries)
        fitting += [(place, known[place]) for place in _DOCKER_HUB if place in known]
    return fitting


def _auths(secret: Mapping[str, str]) -> Mapping[str, Any]:
    """Both forms of a pull Secret: kubernetes.io/dockerconfigjson, and the older kubernetes.io/dockercfg."""
    for name, inner in ((DOCKER_CONFIG_JSON, "auths"), (DOCKER_CFG, None)):
        try:
            content = json.loads(secret.get(name, ""))
            found = content[inner] if inner is not None else content
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return {}


def _by_place(auths: Mapping[str, Any]) -> dict[str, Any]:
    """The entries by host, port and path alone, as keys are compared."""
    places: dict[str, Any] = {}
    for key, entry in auths.items():
        url = _parsed(key if key.startswith(("https://", "http://")) else f"https://{key}")
        if url is None:
            continue
        path = url.path[3:] if url.path.startswith(_VERSIONS) else url.path
        host = url.netloc.rpartition("@")[2]  # what stands before it may be a password, and says nothing of the place
        place = host if path in {"", "/"} else host + path
        if place not in places or not places[place]:
            places[place] = entry
    return places


def _target(image: str) -> str:
    """Host and path of the image, as kubelet asks for it: without tag and digest, and Docker Hub by its name."""
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    name = f"{head}{slash}{tail.partition(':')[0]}"
    first, slash, rest = name.partition("/")
    if registries.of(image) != registries.DOCKER_HUB:
        return name
    path = rest if slash and registries.names_host(first) else name
    return f"{registries.DOCKER_HUB}/{path if '/' in path else f'library/{path}'}"


def _fits(place: str, target: str) -> bool:
    wanted, asked = _parsed(f"https://{place}"), _parsed(f"https://{target}")
    if wanted is None or asked is None:
        return False
    (host, port), (asked_host, asked_port) = _split(wanted.netloc), _split(asked.netloc)
    # The brackets of IPv6 are none of a pattern.
    parts, asked_parts = (each.strip("[]").split(".") for each in (host, asked_host))
    if port != asked_port or len(parts) != len(asked_parts) or not asked.path.startswith(wanted.path):
        return False
    return all(fnmatchcase(part, pattern) for part, pattern in zip(asked_parts, parts, strict=True))


def _split(netloc: str) -> tuple[str, str]:
    host, colon, port = netloc.rpartition(":")
    named = bool(colon) and port.isdigit()
    return (host if named else netloc).lower(), port if named else ""


def _parsed(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _user_and_password(entry: object) -> str | None:
    """`auth` wins over user and password, as it does for kubelet, which knows no identity tokens."""
    if not isinstance(entry, dict):
        return None
    auth, user, password = entry.get("auth"), entry.get("username"), entry.get("password")
    if auth:
        found = _decoded(auth) if isinstance(auth, str) else None
        stands_for_it = bool(entry.get("identitytoken")) and found is not None and found.endswith(":")
        return None if stands_for_it else found
    if isinstance(user, str) and isinstance(password, str) and user and password:
        return f"{user}:{password}"
    return None


def _decoded(auth: str) -> str | None:
    """base64 with or without its padding, in one line or wrapped at 76 columns, as `base64` wraps it."""
    whole = "".join(auth.split()).rstrip("=")
    try:
        text = base64.b64decode(whole + "=" * (-len(whole) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    # `echo user:password | base64` takes the end of the line in; no password has one.
    user, colon, password = text.rstrip("\r\n\0").partition(":")
    return f"{user}:{password}" if colon else None


def hosts(secret: Mapping[str, str]) -> Iterator[str]:
    """What the Secret holds credentials for, for a message."""
    yield from sorted(_by_place(_auths(secret)))
