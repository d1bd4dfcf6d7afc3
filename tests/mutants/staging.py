"""A copy of the checkout as mutmut wants it: what is mutated lies in `src`, and nothing of ours is written over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGE = ROOT / ".local" / "mutants"

_ROOM = "novita_operator/controllers/gpu_instance"
# What decides about money.
_MUTATED = ("deciding/*", "policies/*", "launching/fence.py", "launching/selection.py", "acting/proof.py")
_TESTS = tuple(
    f"tests/unit/controllers/gpu_instance/{room}" for room in ("deciding", "policies", "launching", "acting")
)
# Half a minute of stories, which each survivor would have to hear.
_TOO_SLOW = "tests/unit/controllers/gpu_instance/deciding/test_plan_world.py"
_ALONE = ("-p", "no:xdist", "-p", "no:cacheprovider")
# Points at which the fault rows kill the process, and what mypy proves to be out of reach.
_NOT_MUTATED = (r"crashpoints\.reached", "assert_never", "case other:")


def stage(only: Sequence[str] = ()) -> Path:
    """A new copy: what is known of an earlier run would hide what new tests kill. `only`: files, none for all."""
    shutil.rmtree(STAGE, ignore_errors=True)
    for source, target in ((ROOT / "operator", STAGE / "src"), (ROOT / "tests" / "unit", STAGE / "tests" / "unit")):
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    (STAGE / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + _settings(only or _MUTATED))
    return STAGE


def _settings(mutated: Sequence[str]) -> str:
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/{_ROOM}/{pattern}" for pattern in mutated],
        "do_not_mutate_patterns": list(_NOT_MUTATED),
        # Hypothesis' own profile: the same examples for each mutant, and no failure because the machine is busy.
        "pytest_add_cli_args": [*_ALONE, "--hypothesis-profile", "ci", "--deselect", _TOO_SLOW],
        "pytest_add_cli_args_test_selection": list(_TESTS),
    }
    # A JSON list of strings is a TOML one, too.
    return "\n[tool.mutmut]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
