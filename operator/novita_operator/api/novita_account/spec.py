"""NovitaAccount: one API key, its health, its limits, and everything that it pays for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from novita_operator.api.meta import Model, Name
from novita_operator.api.novita_account.namespaces import Namespaces
from novita_operator.api.novita_account.tenancy import Tenancy


class ApiKeySecretRef(Model):
    """Where the key is. The Secret lives in the operator's namespace, so that no tenant can take it away."""

    name: Name = Field(description="Name of a Secret in the operator's namespace.")
    key: str = Field("apiKey", min_length=1, max_length=253, description="The entry that holds the key.")


class Limits(Model):
    """How hard the account may be used."""

    requests_per_minute: int = Field(
        100, ge=1, le=60_000, description="Calls to Novita per minute; Novita publishes no limit of its own."
    )
    max_concurrent_creates: int = Field(3, ge=1, le=64, description="Create calls under way at the same time.")


class NovitaAccountSpec(Model):
    """One account at Novita."""

    api_key_secret_ref: ApiKeySecretRef | None = Field(
        None, description="The API key. Without it the operator's own key (NOVITA_API_KEY) is used."
    )
    class_name: str = Field(
        "",
        max_length=63,
        pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$",
        description="Class of the operator that works on the account: the one whose setting CLASS_NAME is the same. "
        "Empty means the operator without a class. All others leave the account and its objects alone.",
    )
    base_url: str | None = Field(
        None,
        max_length=512,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Address of the Novita API, instead of the operator's setting NOVITA_API_URL.",
    )
    namespaces: Namespaces | None = Field(
        None, description="Namespaces that may use the account. Without it, every namespace may."
    )
    tenancy: Tenancy | None = Field(
        None,
        description="What each namespace may have of the account, and what all of them together may cost. Without it, "
        "everything is allowed but adoption.",
    )
    limits: Limits = Field(Limits(), description="How hard the account may be used.")
    orphans: Literal["Report", "Delete"] = Field(
        "Report",
        description="What happens to instances that carry this cluster's mark and belong to no object any more.",
    )
