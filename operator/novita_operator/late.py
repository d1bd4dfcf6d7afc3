"""Modules that are found when they are imported, and executed when something of them is first used.

The import stands where one looks for it and is checked like any other; it fails at the start where the module is not
installed. Only its cost is put off until somebody needs it, which is never in most processes. It is what the statement
`lazy import` of Python 3.15 does (PEP 810).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_EXECUTING = threading.RLock()


def load(names: Sequence[str]) -> None:
    """Put these modules off, wherever they are imported from now on."""
    sys.meta_path.insert(0, _Finder(frozenset(names)))


class _Finder(MetaPathFinder):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What every other import would find; the next finder is asked where the module is not one of ours."""
        found = PathFinder.find_spec(fullname, path, target) if fullname in self._names else None
        if found is not None and found.loader is not None:
            found.loader = _Loader(found.loader)
        return found


class _Loader(Loader):
    """Leaves the module to itself."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing of it, until it is asked for a name that it does not have yet."""
        module.__dict__[_Late.LOADER] = self._loader
        module.__class__ = _Late


class _Late(ModuleType):
    """A module that has not been executed."""

    LOADER = "__late_loader__"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module holds
        with _EXECUTING:
            loader = self.__dict__.pop(_Late.LOADER, None)  # gone while it is executed: it asks itself for names, too
            if loader is not None:
                try:
                    loader.exec_module(self)
                except BaseException:
                    self.__dict__[_Late.LOADER] = loader
                    raise
                self.__class__ = ModuleType  # type: ignore[assignment]  # an ordinary one from now on
        return ModuleType.__getattribute__(self, name)
