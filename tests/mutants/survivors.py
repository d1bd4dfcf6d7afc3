"""Mutants that no test kills: found in a run, and those that are known, each with the reason."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_KNOWN = Path(__file__).with_name("survivors.toml")
_PACKAGE = "novita_operator.controllers.gpu_instance."


@dataclass(frozen=True, order=True, slots=True)
class Survivor:
    """One change that no test sees. The text names it, since its number changes with every edit of the function."""

    where: str
    """Module, class and function, below the room of instances."""
    was: str
    became: str

    def __str__(self) -> str:
        return f"{self.where}\n    - {self.was}\n    + {self.became}"


def known(only: Sequence[str]) -> dict[Survivor, str]:
    """Those of the list, with the reason why each may live. `only`: those in these files, none for all."""
    listed = tomllib.loads(_KNOWN.read_text())["reason"]
    modules = tuple(file.removesuffix(".py").replace("/", ".") + "." for file in only)
    return {
        Survivor(mutant["where"], mutant["was"], mutant["became"]): reason["why"]
        for reason in listed
        for mutant in reason["mutants"]
        if not only or mutant["where"].startswith(modules)
    }


def found(stage: Path) -> frozenset[Survivor]:
    """Those of the run in this directory: survived, or reached by no test. A mutant that hangs is a killed one."""
    return frozenset(_read(stage, name) for name in _alive(_mutmut(stage, "results")))


def _alive(results: str) -> Iterator[str]:
    for line in results.splitlines():
        name, _, fate = line.strip().rpartition(": ")
        if name and fate not in {"killed", "timeout", "caught by type check"}:
            yield name


def _read(stage: Path, name: str) -> Survivor:
    changed = [line for line in _mutmut(stage, "show", name).splitlines() if line[:1] in {"+", "-"}]
    was, became = (
        " ".join(line[1:].strip() for line in changed if line[0] == sign and line[:3] != sign * 3) for sign in "-+"
    )
    function = name.removeprefix(_PACKAGE).rpartition("__mutmut_")[0]
    return Survivor(function.replace(".xǁ", ".").replace("ǁ", ".").replace(".x_", "."), was, became)


def _mutmut(stage: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=stage, check=True, capture_output=True, text=True).stdout
