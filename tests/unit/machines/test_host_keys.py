"""A host key as a line, and its fingerprint."""

from __future__ import annotations

import pytest

from novita_operator.machines.host_keys import HostKey, NoHostKey
from novita_operator.machines.login import Place

# github.com's own, with the fingerprint that its documentation gives.
_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
_FINGERPRINT = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


def test_the_fingerprint_is_the_one_that_ssh_prints() -> None:
    assert HostKey.parse(_LINE).fingerprint == _FINGERPRINT


def test_a_comment_is_no_part_of_the_key() -> None:
    assert HostKey.parse(f"{_LINE} root@node-7\n") == HostKey.parse(_LINE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        _LINE.replace("ssh-ed25519 ", "ssh-rsa "),
        "ssh-ed25519 not/base64!",
        "ssh-ed25519 " + "A" * 5000,
        "ssh-ed25519 é",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoHostKey):
        HostKey.parse(text)


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ("proxy.example:32787", Place("proxy.example", 32787)),
        ("[2001:db8::1]:22", Place("2001:db8::1", 22)),
        ("10.0.0.1:22", Place("10.0.0.1", 22)),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(endpoint: str, place: Place) -> None:
    assert Place.parse(endpoint) == place


@pytest.mark.parametrize("endpoint", ["", "host", "host:", ":22", "host:0", "host:65536", "host:22222222", "host:²"])
def test_what_is_no_endpoint_is_none(endpoint: str) -> None:
    assert Place.parse(endpoint) is None
