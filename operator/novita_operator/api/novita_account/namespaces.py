"""Which namespaces are meant: by name, or by label."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from novita_operator.api import rules
from novita_operator.api.meta import Model

# What Kubernetes takes for the key and for the value of a label.
_DOMAIN_PART = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_KEY = rf"^({_DOMAIN_PART}(\.{_DOMAIN_PART})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?$"
_LONGEST_PREFIX, _LONGEST_KEY = 253, 317
_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
_Value = Annotated[str, Field(max_length=63, pattern=_VALUE)]


def _of_a_label(key: str) -> str:
    """The key, which is written into the text of a selector: there `team!` with `a` would mean all but `a`.

    A CRD cannot bound the keys of a map, so that the API server takes any. Raises ValueError.
    """
    if len(key.rpartition("/")[0]) > _LONGEST_PREFIX or re.fullmatch(_KEY, key) is None:
        raise ValueError(
            "no label has such a key: it is a name of 1 to 63 letters, digits, '-', '_' and '.', with a letter or "
            "digit at both ends, and may have a DNS name of at most 253 characters and '/' before it"
        )
    return key


_Key = Annotated[str, AfterValidator(_of_a_label)]


class MatchExpression(Model):
    """One condition on a label, as in every label selector of Kubernetes."""

    model_config = Model.model_config | {"json_schema_extra": rules.match_expression()}

    key: _Key = Field(min_length=1, max_length=_LONGEST_KEY, pattern=_KEY, description="The label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="`In` and `NotIn` compare with `values`; a namespace without the label is `NotIn` all of them."
    )
    values: tuple[_Value, ...] = Field((), max_length=32, description="Values, for `In` and `NotIn` alone.")

    def text(self) -> str:
        """The condition as a list call asks for it."""
        match self.operator:
            case "In":
                return f"{self.key} in ({','.join(self.values)})"
            case "NotIn":
                return f"{self.key} notin ({','.join(self.values)})"
            case "Exists":
                return self.key
            case "DoesNotExist":
                return f"!{self.key}"


class NamespaceSelector(Model):
    """Namespaces by label: those that fulfil all conditions. One without any selects none."""

    model_config = Model.model_config | {"json_schema_extra": rules.namespace_selector()}

    match_labels: dict[Annotated[_Key, Field(max_length=_LONGEST_KEY)], _Value] = Field(
        {}, max_length=16, description="Labels that a namespace must all have."
    )
    match_expressions: tuple[MatchExpression, ...] = Field(
        (), max_length=16, description="Conditions on labels that a namespace must all fulfil."
    )

    def text(self) -> str:
        """What a list call asks for; empty where there is no condition."""
        labels = [f"{key}={value}" for key, value in sorted(self.match_labels.items())]
        return ",".join([*labels, *(each.text() for each in self.match_expressions)])


class Namespaces(Model):
    """Namespaces by name and by label: each that is named or selected."""

    names: tuple[Annotated[str, Field(min_length=1, max_length=63)], ...] = Field(
        (), max_length=256, description="Namespaces by name."
    )
    selector: NamespaceSelector | None = Field(None, description="Namespaces by label, in addition.")
