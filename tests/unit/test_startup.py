"""What a start leaves out."""

from __future__ import annotations

import gc
import importlib.util
import subprocess
import sys

import pytest
from tests.support import processes

from novita_operator import startup

# Of the half of `kubernetes` that blocks, of other ways to its `aio` half, of the command line of `httpx`, and of
# asyncssh, which is executed with the first connection to a machine.
_NEVER_USED = {
    "asyncssh.connection",
    "cryptography",
    "httpx._main",
    "kubernetes.aio.dynamic",
    "kubernetes.client",
    "kubernetes.config",
    "kubernetes.stream",
    "oauthlib",
    "pygments",
    "requests",
    "urllib3",
    "websocket",
}


@pytest.mark.parametrize(
    "statement", ["import novita_operator.process", "from novita_operator.plugin.status import status"]
)
def test_a_program_loads_nothing_that_it_never_uses(statement: str) -> None:
    shown = f"{statement}; import sys; print(*(name for name, found in sys.modules.items() if found))"

    loaded = subprocess.run(
        [sys.executable, "-c", shown], env=dict(processes.BARE_ENVIRONMENT), capture_output=True, text=True, check=True
    ).stdout.split()

    assert "kubernetes.aio.client" in loaded
    assert _NEVER_USED & set(loaded) == set()


def test_each_module_that_is_executed_late_exists() -> None:
    assert [name for name in startup.LATE if importlib.util.find_spec(name) is None] == []


def test_what_is_loaded_is_looked_through_for_garbage_no_more() -> None:
    before = gc.get_freeze_count()

    with startup.loading():
        collected_meanwhile = gc.isenabled()
        made = [[] for _ in range(100)]

    assert not collected_meanwhile
    assert gc.isenabled()
    assert gc.get_freeze_count() - before >= len(made)


def test_a_module_that_fails_to_load_leaves_the_collection_of_garbage_on() -> None:
    with pytest.raises(ImportError), startup.loading():
        raise ImportError

    assert gc.isenabled()
