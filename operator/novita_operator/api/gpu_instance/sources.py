"""Entries of Secrets and ConfigMaps that a GPUInstance's spec refers to, always in the object's own namespace."""

from __future__ import annotations

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.meta import Model, Name

KEY_CHARS = 8192
"""Of one entry of `authorizedKeys`: above every public key, and every private one that is pasted in its place."""


class KeyRef(Model):
    """One entry of a Secret or ConfigMap in the object's own namespace."""

    name: Name = Field(description="Name of the Secret or ConfigMap, in the namespace of this object.")
    key: str = Field(min_length=1, max_length=253, description="The entry in it.")
    optional: bool = Field(
        False, description="If true, a missing object or entry counts as none; false without a value."
    )


class EnvVarSource(Model):
    """Where a variable's value comes from."""

    model_config = Model.model_config | {
        "json_schema_extra": rules.only_one(
            "valueFrom",
            "secretKeyRef",
            "configMapKeyRef",
            required=True,
            printed=("self.secretKeyRef.name", "self.configMapKeyRef.name"),
        )
    }

    secret_key_ref: KeyRef | None = Field(None, description="An entry of a Secret. Its value is sent to Novita.")
    config_map_key_ref: KeyRef | None = Field(None, description="An entry of a ConfigMap.")


class EnvVar(Model):
    """One environment variable of the container."""

    model_config = Model.model_config | {"json_schema_extra": rules.only_one("env[]", "value", "valueFrom")}

    name: str = Field(
        min_length=1, max_length=511, pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$", description="Name of the variable."
    )
    value: str | None = Field(
        None, max_length=4095, description="Its value, readable by everybody who can read this object. No secrets here."
    )
    value_from: EnvVarSource | None = Field(None, description="Its value from a Secret or ConfigMap, read at creation.")


class AuthorizedKeysSource(Model):
    """Where public keys come from."""

    model_config = Model.model_config | {
        "json_schema_extra": rules.only_one(
            "authorizedKeysFrom[]",
            "secretKeyRef",
            "configMapKeyRef",
            required=True,
            printed=("self.secretKeyRef.name", "self.configMapKeyRef.name"),
        )
    }

    secret_key_ref: KeyRef | None = Field(None, description="An entry of a Secret.")
    config_map_key_ref: KeyRef | None = Field(None, description="An entry of a ConfigMap.")
