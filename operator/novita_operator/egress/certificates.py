"""Why a certificate was refused, in OpenSSL's words, and the way out: for the API server, Novita and webhooks alike."""

from __future__ import annotations

import ssl

# Codes of OpenSSL's x509_vfy.h. Those of the first range are only told with X509_V_FLAG_X509_STRICT.
_STRICT = range(79, 95)
_EXPIRED = (9, 10)
_UNKNOWN_ISSUER = (18, 19, 20, 21)
_OTHER_NAME = (62, 64)
_DEPTH = 8  # an error is wrapped a few times: by ssl, anyio or aiohttp, httpcore, httpx


def refusal(error: BaseException) -> str | None:
    """One sentence and the way out; None where no certificate was refused."""
    found = _verification(error)
    if found is None:
        return None
    return f'its certificate is refused: "{found.verify_message}". {_way_out(found.verify_code)}'


def _verification(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    for _ in range(_DEPTH):
        if error is None:
            return None
        # aiohttp's error has the type, and the facts are in the one that it keeps in an attribute.
        if isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_message"):
            return error
        inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return None


def _way_out(code: int) -> str:
    if code in _STRICT:
        return (
            "kubectl takes it, Python 3.13 does not (RFC 5280): issue it and its CA again, with subjectKeyIdentifier, "
            "authorityKeyIdentifier and, in the CA, critical basicConstraints and keyUsage"
        )
    if code in _EXPIRED:
        return "Renew it, and look at the clocks of both machines"
    if code in _UNKNOWN_ISSUER:
        return (
            "Its CA is not known here: for an API server it is the certificate-authority of the kubeconfig, for all "
            "others a bundle that the variable SSL_CERT_FILE names"
        )
    if code in _OTHER_NAME:
        return "Use an address that the certificate names, or issue it again with this one in subjectAltName"
    return "Issue it again"
