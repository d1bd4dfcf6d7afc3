"""What a run of the plugin does not load, and so does not pay for."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence

import pytest
from tests.support import processes

from novita_operator.plugin import main
from novita_operator.plugin.verb import Verb

_ENVIRONMENT = {**processes.BARE_ENVIRONMENT, "KUBECONFIG": "/nowhere", "COLUMNS": "100"}
# The cluster, Novita, the event loop and the models: none of them is asked for anything.
_HEAVY = {"aiohttp", "asyncio", "httpx", "kubernetes.aio.client", "novita_operator.api", "pydantic", "ssl", "yaml"}
# Of the operator, and of what asks Novita.
_OTHERS = {"asyncssh.connection", "httpx", "kopf", "novita_operator.settings", "novita_operator.novita.account"}
_HELP = ("-m", "novita_operator.plugin", "--help")
_TAB = ("-c", "import sys; sys.argv[1:] = ['st']; from novita_operator.plugin import completion; completion.main()")
# Each verb of the list loaded, these were 67 and 49 times an empty run of Python; now they are 18 and 16.
_MOST_TIMES = 36


def _executed(arguments: Sequence[str]) -> set[str]:
    """The modules that a run has executed, and not only found."""
    watched = (
        "import atexit, sys; sys.argv[1:] = sys.argv[1:]; "
        "atexit.register(lambda: print('EXECUTED', *(name for name, each in sys.modules.items() "
        "if each and '__late_loader__' not in vars(each)), file=sys.stderr)); "
        "from novita_operator.plugin import __main__; __main__.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", watched, *arguments], env=_ENVIRONMENT, capture_output=True, text=True, check=False
    )
    _, marker, names = done.stderr.rpartition("EXECUTED")
    assert marker, done.stderr
    return set(names.split())


def _cpu_seconds(arguments: Sequence[str]) -> float:
    """The least of three runs: what other programs do at the same time makes it more."""
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], env=_ENVIRONMENT, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(taken)


def test_help_loads_no_verb_and_nothing_that_a_verb_needs() -> None:
    executed = _executed(["--help"])

    assert "novita_operator.plugin.main" in executed
    assert _HEAVY & executed == set()


def test_a_verb_loads_no_other_verb() -> None:
    executed = _executed(["status"])

    assert {"novita_operator.plugin.status", "kubernetes.aio.client"} <= executed
    assert _OTHERS & executed == set()
    assert {f"novita_operator.plugin.{name}" for name in ("bundle", "doctor", "plan", "power")} & executed == set()


@pytest.mark.parametrize("arguments", [_HELP, _TAB], ids=["help", "tab"])
def test_help_and_completion_cost_little_more_than_python_itself(arguments: Sequence[str]) -> None:
    assert _cpu_seconds(arguments) <= _MOST_TIMES * _cpu_seconds(["-c", "pass"])


@pytest.mark.parametrize("verb", main.VERBS, ids=lambda verb: verb.name)
def test_the_list_of_verbs_says_of_each_what_its_own_help_begins_with(verb: Verb) -> None:
    assert str(verb.whole().help).partition("\n\n")[0] == verb.help
