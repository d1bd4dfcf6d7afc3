"""Entries of Secrets and ConfigMaps that a spec refers to, always in the object's own namespace."""

from __future__ import annotations

from dataclasses import dataclass, field

from novita_operator.api.gpu_instance.sources import AuthorizedKeysSource, EnvVarSource, KeyRef
from novita_operator.kube import errors
from novita_operator.kube.bodies import Content
from novita_operator.kube.client import KubeClient

Source = EnvVarSource | AuthorizedKeysSource


class Unresolved(Exception):
    """A reference leads nowhere, or to too much; the text says which field, and what to create or to shorten."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Those of one namespace; each object is read once. `not_binary`: what somebody does whose entry is no text."""

    kube: KubeClient
    namespace: str
    not_binary: str
    _read: dict[tuple[str, str], Content] = field(default_factory=dict)

    async def find(self, source: Source, where: str) -> str | None:
        """What it leads to; None where it leads nowhere and may. Raises Unresolved, and kube errors."""
        kind, ref = _reference(source)
        if ref is None:
            return None
        found, there = await self._content(kind, ref.name), f'the {kind} "{ref.name}" in namespace "{self.namespace}"'
        value = found.entries.get(ref.key)
        if value is not None and "\0" not in value:
            return value
        if value is not None or ref.key in found.binary:
            raise Unresolved(f'{where}: the entry "{ref.key}" of {there} is binary, and {self.not_binary}')
        if ref.optional:
            return None
        lack = f'has no entry "{ref.key}"' if found.exists else "does not exist"
        raise Unresolved(f"{where}: {there} {lack}. Create it, or mark the reference optional.")

    async def _content(self, kind: str, name: str) -> Content:
        if (kind, name) not in self._read:
            self._read[(kind, name)] = await self._fetched(kind, name)
        return self._read[(kind, name)]

    async def _fetched(self, kind: str, name: str) -> Content:
        try:
            if kind == "Secret":
                return await self.kube.read_secret(self.namespace, name)
            return await self.kube.read_config_map(self.namespace, name)
        except errors.NotFound:
            return Content(exists=False)


def explain(source: Source) -> str:
    """Which entry that is, in a sentence."""
    kind, ref = _reference(source)
    return "" if ref is None else f'the entry "{ref.key}" of the {kind} "{ref.name}"'


def _reference(source: Source) -> tuple[str, KeyRef | None]:
    if source.secret_key_ref is not None:
        return "Secret", source.secret_key_ref
    return "ConfigMap", source.config_map_key_ref
