"""Proves that nothing is missing that `prune.py` took: `python -I prove.py`, by the Python of the image itself.

Imports every module of the operator and of kopf, and asks for each attribute of the Kubernetes client that they name.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

_CLIENT = "kubernetes"


def modules(package: str) -> Iterator[ModuleType]:
    """Every module of a package, imported, but for the programs. Raises ImportError."""
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not found.name.endswith(".__main__"):
            module = importlib.import_module(found.name)
            # One that is executed late (novita_operator/late.py) is executed when a name is asked for that it has not.
            hasattr(module, "_proven")
            yield module


def client_attributes(module: ModuleType) -> Iterator[tuple[ModuleType, str]]:
    """What this module's code says of modules of the client: `api_client.ApiClient`."""
    bound = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, ModuleType) and value.__name__.split(".")[0] == _CLIENT
    }
    if not bound or not module.__file__:
        return
    for node in ast.walk(ast.parse(Path(module.__file__).read_bytes())):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in bound:
                yield bound[name], attribute


def main() -> None:
    imported = asked = 0
    for package in ("novita_operator", "kopf"):
        for module in modules(package):
            imported += 1
            for owner, attribute in client_attributes(module):
                getattr(owner, attribute)
                asked += 1
    if not asked:
        sys.exit("nothing of the Kubernetes client is used: this proof is blind")
    print(f"{imported} modules are imported, {asked} uses of the Kubernetes client are there")


if __name__ == "__main__":
    main()
