"""Endpoints as Novita writes them."""

from __future__ import annotations

import pytest

from novita_operator.probes import targets
from novita_operator.probes.targets import BadEndpoint, Place


@pytest.mark.parametrize(
    ("endpoint", "host", "port"),
    [
        ("proxy.us-ca-6.gpu-instance.novita.ai:39351", "proxy.us-ca-6.gpu-instance.novita.ai", 39351),
        ("http://1.2.3.4:8080", "1.2.3.4", 8080),
        ("tcp://1.2.3.4:8080/", "1.2.3.4", 8080),
        ("[2001:db8::1]:22", "2001:db8::1", 22),
        ("https://name.example", "name.example", 443),
        ("user:password@name.example:5000", "name.example", 5000),
    ],
)
def test_host_and_port_are_read_with_and_without_a_scheme(endpoint: str, host: str, port: int) -> None:
    assert targets.place(endpoint) == Place(host, port)


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("name.example", "names no port"),
        ("", "names no host"),
        (":22", "names no host"),
        ("name.example:70000", "no number from 1 to 65535"),
        ("name.example:ssh", "no number from 1 to 65535"),
        ("http://[::1", "is no address"),
        (f"{'a' * 300}:22", "names no host"),
    ],
)
def test_an_endpoint_that_cannot_be_read_says_what_is_wrong_with_it(endpoint: str, said: str) -> None:
    with pytest.raises(BadEndpoint, match=said):
        targets.place(endpoint)


@pytest.mark.parametrize(
    ("endpoint", "path", "url"),
    [
        ("https://i-1-8888.c.novita.ai", "/", "https://i-1-8888.c.novita.ai/"),
        ("https://i-1-8888.c.novita.ai:443/", "/health?deep=1", "https://i-1-8888.c.novita.ai/health?deep=1"),
        ("http://1.2.3.4:8080", "/a", "http://1.2.3.4:8080/a"),
        ("1.2.3.4:8080", "/a", "http://1.2.3.4:8080/a"),
        ("https://host.example/base/", "/a", "https://host.example/base/a"),
        ("https://[2001:db8::1]:8443", "/", "https://[2001:db8::1]:8443/"),
    ],
)
def test_the_path_is_asked_for_below_the_endpoint(endpoint: str, path: str, url: str) -> None:
    assert targets.http(8888, endpoint, path).url == url


def test_a_look_carries_no_credentials_of_the_endpoint() -> None:
    target = targets.http(8888, "https://user:canary@host.example/?token=canary#canary", "/")

    assert target.url == "https://host.example/"
    assert "canary" not in target.shown


@pytest.mark.parametrize("path", ["//evil.example/", "/@evil.example", "/..", "/\\evil.example"])
def test_no_path_leads_to_another_host(path: str) -> None:
    target = targets.http(8888, "https://host.example", path)

    assert target.place == Place("host.example", 443)
    assert (target.url or "").startswith("https://host.example/")


def test_only_http_can_be_asked() -> None:
    with pytest.raises(BadEndpoint, match="only http and https"):
        targets.http(8888, "ftp://host.example:21", "/")
