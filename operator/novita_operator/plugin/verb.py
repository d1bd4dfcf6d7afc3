"""One verb of the command line, of which no more than its summary is loaded before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

from novita_operator import startup

Find = Callable[[], Callable[..., None] | typer.Typer]
"""Returns the function of the verb, or the verbs below it."""


class Verb(TyperCommand):
    """Stands for a verb in the list of all. Its module, and what that imports, are executed when `find` asks for it."""

    def __init__(self, name: str, summary: str, find: Find) -> None:
        super().__init__(name, help=summary)
        self._find = find

    def make_context(self, *arguments: Any, **extra: Any) -> Any:  # noqa: ANN401 - as typer calls it
        """Where its arguments, its own help and its completions begin: all of them are those of the verb itself."""
        return self.whole().make_context(*arguments, **extra)

    def whole(self) -> Any:  # noqa: ANN401 - typer gives no public name to what it makes
        """The verb with its options."""
        with startup.loading():
            found = self._find()
        if not isinstance(found, typer.Typer):
            verb, found = found, typer.Typer(add_completion=False)
            found.command(self.name)(verb)
        return typer.main.get_command(found)
