"""The way to the API server: proxies of the environment count, as with every other client."""

from __future__ import annotations

import pytest

from novita_operator.kube.client import _proxy_of


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "http_proxy", "no_proxy", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_proxy_the_way_is_direct() -> None:
    assert _proxy_of("https://10.0.0.1:443") is None


def test_the_proxy_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    assert _proxy_of("https://api.example:6443") == "http://proxy.example:3128"


@pytest.mark.parametrize("spared", ["api.example", ".example", "api.example:6443", "*"])
def test_what_no_proxy_names_is_reached_directly(monkeypatch: pytest.MonkeyPatch, spared: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", spared)

    assert _proxy_of("https://api.example:6443") is None
