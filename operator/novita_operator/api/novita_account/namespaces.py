"""Which namespaces are meant: by name, or by label."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from novita_operator.api.meta import Model


class NamespaceSelector(Model):
    """Namespaces by label."""

    match_labels: dict[Annotated[str, Field(max_length=317)], Annotated[str, Field(max_length=63)]] = Field(
        {}, max_length=16, description="Labels that a namespace must all have."
    )


class Namespaces(Model):
    """Namespaces by name and by label: each that is named or selected."""

    names: tuple[Annotated[str, Field(min_length=1, max_length=63)], ...] = Field(
        (), max_length=256, description="Namespaces by name."
    )
    selector: NamespaceSelector | None = Field(None, description="Namespaces by label, in addition.")
