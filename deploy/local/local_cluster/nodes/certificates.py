"""A certificate authority of our own, and what it signs.

Python 3.13 asks for key usage and key identifiers, so both are there.
"""

from __future__ import annotations

from pathlib import Path

from local_cluster import signing
from local_cluster.nodes import layout

_DAYS = "365"
_API_SERVER_NAMES = ",".join(
    [
        *(f"IP:{address}" for address in ("127.0.0.1", layout.NODE_IP, layout.API_SERVICE_IP)),
        *(f"DNS:kubernetes{suffix}" for suffix in ("", ".default", ".default.svc")),
        f"DNS:kubernetes.default.svc.{layout.CLUSTER_DOMAIN}",
        "DNS:localhost",
    ]
)
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make(pki: Path) -> None:
    """All keys and certificates of one cluster. Raises CannotStart."""
    pki.mkdir(mode=0o700, parents=True)
    authority = ["req", "-x509", *_NEW_KEY, "-keyout", str(pki / "ca.key"), "-out", str(pki / "ca.crt")]
    usage = "keyUsage=critical,keyCertSign,cRLSign"
    signing.openssl(*authority, "-days", _DAYS, "-subj", "/CN=local-ca", "-addext", usage)
    _sign(pki, "apiserver", "/CN=kube-apiserver", _API_SERVER_NAMES)
    _sign(pki, "kubelet", f"/CN={layout.NODE}", f"IP:{layout.NODE_IP},DNS:{layout.NODE}")
    _sign(pki, "kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client", "DNS:client")
    signing.service_account_keys(pki / "sa.key", pki / "sa.pub")


def _sign(pki: Path, name: str, subject: str, alternative_names: str) -> None:
    key, request, certificate = (pki / f"{name}.{ending}" for ending in ("key", "csr", "crt"))
    signing.openssl("req", "-new", *_NEW_KEY, "-keyout", str(key), "-out", str(request), "-subj", subject)
    extensions = pki / f"{name}.extensions"
    extensions.write_text(
        f"subjectAltName={alternative_names}\nextendedKeyUsage=serverAuth,clientAuth\n"
        "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    authority = ["-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key"), "-CAcreateserial"]
    options = [*authority, "-days", _DAYS, "-extfile", str(extensions)]
    signing.openssl("x509", "-req", "-in", str(request), "-out", str(certificate), *options)
