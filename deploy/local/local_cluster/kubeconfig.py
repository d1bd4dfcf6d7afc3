"""The text of a kubeconfig."""

from __future__ import annotations

import json
from pathlib import Path


def write(path: Path, url: str, certificate: Path, user: str, token: str) -> Path:
    """One cluster, one user, one context; readable by its owner only, since it holds the token."""
    path.touch(mode=0o600)
    path.write_text(text(url, certificate, user, token))
    return path


def text(url: str, certificate: Path, user: str, token: str) -> str:
    """YAML; the values are quoted as JSON, which YAML contains, so that no path can break it."""
    server, authority, name = json.dumps(url), json.dumps(str(certificate)), json.dumps(user)
    return (
        "apiVersion: v1\nkind: Config\ncurrent-context: local\n"
        f"clusters:\n- name: local\n  cluster:\n    server: {server}\n    certificate-authority: {authority}\n"
        f"users:\n- name: {name}\n  user:\n    token: {json.dumps(token)}\n"
        f"contexts:\n- name: local\n  context:\n    cluster: local\n    user: {name}\n"
    )
