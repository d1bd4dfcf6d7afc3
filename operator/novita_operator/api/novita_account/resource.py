"""One NovitaAccount as the cluster holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from novita_operator.api.meta import Meta
from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.api.novita_account.status import NovitaAccountStatus


@dataclass(frozen=True, slots=True)
class NovitaAccount:
    """One object as the cluster holds it."""

    meta: Meta
    spec: NovitaAccountSpec
    status: NovitaAccountStatus

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> NovitaAccount:
        """Read a body from the cluster. Raises pydantic.ValidationError where metadata or spec cannot be read."""
        spec = NovitaAccountSpec.model_validate(body.get("spec") or {})
        return cls(Meta.parse(body["metadata"]), spec, _status(body.get("status") or {}))


def _status(raw: Mapping[str, Any]) -> NovitaAccountStatus:
    try:
        return NovitaAccountStatus.model_validate(raw)
    except ValidationError:
        return NovitaAccountStatus()
