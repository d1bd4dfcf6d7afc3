"""Certificates that are refused: a real TLS server, OpenSSL's own sentence, and the way out, for every client."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from novita_operator.egress.guard import Guard
from novita_operator.egress.names import Names
from novita_operator.kube import client as kube_client
from novita_operator.kube import errors as kube_errors
from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.webhooks.answers import Failed
from novita_operator.webhooks.sending import Sender

# What Go takes: a CA that does not say what its key is for, and nobody says whose key is whose.
_BARE_CA = "[x]\nbasicConstraints=critical,CA:true\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
_GOOD_CA = "[x]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
_BARE = "[x]\nsubjectAltName=IP:127.0.0.1\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
_GOOD = "[x]\nsubjectAltName={name}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"


@dataclass(frozen=True)
class Issued:
    """A CA's certificate, and a server's with its key."""

    ca: Path
    certificate: Path
    key: Path


def issue(directory: Path, ca: str, leaf: str, days: str = "2") -> Issued:
    """Made by openssl with these extensions and no others."""

    def openssl(*words: str) -> None:
        made = subprocess.run(["openssl", *words], cwd=directory, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr

    (directory / "ca.ext").write_text(ca)
    (directory / "leaf.ext").write_text(leaf)
    for name in ("ca", "leaf"):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN=test {name}", "-out", f"{name}.csr")
    sign = ("x509", "-req", "-extensions", "x", "-set_serial")
    openssl(*sign, "1", "-in", "ca.csr", "-signkey", "ca.key", "-extfile", "ca.ext", "-days", "2", "-out", "ca.pem")
    by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "leaf.ext")
    openssl(*sign, "2", "-in", "leaf.csr", *by, "-days", days, "-out", "leaf.pem")
    return Issued(directory / "ca.pem", directory / "leaf.pem", directory / "leaf.key")


@asynccontextmanager
async def listening(issued: Issued) -> AsyncIterator[str]:
    """A TLS server with this certificate; its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts as Python 3.13 makes them, whatever Python runs the test."""
    make: Callable[..., ssl.SSLContext] = ssl.create_default_context

    def create(*arguments: object, **named: object) -> ssl.SSLContext:
        context = make(*arguments, **named)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", create)


def trust(issued: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that was started with the variable: aiohttp makes its context once, when it is imported."""
    monkeypatch.setenv("SSL_CERT_FILE", str(issued.ca))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context())


async def asked_of_the_api_server(url: str, ca: Path, directory: Path) -> str:
    """What the operator says when it cannot connect."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "x", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": "x", "user": {"token": "none"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    kube = await kube_client.connect(kubeconfig)
    try:
        with pytest.raises(kube_errors.Unreachable) as raised:
            await kube.get_namespace("kube-system")
    finally:
        await kube.aclose()
    return str(raised.value)


async def asked_of_novita(url: str) -> str:
    client = NovitaAccountClient.open(base_url=url, api_key=SecretStr("sk_test"), max_retries=0)
    try:
        with pytest.raises(errors.NovitaError) as raised:
            await client.balance()
    finally:
        await client.aclose()
    return str(raised.value)


async def posted_to(url: str) -> str:
    guard = Guard((ipaddress.ip_network("127.0.0.0/8"),))
    sender = Sender(timeout=5, guard=guard, names=Names(monotonic=time.monotonic))
    try:
        answer = await sender.post(SecretStr(url), b"{}", {})
    finally:
        sender.close()
    assert isinstance(answer, Failed)
    return answer.reason


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(
    ("ca", "leaf", "said"),
    [
        (_GOOD_CA, _BARE, "Missing Authority Key Identifier"),
        (_BARE_CA, _GOOD.format(name="IP:127.0.0.1").replace("keyid", "none"), "Missing "),
    ],
    ids=["no authority key identifier", "no key usage"],
)
async def test_a_certificate_that_go_takes_and_python_does_not_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ca: str, leaf: str, said: str
) -> None:
    issued = issue(tmp_path, ca, leaf)
    trust(issued, monkeypatch)
    async with listening(issued) as url:
        told = [
            await asked_of_the_api_server(url, issued.ca, tmp_path),
            await asked_of_novita(url),
            await posted_to(url),
        ]

    for text in told:
        assert f'its certificate is refused: "{said}' in text
        assert "kubectl takes it, Python 3.13 does not" in text
        assert "authorityKeyIdentifier" in text
        assert text.endswith("critical basicConstraints and keyUsage")


async def test_a_ca_that_is_not_known_is_told_with_the_variable_that_names_it(tmp_path: Path) -> None:
    issued = issue(tmp_path, _GOOD_CA, _GOOD.format(name="IP:127.0.0.1"))
    other = tmp_path / "other"
    other.mkdir()
    unrelated = issue(other, _GOOD_CA, _GOOD.format(name="IP:127.0.0.1"))
    async with listening(issued) as url:
        told = [
            await asked_of_the_api_server(url, unrelated.ca, tmp_path),
            await asked_of_novita(url),
            await posted_to(url),
        ]

    for text in told:
        assert 'its certificate is refused: "' in text
        assert "SSL_CERT_FILE" in text


async def test_the_file_that_ssl_cert_file_names_is_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = issue(tmp_path, _GOOD_CA, _GOOD.format(name="IP:127.0.0.1"))
    trust(issued, monkeypatch)
    async with listening(issued) as url:
        told = [await asked_of_novita(url), await posted_to(url)]

    assert [text for text in told if "certificate" in text] == []


async def test_a_certificate_of_another_name_is_told(tmp_path: Path) -> None:
    issued = issue(tmp_path, _GOOD_CA, _GOOD.format(name="DNS:elsewhere.test"))
    async with listening(issued) as url:
        text = await asked_of_the_api_server(url, issued.ca, tmp_path)

    assert 'its certificate is refused: "IP address mismatch' in text
    assert "subjectAltName" in text
