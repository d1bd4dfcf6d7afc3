"""Tokens of the cluster's users, and a kubeconfig for each."""

from __future__ import annotations

import secrets

from local_cluster import kubeconfig
from local_cluster.nodes import layout


def write(files: layout.Files, port: int) -> None:
    """The API server listens at 127.0.0.1 inside, and the same port of this machine leads there."""
    lines = []
    for user, (name, group) in layout.USERS.items():
        token = secrets.token_hex(16)
        lines.append(f'{token},{name},{name},"{group}"\n')
        url = f"https://127.0.0.1:{port}"
        kubeconfig.write(files.kubeconfig_of(user), url, files.pki / "ca.crt", user, token)
    files.tokens.touch(mode=0o600)
    files.tokens.write_text("".join(lines))


def admin_token(files: layout.Files) -> str:
    """Of who may do everything."""
    return files.tokens.read_text().partition(",")[0]
