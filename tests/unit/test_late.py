"""Modules that are found when they are imported, and executed when they are first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from novita_operator import late

_COUNTED = """
import sys
sys.stderr.write("executed\\n")
answer = 42
"""

MakeLate = Callable[[str, str], ModuleType]


@pytest.fixture
def make_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeLate:
    """Imports a module with this code late."""

    def make(name: str, code: str) -> ModuleType:
        (tmp_path / f"{name}.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
        monkeypatch.setitem(sys.modules, name, ModuleType(name))  # so that it is taken away in the end
        del sys.modules[name]
        late.load([name])
        return importlib.import_module(name)

    return make


def test_a_late_module_is_executed_when_it_is_first_used_and_only_once(
    make_late: MakeLate, capfd: pytest.CaptureFixture[str]
) -> None:
    module = make_late("late_counted", _COUNTED)
    importlib.import_module("late_counted")
    before = capfd.readouterr().err

    answers = [module.answer, module.answer]

    assert before == ""
    assert answers == [42, 42]
    assert capfd.readouterr().err == "executed\n"


def test_a_late_module_that_several_threads_use_at_once_is_executed_once(
    make_late: MakeLate, capfd: pytest.CaptureFixture[str]
) -> None:
    module = make_late("late_threads", "import time\ntime.sleep(0.05)\n" + _COUNTED)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: module.answer, range(4)))

    assert answers == [42] * 4
    assert capfd.readouterr().err == "executed\n"


def test_a_late_module_that_is_not_installed_fails_when_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    late.load(["late_absent"])

    with pytest.raises(ModuleNotFoundError, match="late_absent"):
        importlib.import_module("late_absent")


def test_a_late_module_that_cannot_be_executed_says_why_each_time(make_late: MakeLate) -> None:
    module = make_late("late_broken", "raise ImportError('a part is missing')")

    for _ in range(2):
        with pytest.raises(ImportError, match="a part is missing"):
            _ = module.answer


def test_a_late_module_knows_no_names_but_its_own(make_late: MakeLate) -> None:
    module = make_late("late_own", "answer = 42")

    with pytest.raises(AttributeError, match="question"):
        _ = module.question
