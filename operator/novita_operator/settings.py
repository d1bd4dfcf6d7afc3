"""Every knob of the operator, once, read from environment variables.

Names, units and ranges are those that users of the REST gateway already have, and our own.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from novita_operator import settings_values
from novita_operator.api.gpu_instance.notifications import NotificationFormat

_ADVANCED: JsonDict = {"advanced": True}
"""Marks a setting that few people ever turn: docs/reference/settings.md lists it behind the others."""


class Settings(BaseSettings):
    """The operator's settings. All durations in the environment are milliseconds, as the REST gateway had them."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True, validate_default=True
    )

    # What users of the REST gateway already have.
    novita_api_url: str = Field(
        "https://api.novita.ai",
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Base URL of the Novita API (or of the simulator).",
    )
    novita_api_key: SecretStr | None = Field(None, description="The key of the account named `default`.")
    novita_api_key_file: Path | None = Field(None, description="A file that holds the key; read again on change.")
    api_timeout: int = Field(30_000, ge=1_000, le=120_000, description="Longest time for one Novita call, ms.")
    max_retries: int = Field(3, ge=0, le=10, description="Repeats of an idempotent Novita call; 0 means none.")
    retry_delay: int = Field(1_000, ge=0, le=60_000, description="First pause between repeats, ms; doubles.")
    default_gpu_type: str = Field(
        "RTX 4090 24GB", min_length=1, max_length=255, description="Product of objects that name none."
    )
    default_template: str = Field(
        "pytorch-jupyter",
        min_length=1,
        max_length=255,
        description="Template of objects that name none: its name or id.",
    )
    default_region: str = Field(
        "CN-HK-01", min_length=1, max_length=63, description="Region that is tried first for objects that name none."
    )
    poll_interval: int = Field(
        30_000, ge=1_000, le=600_000, description="Time between two polls of an account while nothing changes, ms."
    )
    startup_timeout: int = Field(
        600_000,
        ge=60_000,
        le=86_400_000,
        description="Longest time from the create call to Ready for objects that set none, ms.",
    )

    webhook_url: SecretStr | None = Field(
        None, description="Where webhooks about objects without spec.notifications go; it may be a private address."
    )
    webhook_format: NotificationFormat = Field("Event", description="What WEBHOOK_URL takes.")
    webhook_secret: SecretStr | None = Field(
        None, description="Signs webhooks that name no Secret of their own; 8 characters or more."
    )

    # Our own.
    webhook_timeout: int = Field(
        10_000, ge=100, le=60_000, description="Longest time for one try of a webhook, ms.", json_schema_extra=_ADVANCED
    )
    webhook_retry_delay: int = Field(
        10_000,
        ge=10,
        le=600_000,
        description="Longest first pause between two of the five tries of a webhook, ms; it doubles each time.",
        json_schema_extra=_ADVANCED,
    )
    denied_networks: str = Field(
        "",
        max_length=4096,
        description="Comma-separated networks that webhooks of spec.notifications, readiness checks and Services never "
        "lead to, whatever they are and whatever another setting opens.",
    )
    webhook_allowed_networks: str = Field(
        "",
        max_length=4_096,
        description="Comma-separated networks, such as 10.0.0.0/8, to which webhooks of spec.notifications may go "
        "although they are not public.",
    )
    transition_poll_interval: int = Field(
        2_000,
        ge=100,
        le=60_000,
        description="Time between two polls of an account while anything changes, ms.",
        json_schema_extra=_ADVANCED,
    )
    loss_delay: int = Field(
        180_000,
        ge=0,
        le=86_400_000,
        description="How long a few instances must be missing beside others before they count as lost, ms; "
        "five times as long where Novita shows no other.",
        json_schema_extra=_ADVANCED,
    )
    list_lag: int = Field(
        60_000,
        ge=0,
        le=600_000,
        description="How long Novita's list may hide a created instance, ms.",
        json_schema_extra=_ADVANCED,
    )
    catalog_max_age: int = Field(
        60_000,
        ge=0,
        le=3_600_000,
        description="How long prices, stock and templates are used before they are read again, ms.",
        json_schema_extra=_ADVANCED,
    )
    capacity_memory: int = Field(
        180_000,
        ge=0,
        le=3_600_000,
        description="How long a region without capacity is not tried again for the same product, ms.",
        json_schema_extra=_ADVANCED,
    )
    credentials_probe_interval: int = Field(
        60_000,
        ge=100,
        le=3_600_000,
        description="Longest time between two calls that test a rejected key, ms; the first ones come sooner.",
        json_schema_extra=_ADVANCED,
    )
    backoff_base: int = Field(
        5_000,
        ge=10,
        le=600_000,
        description="First pause after a failed pass, ms; doubles.",
        json_schema_extra=_ADVANCED,
    )
    backoff_max: int = Field(
        600_000, ge=10, le=3_600_000, description="Longest pause after failed passes, ms.", json_schema_extra=_ADVANCED
    )
    cost_interval: int = Field(
        600_000, ge=1_000, le=86_400_000, description="How often a running object's accrued cost is written, ms."
    )
    orphan_age: int = Field(
        600_000,
        ge=0,
        le=86_400_000,
        description="Least age of an instance that counts as an orphan, ms.",
        json_schema_extra=_ADVANCED,
    )
    orphan_sightings_apart: int = Field(
        120_000,
        ge=0,
        le=3_600_000,
        description="Shortest time between the two polls that must both see an orphan before it is deleted, ms.",
        json_schema_extra=_ADVANCED,
    )
    most_recreates: int = Field(
        20,
        ge=1,
        le=10_000,
        description="Instances rented again within 10 minutes before creates are frozen.",
        json_schema_extra=_ADVANCED,
    )
    resync_interval: int = Field(
        60_000,
        ge=100,
        le=3_600_000,
        description="How often versions at the API server are compared with the watch, ms.",
        json_schema_extra=_ADVANCED,
    )
    leader_election: bool = Field(False, description="Whether a Lease decides which of several replicas works.")
    lease_name: str = Field(
        "novita-operator", min_length=1, max_length=253, description="Name of the Lease.", json_schema_extra=_ADVANCED
    )
    lease_duration: int = Field(
        60_000,
        ge=3_000,
        le=600_000,
        description="How long a Lease holds without renewal, ms; 1.5 times API_TIMEOUT or more.",
        json_schema_extra=_ADVANCED,
    )
    allow_private_endpoints: bool = Field(
        False,
        description="Whether endpoints that Novita names may be private or loopback addresses; "
        "for the simulator and private networks.",
    )
    workers: int = Field(
        64, ge=1, le=256, description="Objects reconciled at the same time.", json_schema_extra=_ADVANCED
    )
    shutdown_grace: int = Field(
        45_000,
        ge=0,
        le=600_000,
        description="How long a shutdown waits for calls under way, ms.",
        json_schema_extra=_ADVANCED,
    )
    health_host: str = Field(
        "0.0.0.0",  # noqa: S104 - a pod's probes come from outside it
        description="Address of /livez, /readyz and /metrics.",
        json_schema_extra=_ADVANCED,
    )
    health_port: int = Field(
        8080, ge=0, le=65_535, description="Port of /livez, /readyz and /metrics; 0 takes a free one."
    )
    health_port_file: Path | None = Field(
        None, description="A file that gets the port once it is served.", json_schema_extra=_ADVANCED
    )
    operator_namespace: str = Field(
        default_factory=settings_values.own_namespace,
        min_length=1,
        max_length=63,
        description="Where account key Secrets live.",
    )
    default_account_secret: str = Field(
        "",
        max_length=253,
        description="Secret of the operator's namespace with the key of the account `default`, which is made at the "
        "start where no account exists; empty: none is made, unless the operator has a key of its own.",
    )
    default_account_secret_key: str = Field(
        "apiKey",
        min_length=1,
        max_length=253,
        description="The entry of DEFAULT_ACCOUNT_SECRET that holds the key.",
        json_schema_extra=_ADVANCED,
    )
    watch_namespaces: str = Field(
        "", max_length=16_384, description="Comma-separated namespaces to watch; empty: all of them."
    )
    class_name: str = Field(
        "",
        max_length=63,
        pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$",
        description="The operator works on the NovitaAccounts whose spec.className is this, and leaves all others and "
        "their objects alone; empty: the accounts without a class. For several operators in one cluster.",
    )
    cluster_id: str | None = Field(
        None, pattern=r"^[a-z2-7]{8}$", description="Replaces the id derived from the kube-system namespace."
    )
    former_cluster_ids: str = Field(
        "", max_length=1024, description="Comma-separated ids that it had before: accepts that CLUSTER_ID was changed."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: str = Field("text", description="`text` or `json`.")

    _level = field_validator("log_level")(settings_values.known_level)
    _format = field_validator("log_format")(settings_values.known_format)
    _key = field_validator("novita_api_key")(settings_values.one_word)
    _former = field_validator("former_cluster_ids")(settings_values.cluster_ids)
    _url = field_validator("webhook_url")(settings_values.url_to_post_to)
    _secret = field_validator("webhook_secret")(settings_values.no_guess)
    _allowed = field_validator("webhook_allowed_networks", "denied_networks")(settings_values.readable_networks)

    # Rules over two settings belong to the later one: a validator of the whole would not run beside other mistakes.

    @field_validator("novita_api_key_file")
    @classmethod
    def _only_source_of_the_key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return None
        # A key that was refused is not in `info`, and is given all the same.
        if "novita_api_key" not in info.data or info.data["novita_api_key"] is not None:
            raise ValueError("NOVITA_API_KEY is set, too; keep one of them")
        if not value.is_file() or not os.access(value, os.R_OK):
            raise ValueError("names no readable file")
        return value

    @field_validator("lease_duration")
    @classmethod
    def _lease_outlasts_a_call(cls, value: int, info: ValidationInfo) -> int:
        # A paid call is only made while the Lease surely outlasts it; it is renewed every sixth of its duration.
        if info.data.get("leader_election") and value * 2 < info.data.get("api_timeout", 0) * 3:
            raise ValueError("must be at least 1.5 times API_TIMEOUT: a paid call must end while we lead")
        return value

    @property
    def identity(self) -> str:
        """Who writes intents: the pod's name (its host name), and the process, since tests run several on one host."""
        return f"{socket.gethostname()}_{os.getpid()}"

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The watched namespaces; empty means all."""
        return settings_values.parts(self.watch_namespaces)

    @property
    def former_clusters(self) -> frozenset[str]:
        """Cluster ids that are accepted as ours beside the present one."""
        return frozenset(settings_values.parts(self.former_cluster_ids))

    def own_api_key(self) -> SecretStr | None:
        """The operator's own key, read anew from its file each time; None where there is none."""
        return settings_values.key_of(self.novita_api_key_file, self.novita_api_key)
