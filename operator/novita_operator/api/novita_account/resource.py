"""One NovitaAccount as the cluster holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from novita_operator.api import conditions, lenient
from novita_operator.api.lenient import Lost
from novita_operator.api.meta import Meta
from novita_operator.api.novita_account.namespaces import Namespaces
from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.api.novita_account.status import NovitaAccountStatus
from novita_operator.api.novita_account.tenancy import Tenancy, TenancyRule

_NAMES_THE_ACCOUNT = frozenset({"", "apiKeySecretRef", "baseUrl"})
_NOBODY = Namespaces()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a spec cannot be read. `says_where`: key and address could be, so that what was rented can still be ended."""

    message: str
    says_where: bool


@dataclass(frozen=True, slots=True)
class NovitaAccount:
    """One object as the cluster holds it. One whose spec is `unreadable` admits nobody, so that it rents nothing."""

    meta: Meta
    spec: NovitaAccountSpec
    status: NovitaAccountStatus
    unreadable: Unreadable | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> NovitaAccount:
        """Read a body from the cluster, whatever version wrote it. Raises pydantic.ValidationError for its metadata."""
        meta = Meta.parse(body["metadata"])
        spec, lost = lenient.read(NovitaAccountSpec, body.get("spec") or {}, "spec")
        status, _ = lenient.read_status(
            NovitaAccountStatus, conditions.dated(body.get("status") or {}, meta.created_at)
        )
        if not lost:
            return cls(meta, spec, status)
        unreadable = Unreadable(str(lost), not _NAMES_THE_ACCOUNT & lost.fields)
        return cls(meta, _for_nobody(spec, lost), status, unreadable)


def _for_nobody(spec: NovitaAccountSpec, lost: Lost) -> NovitaAccountSpec:
    """What cannot be read allows nothing: its defaults would allow everything."""
    changes: dict[str, Any] = {"namespaces": _NOBODY}
    if lost.fields & {"", "tenancy"}:
        changes["tenancy"] = Tenancy(rules=(TenancyRule(namespaces=_NOBODY),))
    return spec.model_copy(update=changes)
