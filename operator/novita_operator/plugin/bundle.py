"""`support-bundle`: what whoever helps needs to know, in one file, without secrets."""

from __future__ import annotations

import io
import json
import platform
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from novita_operator import __version__
from novita_operator.api import resources
from novita_operator.api.kinds import Kind
from novita_operator.api.meta import GROUP, VERSION
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, doctor, printing, redaction
from novita_operator.plugin.cluster import Scope
from novita_operator.plugin.options import Everywhere, Namespace

_ABOUT = """\
A support bundle of novita-operator, made by `kubectl novita support-bundle`.

Not in it: Secrets (they are not read), values of environment variables, commands, annotations of others (names only),
of addresses more than the host. In it: names of objects and namespaces, instance ids, image names, prices, messages.
Look through it before you hand it on.
"""


def support_bundle(
    namespace: Namespace = None,
    *,
    all_namespaces: Everywhere = False,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="Where it goes; a name with the time of day.")
    ] = None,
    operator_namespace: Annotated[str, typer.Option(help="Where the operator runs.")] = "novita-system",
    lease: Annotated[str, typer.Option(help="Name of its Lease.")] = "novita-operator",
) -> None:
    """Objects, Events, conditions and versions in a .tar.gz, redacted. Secrets are not even read."""
    now = datetime.now(UTC)
    target = file or Path(f"novita-support-{now:%Y%m%d-%H%M%S}.tar.gz")
    scope = Scope(namespace, all_namespaces)
    parts = cluster.ask(lambda reader: _collect(reader, scope, f"{operator_namespace}/{lease}"))
    _write(target, parts, now)
    printing.say(f"{target}: {len(parts)} files. Look through it before you hand it on.")


async def _collect(reader: Reader, scope: Scope, lease: str) -> dict[str, str]:
    """The files by name."""
    parts = {"README.txt": _ABOUT, "versions.json": _json(await _versions(reader))}
    for resource in resources.RESOURCES:
        kind = resource.of
        for body in await _listed(reader, kind, scope, parts):
            at = body["metadata"]
            place = "/".join(part for part in (resource.plural, at.get("namespace"), at["name"]) if part)
            parts[f"objects/{place}.yaml"] = yaml.safe_dump(redaction.cleaned(body), sort_keys=False)
    parts["events.json"] = _json(await _events(reader, scope))
    findings = await doctor.examine(reader, scope, lease)
    parts["doctor.json"] = _json([redaction.cleaned(finding.to_json()) for finding in findings])
    return parts


async def _versions(reader: Reader) -> dict[str, Any]:
    return {
        "kubectl-novita": __version__,
        "python": platform.python_version(),
        "kubernetes": (await reader.read("/version")).get("gitVersion"),
        "apiVersions": [each["version"] for each in (await reader.read(f"/apis/{GROUP}"))["versions"]],
        "madeFor": f"{GROUP}/{VERSION}",
    }


async def _listed(reader: Reader, kind: Kind, scope: Scope, parts: dict[str, str]) -> list[dict[str, Any]]:
    """The objects; that they may not be read is written down in their place."""
    try:
        return [body async for body in reader.each(kind, scope.several(reader))]
    except (errors.Forbidden, errors.NotServed) as error:
        parts[f"objects/{kind.plural}.not-read.txt"] = f"{error}\n"
        return []


async def _events(reader: Reader, scope: Scope) -> list[dict[str, Any]]:
    selector = {"involvedObject.apiVersion": f"{GROUP}/{VERSION}"}
    namespaces = scope.several(reader) or ("",)
    try:
        found = [event for each in namespaces for event in await reader.events(each, selector)]
    except errors.Forbidden as error:
        return [{"notRead": str(error)}]
    return [redaction.cleaned(event) for event in found]


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write(target: Path, parts: Mapping[str, str], now: datetime) -> None:
    """Raises OSError."""
    root = target.name.removesuffix(".gz").removesuffix(".tar")
    with tarfile.open(target, "x:gz") as archive:
        for name, text in sorted(parts.items()):
            content = text.encode()
            entry = tarfile.TarInfo(f"{root}/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(now.timestamp()), 0o600
            archive.addfile(entry, io.BytesIO(content))
