"""Models -> structural schemas -> CRD manifests. `python -m novita_operator.api.crd DIRECTORY [--check]`.

A structural schema (Kubernetes: CustomResourceDefinition) knows no references, no unions with null and no titles. What
cannot be translated raises, with its path: a schema that silently lost a rule would accept what we cannot handle.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from novita_operator.api import meta
from novita_operator.api.gpu_instance import GPUInstanceSpec, GPUInstanceStatus
from novita_operator.api.meta import Model
from novita_operator.api.novita_account import NovitaAccountSpec, NovitaAccountStatus

Schema = dict[str, Any]

_KEPT = frozenset(
    {"type", "description", "enum", "pattern", "format", "minLength", "maxLength", "minimum", "maximum", "minItems",
     "maxItems", "maxProperties", "required", "default", "x-kubernetes-validations", "x-kubernetes-list-type",
     "x-kubernetes-list-map-keys"}
)  # fmt: skip
_DROPPED = frozenset({"title", "$defs", "propertyNames"})


class Untranslatable(Exception):
    """A keyword or a form that a structural schema does not know."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; wide ones appear with `-o wide`."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False
    format: str | None = None

    def to_wire(self) -> Schema:
        wire: Schema = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return wire | ({"priority": 1} if self.wide else {}) | ({"format": self.format} if self.format else {})


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind, as a CRD needs it."""

    kind: str
    plural: str
    short: str
    scope: str
    description: str
    spec: type[Model]
    status: type[Model]
    columns: tuple[Column, ...]


_READY = '.status.conditions[?(@.type=="Ready")]'
_AGE = Column("Age", ".metadata.creationTimestamp", "date")

RESOURCES = (
    Resource(
        kind="GPUInstance",
        plural="gpuinstances",
        short="gpui",
        scope="Namespaced",
        description="One GPU instance rented at Novita.ai: running, reachable, and gone when this object is gone.",
        spec=GPUInstanceSpec,
        status=GPUInstanceStatus,
        columns=(
            Column("Phase", ".status.phase"),
            Column("Ready", _READY + ".status"),
            Column("GPU", ".status.product.name"),
            Column("Count", ".spec.gpuCount", "integer"),
            Column("Region", ".status.region"),
            Column("$/h", ".status.pricePerHour"),
            Column("Endpoint", ".status.connection.endpoint"),
            _AGE,
            Column("ID", ".status.instanceId", wide=True),
            Column("Billing", ".spec.billing", wide=True),
            Column("Cost", ".status.cost.amount", wide=True),
            Column("Reason", _READY + ".reason", wide=True),
        ),
    ),
    Resource(
        kind="NovitaAccount",
        plural="novitaaccounts",
        short="nva",
        scope="Cluster",
        description="One API key at Novita.ai: who may use it, its limits, its health, and what it pays for.",
        spec=NovitaAccountSpec,
        status=NovitaAccountStatus,
        columns=(
            Column("Ready", _READY + ".status"),
            Column("Balance", ".status.balance"),
            Column("$/h", ".status.pricePerHour"),
            Column("Hours-Left", ".status.hoursLeft"),
            Column("Managed", ".status.instances.managed", "integer"),
            Column("Orphaned", ".status.instances.orphaned", "integer"),
            _AGE,
        ),
    ),
)


def structural(model: type[Model]) -> Schema:
    """The structural schema of a model. Raises Untranslatable with the path of what it cannot say."""
    raw = model.model_json_schema(mode="validation")
    return _translated(raw, raw.get("$defs", {}), model.__name__)


def manifest(resource: Resource) -> Schema:
    """One CustomResourceDefinition."""
    names = {
        "kind": resource.kind,
        "listKind": f"{resource.kind}List",
        "plural": resource.plural,
        "singular": resource.kind.lower(),
        "shortNames": [resource.short],
        "categories": [meta.CATEGORY],
    }
    version = {
        "name": meta.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column.to_wire() for column in resource.columns],
        "schema": {"openAPIV3Schema": _whole(resource)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{meta.GROUP}"},
        "spec": {"group": meta.GROUP, "names": names, "scope": resource.scope, "versions": [version]},
    }


def manifests() -> dict[str, Schema]:
    """File name -> CRD."""
    return {f"{meta.GROUP}_{resource.plural}.yaml": manifest(resource) for resource in RESOURCES}


def to_yaml() -> str:
    """All CRDs as one stream."""
    return "---\n".join(_dump(crd) for crd in manifests().values())


def write(directory: Path) -> None:
    """Write one file per kind, and the kustomization that lists them."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in _files().items():
        (directory / name).write_text(text)


