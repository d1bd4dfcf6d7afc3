"""Leaves in site-packages what the operator can import: `prune.py SITE_PACKAGES`.

The image is made with it, with Docker and without. The client of Kubernetes is models and calls, for the greatest part;
its packages load one of them when somebody asks for it by name: `kubernetes.aio.client.CoreV1Api`. What stays is what
`import` statements reach, and what code outside of the client asks for by name, with all that is named there in turn.
`prove.py` shows that nothing is missing.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

LAZY = "kubernetes"
# Sources of compiled modules and stubs for type checkers: Python never reads them.
UNREAD = frozenset({".c", ".h", ".pyx", ".pxd", ".pxi", ".pyi", ".hash"})
_NAME = re.compile(r"\b[A-Z]\w+\b")
_MEBIBYTE = 1 << 20


class Package:
    """One package of site-packages: its modules by dotted name, and which names its packages load when asked."""

    def __init__(self, site: Path, name: str) -> None:
        self.site = site
        self.modules: Mapping[str, Path] = dict(_modules(site, site / name))

    def imported(self, module: str) -> frozenset[str]:
        """What `import` statements of this module reach, parents included; statements for type checkers are skipped."""
        tree = ast.parse(self.modules[module].read_bytes())
        is_package = self.modules[module].name == "__init__.py"
        asked = {name for node in _run_time(tree) for name in _targets(node, module, is_package=is_package)}
        return frozenset(each for name in asked for each in self._with_parents(name))

    def lazy(self) -> Mapping[str, frozenset[str]]:
        """Name -> modules that hold it, of all packages with a table of what they load when asked."""
        found: dict[str, set[str]] = {}
        for module, path in self.modules.items():
            if path.name == "__init__.py":
                for name, target in _table(ast.parse(path.read_bytes())):
                    found.setdefault(name, set()).add(module + target)
        return {name: frozenset(modules) for name, modules in found.items()}

    def _with_parents(self, name: str) -> Iterator[str]:
        parts = name.split(".")
        yield from (known for end in range(1, len(parts) + 1) if (known := ".".join(parts[:end])) in self.modules)


def needed(package: Package, outside: Iterable[Path]) -> frozenset[str]:
    """The modules of `package` that stay, if the code in `outside` is all that uses it."""
    return _reached(_named(package, outside) | {LAZY, f"{LAZY}.aio"}, package.imported)


def prune(site: Path) -> None:
    """Remove what is never imported. Running it again changes nothing."""
    package = Package(site, LAZY)
    stay = needed(package, _outside(site))
    for module, path in package.modules.items():
        if module not in stay:
            path.unlink()
    for path in [path for path in site.rglob("*") if path.suffix in UNREAD and path.is_file()]:
        path.unlink()
    for cache in list(site.rglob("__pycache__")):  # the image's own Python compiles what stays
        shutil.rmtree(cache)
    for directory in sorted((site / LAZY).rglob("*"), reverse=True):
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()


def _named(package: Package, outside: Iterable[Path]) -> frozenset[str]:
    """What is loaded by name: named outside, or in a module that is loaded by name itself."""
    lazy = package.lazy()

    def loaded(paths: Iterable[Path]) -> frozenset[str]:
        return frozenset(each for path in paths for name in _names(path) & lazy.keys() for each in lazy[name])

    return _reached(loaded(outside), lambda module: loaded([package.modules[module]]))


def _reached(start: frozenset[str], beyond: Callable[[str], frozenset[str]]) -> frozenset[str]:
    """`start` and whatever lies beyond each of them."""
    found: set[str] = set()
    todo = set(start)
    while todo:
        module = todo.pop()
        found.add(module)
        todo |= beyond(module) - found
    return frozenset(found)


def _outside(site: Path) -> list[Path]:
    """The code that uses the lazy package: whatever names it."""
    sources = [path for path in site.rglob("*.py") if path.relative_to(site).parts[0] != LAZY]
    return [path for path in sources if LAZY.encode() in path.read_bytes()]


def _names(path: Path) -> frozenset[str]:
    """Every capitalised word, in strings too: calls name the models of their answers there."""
    return frozenset(_NAME.findall(path.read_text(encoding="utf-8")))


def _modules(site: Path, package: Path) -> Iterator[tuple[str, Path]]:
    for path in package.rglob("*.py"):
        parts = path.relative_to(site).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _run_time(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from _run_time(ast.Module([other], []))
        else:
            yield from _run_time(node)


def _targets(node: ast.Import | ast.ImportFrom, module: str, *, is_package: bool) -> Iterator[str]:
    """The dotted names that a statement may load: `from a import b` loads a, and a.b where that is a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    parents = module.split(".")
    here = parents if is_package else parents[:-1]
    above = here[: len(here) - node.level + 1] if node.level else []
    start = ".".join([*above, *([node.module] if node.module else [])])
    yield start
    yield from (f"{start}.{alias.name}" for alias in node.names)


def _table(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The entries of `_exports = {"CoreV1Api": ".api.core_v1_api", ...}`, wherever it stands in the file."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name("_exports")], value=ast.Dict() as table):
                yield from ast.literal_eval(table).items()
            case ast.AnnAssign(target=ast.Name("_exports"), value=ast.Dict() as table):
                yield from ast.literal_eval(table).items()


def _size(directory: Path) -> float:
    """MiB of all files below."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / _MEBIBYTE


def main() -> None:
    site = Path(sys.argv[1])
    before = _size(site)
    prune(site)
    print(f"{site}: {before:.0f} MiB, {_size(site):.0f} MiB of them stay")


if __name__ == "__main__":
    main()
