"""Bodies of the objects that tests apply. Whatever a test does not name is what a user would leave out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from tests.support.kube import Body

API_VERSION = "gpu.novita.ai/v1alpha1"


def gpu_instance(name: str, namespace: str, *, annotations: Mapping[str, str] | None = None, **spec: Any) -> Body:
    """A GPUInstance; keywords are the spec's fields in camelCase."""
    metadata: Body = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": API_VERSION, "kind": "GPUInstance", "metadata": metadata, "spec": spec}


def novita_account(name: str, **spec: Any) -> Body:
    """A NovitaAccount; keywords are the spec's fields in camelCase."""
    return {"apiVersion": API_VERSION, "kind": "NovitaAccount", "metadata": {"name": name}, "spec": spec}


def secret(name: str, namespace: str, *, kind: str = "Opaque", **entries: str) -> Body:
    """A Secret with these entries."""
    return _data("Secret", name, namespace) | {
        "type": kind,
        "data": {key: _encoded(value) for key, value in entries.items()},
    }


def docker_secret(name: str, namespace: str, *, registry: str, user: str, password: str) -> Body:
    """A Secret as `kubectl create secret docker-registry` makes it."""
    config = {"auths": {registry: {"username": user, "password": password, "auth": _encoded(f"{user}:{password}")}}}
    body = secret(name, namespace, kind="kubernetes.io/dockerconfigjson")
    return body | {"data": {".dockerconfigjson": _encoded(json.dumps(config))}}


def config_map(name: str, namespace: str, **entries: str) -> Body:
    """A ConfigMap with these entries."""
    return _data("ConfigMap", name, namespace) | {"data": dict(entries)}


def namespace(name: str, **labels: str) -> Body:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}


def decoded(body: Body) -> dict[str, str]:
    """The entries of a Secret in clear."""
    return {key: base64.b64decode(value).decode() for key, value in (body.get("data") or {}).items()}


def _data(kind: str, name: str, where: str) -> Body:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": where}}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
