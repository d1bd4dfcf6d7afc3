"""How to reach an instance: for the status without passwords, for the Secret with them. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Connection, GPUInstanceStatus, PortEndpoint, SecretRef
from novita_operator.novita import ssh_command
from novita_operator.novita.models import Instance, PortMapping

# What the Service Binding specification asks for: the entry `type` of the Secret, after this prefix.
_BINDING_TYPE = "novita-gpu"
_PROVIDER = "novita"
_SECRET_TYPE = f"servicebinding.io/{_BINDING_TYPE}"
_SUFFIX = "-connection"
_HOST_KEY = "host-key"
# The bounds of the schema: what is longer leads nowhere, and a status that holds it would be refused.
_ADDRESS_CHARS = 512
_ENDPOINT_CHARS = 300
_MOST_PORTS = 32


def secret_name(resource: GPUInstance) -> str:
    """The name of the connection Secret."""
    # An object's name may be as long as a Secret's, and what is cut must not end in a separator.
    default = resource.meta.name[: meta.NAME_CHARS - len(_SUFFIX)].rstrip("-.") + _SUFFIX
    return resource.spec.connection_secret_name or default


def is_current(status: GPUInstanceStatus, instance: Instance) -> bool:
    """Whether status and Secret describe this instance as it runs now.

    Host, port and password can change with each start and migration (novita-api 4), which Novita shows by another
    start time or other endpoints.
    """
    known = status.connection
    if known is None or not known.ssh or known.secret_ref is None or status.instance_id != instance.id:
        return False
    if instance.started_at is not None and known.instance_started_at != instance.started_at:
        return False
    listed = {(port.port, port.endpoint) for port in _reachable(instance)}
    complete = listed <= {(port.port, port.endpoint) for port in known.ports}
    return complete and as_listed(known, instance) == known


def as_listed(known: Connection, instance: Instance | None) -> Connection:
    """Without the ports that the list no longer has; a list that tells of no ports at all proves nothing."""
    if instance is None or not instance.ports:
        return known
    there = {port.port for port in instance.ports}
    return known.model_copy(update={"ports": tuple(port for port in known.ports if port.port in there)})


def is_complete(instance: Instance) -> bool:
    """Whether Novita has given out the connection details yet."""
    return instance.ssh is not None and _address(instance.ssh.command) is not None


def describe(instance: Instance, secret: str) -> Connection:
    """`status.connection`."""
    ssh = _ssh_target(instance)
    endpoint = f"{ssh.host}:{ssh.port}" if ssh.host else ""
    return Connection.fitting(
        ssh=instance.ssh.command if instance.ssh else "",
        endpoint=endpoint if len(endpoint) <= _ENDPOINT_CHARS else "",
        jupyter=_address(instance.jupyter),
        web_terminal=_address(instance.web_terminal.address) if instance.web_terminal else None,
        ports=tuple(
            PortEndpoint.fitting(port=port.port, protocol=port.protocol, endpoint=port.endpoint)
            for port in _reachable(instance)
        ),
        secret_ref=SecretRef(name=secret),
        instance_started_at=instance.started_at,
    )


def _address(text: str) -> str | None:
    return text if 0 < len(text) <= _ADDRESS_CHARS else None


def _reachable(instance: Instance) -> list[PortMapping]:
    return [port for port in instance.ports if _address(port.endpoint) is not None][:_MOST_PORTS]


def secret(resource: GPUInstance, instance: Instance, host_key: str = "") -> dict[str, Any]:
    """The connection Secret: the object itself, owned by the GPUInstance. `host_key`: the recorded one's line.

    The entries `type provider host port username password` are those of the Service Binding specification.
    """
    entries = _entries(instance) | {_HOST_KEY: host_key}
    return _secret(resource, {key: value for key, value in entries.items() if value})


def host_key_in(found: Mapping[str, Any]) -> str:
    """The line of the host key in this Secret; "" where it has none that can be read."""
    text = (found.get("data") or {}).get(_HOST_KEY, "")
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError, TypeError):
        return ""


def with_host_key(found: Mapping[str, Any], resource: GPUInstance, line: str) -> dict[str, Any]:
    """The Secret as it was written, with this host key."""
    data = dict(found.get("data") or {}) | {_HOST_KEY: base64.b64encode(line.encode()).decode()}
    return _of_data(resource, data)


def rehearsed_secret(resource: GPUInstance) -> dict[str, Any]:
    """The Secret without what is known only once an instance runs: whether the cluster would take such a one."""
    return _secret(resource, {"type": _BINDING_TYPE, "provider": _PROVIDER})


def _secret(resource: GPUInstance, entries: Mapping[str, str]) -> dict[str, Any]:
    return _of_data(resource, {key: base64.b64encode(value.encode()).decode() for key, value in entries.items()})


def _of_data(resource: GPUInstance, data: Mapping[str, str]) -> dict[str, Any]:
    metadata = metadata_of(resource, secret_name(resource), {})
    metadata["annotations"] |= {meta.CONTENT_HASH: _hash(data)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": _SECRET_TYPE, "data": dict(data)}


def is_as_written(found: Mapping[str, Any], resource: GPUInstance) -> bool:
    """Whether the connection Secret is what was written for the instance of this object: content, labels and owner."""
    at, wanted = found["metadata"], metadata_of(resource, secret_name(resource), {})
    owned = any(each.get("uid") == resource.meta.uid for each in at.get("ownerReferences") or ())
    notes = at.get("annotations") or {}
    labelled = wanted["labels"].items() <= (at.get("labels") or {}).items()
    return owned and labelled and notes.get(meta.CONTENT_HASH) == _hash(found.get("data") or {})


def _hash(data: Mapping[str, str]) -> str:
    """Names the content. It holds passwords that nobody can guess, and is read by those alone who read them."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _entries(instance: Instance) -> dict[str, str]:
    ssh = _ssh_target(instance)
    terminal = instance.web_terminal
    endpoints = {str(port.port): port.endpoint for port in instance.ports if port.endpoint}
    return {
        "type": _BINDING_TYPE,
        "provider": _PROVIDER,
        "instance-id": instance.id,
        "host": ssh.host,
        "port": ssh.port,
        "username": ssh.user,
        "password": instance.ssh.password.get_secret_value() if instance.ssh else "",
        "ssh-command": instance.ssh.command if instance.ssh else "",
        "jupyter-url": instance.jupyter,
        "web-terminal-url": terminal.address if terminal else "",
        "web-terminal-username": terminal.username if terminal else "",
        "web-terminal-password": terminal.password.get_secret_value() if terminal else "",
        "endpoints": json.dumps(endpoints, sort_keys=True) if endpoints else "",
    }


def metadata_of(resource: GPUInstance, name: str, more_labels: Mapping[str, str]) -> dict[str, Any]:
    """The metadata of what is made for an object."""
    return {
        "name": name,
        "namespace": resource.meta.namespace,
        "labels": _labels(resource) | dict(more_labels),
        "annotations": {meta.OWNER_UID: resource.meta.uid},
        "ownerReferences": [_owner(resource)],
    }


def _labels(resource: GPUInstance) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": meta.FIELD_MANAGER,
        # A label must end as it begins: with a letter or a digit.
        f"{meta.GROUP}/instance": resource.meta.name[: meta.LABEL_CHARS].rstrip("-."),
    }


def _owner(resource: GPUInstance) -> dict[str, Any]:
    """The reference by which the cluster removes what was made for an object together with it."""
    return {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": "GPUInstance",
        "name": resource.meta.name,
        "uid": resource.meta.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def _ssh_target(instance: Instance) -> ssh_command.Target:
    return ssh_command.target(instance.ssh.command if instance.ssh else "")
