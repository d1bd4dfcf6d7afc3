"""The closed lists of words that the API speaks in, with the sentence that the code says below each."""

from __future__ import annotations

import ast
import importlib
import inspect
from dataclasses import dataclass
from types import ModuleType

_MODULES = {
    "GPUInstance": "gpu_instance.reasons",
    "GPUInstanceSet": "gpu_instance_set.reasons",
    "GPUJob": "gpu_job.reasons",
    "NovitaAccount": "novita_account.reasons",
}


class Unexplained(Exception):
    """A word without a sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    """One value of an enum, and what it means."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the conditions of one kind say."""

    kind: str
    types: tuple[Word, ...]
    reasons: tuple[Word, ...]


def vocabularies() -> tuple[Vocabulary, ...]:
    """One for each kind. Raises Unexplained."""
    modules = {kind: importlib.import_module(f"novita_operator.api.{name}") for kind, name in _MODULES.items()}
    return tuple(
        Vocabulary(kind, _words(module, "ConditionType"), _words(module, "Reason")) for kind, module in modules.items()
    )


def events() -> tuple[Word, ...]:
    """Every Event. Raises Unexplained."""
    return _words(importlib.import_module("novita_operator.api.events"), "EventReason")


def _words(module: ModuleType, name: str) -> tuple[Word, ...]:
    tree = ast.parse(inspect.getsource(module))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    said = zip(found.body, found.body[1:], strict=False)
    words = tuple(_word(statement, below, name) for statement, below in said if isinstance(statement, ast.Assign))
    if len(words) != len(getattr(module, name)):
        raise Unexplained(f"{name}: not every word has a sentence below it")
    return words


def _word(statement: ast.Assign, below: ast.stmt, name: str) -> Word:
    match statement.value, below:
        case ast.Constant(value=str(value)), ast.Expr(value=ast.Constant(value=str(meaning))):
            return Word(value, " ".join(meaning.split()))
    raise Unexplained(f"{name}, line {statement.lineno}: say below it what it means")
