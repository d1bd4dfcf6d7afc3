"""Manifests that the API server must refuse, and what its sentence must say: the field, the value, the way out.

Of a value of a wrong type the API server names the type; values of variables may be secret and are not repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Bad:
    """A spec with one mistake. `says`: what the user must read."""

    what: str
    spec: dict[str, Any]
    says: tuple[str, ...]
    kind: Literal["GPUInstance", "NovitaAccount"] = "GPUInstance"


def _env(**changes: Any) -> dict[str, Any]:
    return {"env": [{"name": "TOKEN", **changes}]}


def _ports(*ports: Any) -> dict[str, Any]:
    return {"ports": [{"port": port} if isinstance(port, int) else port for port in ports]}


_REF = {"name": "keys", "key": "token"}

GPU_INSTANCES = (
    # Which product
    Bad(
        "a product by name and by id",
        {"productName": "RTX 4090 24GB", "productId": "4090.16c62g"},
        ("productName", "RTX 4090 24GB", "productId", "4090.16c62g", "keep one of them"),
    ),
    Bad("an empty product name", {"productName": ""}, ("spec.productName", "at least 1 char")),
    Bad("an endless product name", {"productName": "x" * 256}, ("spec.productName", "Too long", "255")),
    Bad("a product name that is a number", {"productName": 4090}, ("spec.productName", "of type string", "integer")),
    Bad("an empty product id", {"productId": ""}, ("spec.productId", "at least 1 char")),
    Bad("no GPU at all", {"gpuCount": 0}, ("spec.gpuCount", "0", "greater than or equal to 1")),
    Bad("nine GPUs", {"gpuCount": 9}, ("spec.gpuCount", "9", "less than or equal to 8")),
    Bad("half a GPU", {"gpuCount": 1.5}, ("spec.gpuCount", "of type integer", "number")),
    Bad("a GPU count in words", {"gpuCount": "two"}, ("spec.gpuCount", "of type integer", "string")),
    Bad("a misspelt field", {"gpuCuont": 1}, ("unknown field", "spec.gpuCuont")),
    Bad("a field of another place", {"timeoutSeconds": 60}, ("unknown field", "spec.timeoutSeconds")),
    # Where and for how much
    Bad("another billing", {"billing": "Monthly"}, ("spec.billing", "Monthly", '"OnDemand", "Spot"')),
    Bad("a price with a comma", {"maxPricePerHour": "1,20"}, ("spec.maxPricePerHour", "1,20", "should match")),
    Bad("a price with a currency", {"maxPricePerHour": "$1"}, ("spec.maxPricePerHour", "$1", "should match")),
    Bad("a price as a float", {"maxPricePerHour": 1.2}, ("spec.maxPricePerHour", "of type string", "number")),
    Bad("a price of nothing", {"maxPricePerHour": "0.00"}, ("maxPricePerHour is 0.00", "such as", "leave it out")),
    Bad("a negative price", {"maxPricePerHour": "-1"}, ("spec.maxPricePerHour", "-1", "should match")),
    Bad("regions as a text", {"regions": "CN-HK-01"}, ("spec.regions", "of type array", "string")),
    Bad("an empty region", {"regions": [""]}, ("spec.regions[0]", "at least 1 char")),
    Bad("too many regions", {"regions": [f"R-{n}" for n in range(17)]}, ("spec.regions", "17", "at most 16")),
    Bad("another region policy", {"regionPolicy": "Only"}, ("spec.regionPolicy", "Only", '"Prefer", "Require"')),
    # What runs on it
    Bad(
        "a template by name and by id",
        {"template": {"name": "a", "id": "1"}},
        ('name "a"', 'id "1"', "keep one of them"),
    ),
    Bad("a template without anything", {"template": {}}, ("template", "neither name nor id", "set one of them")),
    Bad(
        "a private key for a public one",
        {"authorizedKeys": ["ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA"]},
        ("spec.authorizedKeys", "an entry is a private key", ".pub file", "make a new pair"),
    ),
    Bad("an empty key", {"authorizedKeys": [""]}, ("spec.authorizedKeys[0]", "at least 1 char")),
    Bad(
        "too many keys",
        {"authorizedKeys": [f"ssh-ed25519 {n}" for n in range(33)]},
        ("spec.authorizedKeys", "33", "at most 32"),
    ),
    Bad(
        "keys from two places",
        {"authorizedKeysFrom": [{"secretKeyRef": _REF, "configMapKeyRef": _REF}]},
        ("spec.authorizedKeysFrom[0]", "secretKeyRef", "configMapKeyRef", "keep one of them"),
    ),
    Bad("keys from nowhere", {"authorizedKeysFrom": [{}]}, ("authorizedKeysFrom", "neither", "set one of them")),
    Bad("an empty image", {"image": ""}, ("spec.image", "at least 1 char")),
    Bad("an endless command", {"command": "x" * 2048}, ("spec.command", "Too long", "2047")),
    Bad("a command as a list", {"command": ["sleep", "1"]}, ("spec.command", "string", "array")),
    Bad("a variable without a name", {"env": [{"value": "1"}]}, ("spec.env[0].name", "Required value")),
    Bad("a variable with a blank in it", {"env": [{"name": "A B"}]}, ("spec.env[0].name", "A B", "should match")),
    Bad(
        "a variable with two values",
        _env(value="1", valueFrom={"secretKeyRef": _REF}),
        ("spec.env[0]", "value and valueFrom", "keep one of them"),
    ),
    Bad("a variable from nowhere", _env(valueFrom={}), ("spec.env[0].valueFrom", "neither", "set one of them")),
    Bad(
        "a variable from two places",
        _env(valueFrom={"secretKeyRef": _REF, "configMapKeyRef": _REF}),
        ("spec.env[0].valueFrom", 'secretKeyRef "keys"', "keep one of them"),
    ),
    Bad(
        "a reference without a key",
        _env(valueFrom={"secretKeyRef": {"name": "keys"}}),
        ("spec.env[0].valueFrom.secretKeyRef.key", "Required value"),
    ),
    Bad("a variable twice", {"env": [{"name": "A"}, {"name": "A"}]}, ("spec.env[1]", "Duplicate value", '"A"')),
    Bad("a number as a value", _env(value=1), ("spec.env[0].value", "string", "integer")),
    Bad("port 0", _ports(0), ("spec.ports[0].port", "0", "greater than or equal to 1")),
    Bad("a port above all ports", _ports(70_000), ("spec.ports[0].port", "70000", "less than or equal to 65535")),
    Bad("a port of Novita's", _ports(2223), ("spec.ports[0].port", "port 2223 is reserved", "choose another port")),
    Bad(
        "a port of another protocol",
        _ports({"port": 53, "protocol": "UDP"}),
        ("spec.ports[0].protocol", "UDP", '"HTTP", "TCP"'),
    ),
    Bad(
        "a port as HTTP and as TCP",
        _ports({"port": 80}, {"port": 80, "protocol": "TCP"}),
        ("spec.ports", "listed twice", "once"),
    ),
    Bad("a port twice", _ports(80, 80), ("spec.ports", "a port is listed twice", "list each port once")),
    Bad("too many ports", _ports(*range(3000, 3016)), ("spec.ports", "16", "at most 15")),
    Bad(
        "fifteen ports and Jupyter",
        {**_ports(*range(3000, 3015)), "tools": {"jupyter": True}},
        ("ports", "at most 14", "tools.jupyter"),
    ),
    Bad("Jupyter as a word", {"tools": {"jupyter": "yes"}}, ("spec.tools.jupyter", "of type boolean", "string")),
    Bad(
        "two credentials for the registry",
        {"imagePullSecretRef": {"name": "regcred"}, "registryAuthId": "auth-1"},
        ('imagePullSecretRef "regcred"', 'registryAuthId "auth-1"', "keep one of them"),
    ),
    Bad("a Secret without a name", {"imagePullSecretRef": {}}, ("spec.imagePullSecretRef.name", "Required value")),
    Bad(
        "a Secret name that cannot be",
        {"imagePullSecretRef": {"name": "Reg_Cred"}},
        ("spec.imagePullSecretRef.name", "Reg_Cred", "should match"),
    ),
    Bad("a root disk too small", {"rootfsSizeGB": 9}, ("spec.rootfsSizeGB", "9", "greater than or equal to 10")),
    Bad("a root disk too large", {"rootfsSizeGB": 6145}, ("spec.rootfsSizeGB", "6145", "less than or equal to 6144")),
    # How it lives
    Bad("another power state", {"powerState": "Paused"}, ("spec.powerState", "Paused", '"Running", "Stopped"')),
    Bad(
        "a deadline before anything can start",
        {"startup": {"timeoutSeconds": 5}},
        ("spec.startup.timeoutSeconds", "5", "greater than or equal to 60"),
    ),
    Bad(
        "a deadline after a day",
        {"startup": {"timeoutSeconds": 86_401}},
        ("spec.startup.timeoutSeconds", "86401", "less than or equal to 86400"),
    ),
    Bad(
        "a deadline in words",
        {"startup": {"timeoutSeconds": "10m"}},
        ("spec.startup.timeoutSeconds", "of type integer", "string"),
    ),
    Bad(
        "another way to end a late start",
        {"startup": {"onTimeout": "Ignore"}},
        ("spec.startup.onTimeout", "Ignore", '"Delete", "Stop", "Keep"'),
    ),
    Bad(
        "another deletion policy",
        {"deletionPolicy": "Orphan"},
        ("spec.deletionPolicy", "Orphan", '"Delete", "Retain", "Stop"'),
    ),
    Bad(
        "a connection Secret that cannot be",
        {"connectionSecretName": "My Secret"},
        ("spec.connectionSecretName", "My Secret", "should match"),
    ),
    Bad("an account that cannot be", {"accountRef": {"name": "Team A"}}, ("spec.accountRef.name", "Team A")),
)

NOVITA_ACCOUNTS = (
    Bad(
        "an address that is none",
        {"baseUrl": "api.novita.ai"},
        ("spec.baseUrl", "api.novita.ai", "should match"),
        "NovitaAccount",
    ),
    Bad(
        "an address with a key in it",
        {"baseUrl": "https://user@api.novita.ai"},
        ("spec.baseUrl", "should match"),
        "NovitaAccount",
    ),
    Bad(
        "a key from nowhere",
        {"apiKeySecretRef": {"key": "apiKey"}},
        ("spec.apiKeySecretRef.name", "Required value"),
        "NovitaAccount",
    ),
    Bad(
        "no calls at all",
        {"limits": {"requestsPerMinute": 0}},
        ("spec.limits.requestsPerMinute", "0", "greater than or equal to 1"),
        "NovitaAccount",
    ),
    Bad(
        "another way with orphans",
        {"orphans": "Ignore"},
        ("spec.orphans", "Ignore", '"Report", "Delete"'),
        "NovitaAccount",
    ),
)

ALL = (*GPU_INSTANCES, *NOVITA_ACCOUNTS)