def stale(directory: Path) -> list[str]:
    """The files that differ from what the models say."""
    return [name for name, text in _files().items() if not _same(directory / name, text)]


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


def _files() -> dict[str, str]:
    files = {name: "# Generated by `make generate` from the models; do not edit.\n" + _dump(crd)
             for name, crd in manifests().items()}  # fmt: skip
    listing = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": sorted(files)}
    return files | {"kustomization.yaml": _dump(listing)}


def _dump(document: Schema) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)


def _whole(resource: Resource) -> Schema:
    text = {"type": "string"}
    spec = structural(resource.spec)
    # An object without a spec is one with an empty spec, so that the defaults in it apply.
    spec["default"] = {}
    return {
        "type": "object",
        "description": resource.description,
        "properties": {
            "apiVersion": text | {"description": "Version of this schema."},
            "kind": text | {"description": f"Always {resource.kind}."},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": structural(resource.status),
        },
    }


def _translated(node: Mapping[str, Any], defs: Mapping[str, Any], path: str) -> Schema:
    node = _resolved(_without_null(node, path), defs, path)
    if any(key in node for key in ("anyOf", "$ref")):
        return _translated(node, defs, path)
    result: Schema = {}
    for key, value in node.items():
        result |= _keyword(key, value, node, defs, path)
    return _tidied(result, path)


def _keyword(key: str, value: Any, node: Schema, defs: Mapping[str, Any], path: str) -> Schema:  # noqa: ANN401 - JSON
    """One keyword of JSON Schema as a structural schema says it; nothing where it may be dropped."""
    match key, value:
        case "const", _:
            return {"enum": [value]}
        case "exclusiveMinimum", int() if node.get("type") == "integer":
            return {"minimum": value + 1}
        case "properties", dict():
            return {key: {name: _translated(child, defs, f"{path}.{name}") for name, child in value.items()}}
        case "items", dict():
            return {key: _translated(value, defs, f"{path}[]")}
        case "additionalProperties", dict():
            return {key: _translated(value, defs, f"{path}{{}}")}
    if key in _KEPT:
        return {key: value}
    # propertyNames: Kubernetes cannot say it; maxProperties and the API's own label rules bound the keys.
    if key in _DROPPED:
        return {}
    raise Untranslatable(f"{path}: {key}: {value!r}")


def _without_null(node: Mapping[str, Any], path: str) -> Schema:
    """`anyOf: [X, null]` is an optional X: absence is how Kubernetes says null."""
    if "anyOf" not in node:
        return dict(node)
    choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
    if len(choices) != 1:
        raise Untranslatable(f"{path}: anyOf with {len(choices)} types")
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**choices[0], **rest}


def _resolved(node: Schema, defs: Mapping[str, Any], path: str) -> Schema:
    if "$ref" not in node:
        return node
    name = node["$ref"].removeprefix("#/$defs/")
    if name not in defs:
        raise Untranslatable(f"{path}: $ref {node['$ref']}")
    rest = {key: value for key, value in node.items() if key != "$ref"}
    return {**defs[name], **rest}


def _tidied(schema: Schema, path: str) -> Schema:
    if "type" not in schema:
        raise Untranslatable(f"{path}: no type")
    if "enum" in schema:
        # CEL counts a text without a bound as endless, and then refuses the CRD.
        schema["maxLength"] = max(len(word) for word in schema["enum"])
    if schema.get("default") is None or schema["default"] == []:
        # Absent lists stay absent: a default would show up in every object that is applied from Git.
        schema.pop("default", None)
    if isinstance(schema.get("default"), dict):
        schema["default"] = {key: value for key, value in schema["default"].items() if value is not None}
    return schema


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` name those that are stale. Returns the exit code."""
    directory = Path(next((word for word in arguments if not word.startswith("-")), "crds"))
    if "--check" not in arguments:
        write(directory)
        return 0
    old = stale(directory)
    for name in old:
        sys.stderr.write(f"{directory / name} is stale: run `make generate` and commit the result\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
