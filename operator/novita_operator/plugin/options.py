"""The options that verbs share, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from novita_operator.plugin import completing


class Format(StrEnum):
    """How a listing is written."""

    TABLE = "table"
    JSON = "json"


def machines(ctx: typer.Context, incomplete: str) -> list[str]:
    """What may stand for a machine."""
    return completing.machines(ctx, incomplete)  # executed at a Tab alone: it asks the cluster


def _namespaces(incomplete: str) -> list[str]:
    return completing.namespaces(incomplete)


TRUST_NEW_FLAG = "--trust-new-host-key"
Namespace = Annotated[
    str | None,
    typer.Option(
        "-n",
        "--namespace",
        help="The namespace; without it, that of the context.",
        autocompletion=_namespaces,
    ),
]
Machine = Annotated[
    str,
    typer.Argument(
        help="A GPUInstance, gpuset/NAME, gpuset/NAME-N or gpujob/NAME.",
        autocompletion=machines,
    ),
]
TrustNew = Annotated[
    bool,
    typer.Option(TRUST_NEW_FLAG, help="Where nobody has recorded the machine's host key: trust the one that it shows."),
]
Everywhere = Annotated[bool, typer.Option("-A", "--all-namespaces", help="All namespaces.")]
Output = Annotated[Format, typer.Option("-o", "--output", help="A table for people, or JSON for programs.")]

_OF_THE_CLUSTER = ("--context", "--kubeconfig")


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The options that choose the cluster come first, wherever they stand: kubectl takes them anywhere before `--`."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    front: list[str] = []
    rest: list[str] = []
    at = 0
    while at < end:
        name, equals, _ = words[at].partition("=")
        count = 1 if name not in _OF_THE_CLUSTER or equals else 2
        (front if name in _OF_THE_CLUSTER else rest).extend(words[at : min(at + count, end)])
        at += count
    return [*front, *rest, *words[end:]]
