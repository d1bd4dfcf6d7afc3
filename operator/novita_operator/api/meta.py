"""All strings that end up in a cluster, and the metadata of an object of ours."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

GROUP = "gpu.novita.ai"
VERSION = "v1alpha1"
FINALIZER = f"{GROUP}/instance"
FIELD_MANAGER = "novita-operator"
CATEGORY = "novita"

PAUSED = f"{GROUP}/paused"
RECONCILE_REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
CREATE_INTENT = f"{GROUP}/create-intent"
FORCE_FINALIZE = f"{GROUP}/force-finalize"
TRUST_HOST_KEY = f"{GROUP}/trust-host-key"
CONFIRM_ORPHANS = f"{GROUP}/confirm-orphans"
CONFIRM_LOSSES = f"{GROUP}/confirm-losses"
THAW_CREATES = f"{GROUP}/thaw-creates"
LAST_USED = f"{GROUP}/last-used"
RUN_UNTIL = f"{GROUP}/run-until"
ACCOUNT_FINALIZER = f"{GROUP}/account-in-use"
JOB_RESULT = f"{GROUP}/job-result"
RUN = f"{GROUP}/run"
"""On what `kubectl novita run` has rented: which run that was."""
RETAINED_IN = f"{GROUP}/retained-in"
"""On an account: where the ids of retained instances are kept, `<cluster id>/<namespace>`, separated by commas."""
INCOMPLETE = f"{GROUP}/incomplete"
"""On the ConfigMap with these ids: when it was made again, because the one before it was lost."""
OWNER_UID = f"{GROUP}/owner-uid"
"""On what is made for an object: the UID of that object, by which it is known where its ownerReference was removed."""
CONTENT_HASH = f"{GROUP}/content-hash"
"""On a connection Secret: what was written into it, by which a change by somebody else is seen."""

OUTPUT_BYTES = f"{GROUP}/output-bytes"
"""On the ConfigMap with the output of an attempt: how many bytes its program has printed; the last of them are kept."""

SET_LABEL = f"{GROUP}/set"
TEMPLATE_HASH_LABEL = f"{GROUP}/template-hash"
JOB_LABEL = f"{GROUP}/job"
ATTEMPT_LABEL = f"{GROUP}/job-attempt"
REQUEST_CHARS = 256
"""What a status holds of the annotation reconcile-requested-at; what is longer must not look like a new value."""
LABEL_CHARS = 63
"""The longest value of a label in Kubernetes: names that become labels must not be longer."""

NAME_PREFIX = "nvo"
"""What the names of our instances at Novita start with."""


_EARLIEST_YEAR = 2000  # in another zone, the first hours of the calendar are before it
_LATEST_YEAR = 2999  # a status is written by many: what lies beyond leaves room for every sum of times


def reasonable(moment: datetime) -> datetime:
    """The same moment, if sums of times with it can be computed and written. Raises ValueError."""
    if moment.tzinfo is None or not _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR:
        raise ValueError("a time without a zone, of a far future, or from before there was Kubernetes")
    return moment


Moment = Annotated[
    datetime,
    AfterValidator(reasonable),
    PlainSerializer(lambda moment: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 64}),
]
"""A time as Kubernetes writes it: RFC 3339, UTC, whole seconds."""


class Model(BaseModel):
    """A part of a resource: frozen, camelCase on the wire, lenient with fields of other versions."""

    # Built when it is first used: most are parts of others, which build them in, and no process uses them all.
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore", defer_build=True
    )

    def to_wire(self) -> dict[str, Any]:
        """The JSON form, without absent fields."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def wire_names(cls) -> tuple[str, ...]:
        """Its fields as they are called in JSON."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def fitting(cls, **values: Any) -> Self:  # noqa: ANN401 - fields of any type
        """Made of what somebody else said: texts and lists are cut to what the schema takes."""
        return cls(**{name: _cut(value, cls.model_fields[name].metadata) for name, value in values.items()})

    def fitted(self) -> Self:
        """The same, cut to what the schema takes: one word that is too long must not hold back the rest."""
        values = ((name, field.metadata, getattr(self, name)) for name, field in type(self).model_fields.items())
        cut = {name: kept for name, bounds, value in values if (kept := _cut(value, bounds)) is not value}
        return self.model_copy(update=cut) if cut else self


def _cut(value: Any, bounds: Sequence[Any]) -> Any:  # noqa: ANN401 - fields of any type
    """The value itself where nothing of it is too long, as nearly always."""
    if isinstance(value, Model):
        return value.fitted()
    if not isinstance(value, str | tuple):
        return value
    longest = next(filter(None, (getattr(bound, "max_length", None) for bound in bounds)), None)
    kept = value if longest is None or len(value) <= longest else value[:longest]
    if not isinstance(kept, tuple):
        return kept
    items = tuple(_cut(item, ()) for item in kept)
    return kept if all(map(operator.is_, items, kept)) else items


NAME_CHARS = 253
"""A DNS-1123 subdomain, which names of Kubernetes objects are."""
_DNS = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS, pattern=_DNS)]
"""A reference by name; a namespace is never part of one."""


_PriceSchema = WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})?$", "maxLength": 13})
Price = Annotated[Decimal, Field(gt=0), _PriceSchema]
"""USD per hour as a decimal string: floats lose cents."""
PriceCap = Annotated[Decimal, Field(ge=0), _PriceSchema]
"""USD per hour that must not be exceeded; 0 allows nothing."""


class OwnerReference(BaseModel):
    """One entry of `metadata.ownerReferences`."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    api_version: str = Field("", alias="apiVersion")
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class Meta(BaseModel):
    """The part of `metadata` that decisions need."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    name: str
    namespace: str = ""
    uid: str
    resource_version: str = Field("0", alias="resourceVersion")
    generation: int = 1
    created_at: datetime = Field(alias="creationTimestamp")
    deleted_at: datetime | None = Field(None, alias="deletionTimestamp")
    finalizers: tuple[str, ...] = ()
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = Field((), alias="ownerReferences")

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that is marked as the controller."""
        return next((owner for owner in self.owner_references if owner.controller), None)

    @property
    def reconcile_requested_at(self) -> str | None:
        """The annotation's value, as far as a status holds it: a new value asks for another try."""
        text = self.annotations.get(RECONCILE_REQUESTED_AT)
        return None if text is None else text[:REQUEST_CHARS]

    @property
    def paused(self) -> bool:
        """Whether a person asks that nothing is done."""
        return self._pause == "true"

    @property
    def unclear_pause(self) -> str | None:
        """That the annotation says neither, in a sentence: what cannot be read holds up no end."""
        if self._pause in {"true", "false", ""}:
            return None
        return f"The annotation {PAUSED} is neither true nor false, and nothing is paused: write true, or remove it."

    @property
    def _pause(self) -> str:
        return self.annotations.get(PAUSED, "").strip().lower()

    @classmethod
    def parse(cls, metadata: Mapping[str, Any]) -> Meta:
        """Read `metadata` as the API server sends it, where null is nothing. Raises pydantic.ValidationError."""
        return cls.model_validate({key: value for key, value in metadata.items() if value is not None})
