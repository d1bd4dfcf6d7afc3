"""What a start does not need, and leaves out: a fifth of the time from the command to the first call."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from types import ModuleType

from novita_operator import late

# asyncssh takes a tenth of the CPU of a start and 14 MiB with cryptography, which it brings, and runs ldconfig and gcc
# to look for a library. Its first use is the first connection to a machine; `gate` derives a class from one of its own.
_SSH = ("asyncssh", "novita_operator.machines.gate")
# What a verb of the plugin needs, and its list of verbs does not.
_PLUGIN = (
    "bundle",
    "cluster",
    "completing",
    "connect",
    "copying",
    "cost",
    "doctor",
    "executing",
    "explain",
    "failures",
    "forwarding",
    "logs",
    "offers",
    "orphans",
    "plan",
    "power",
    "printing",
    "run.verb",
    "status",
    "syncing",
    "top",
)
LATE = (*_SSH, *(f"novita_operator.plugin.{name}" for name in _PLUGIN))
"""The modules that are executed when they are first used."""


def leave_out() -> None:
    """Keep libraries from loading parts that nothing here uses, or not yet; before any of them is imported.

    `kubernetes` and `kubernetes.aio` load each part of theirs, with requests, urllib3, oauthlib and websockets, also
    where one is meant. `kopf` looks for models of the half that blocks, to take them for bodies: it gets none of us.
    `httpx` loads its command line with pygments and half of rich.
    """
    late.load(LATE)
    if "kubernetes" not in sys.modules:
        whole, half = _unexecuted("kubernetes"), _unexecuted("kubernetes.aio")
        whole.aio = half  # type: ignore[attr-defined]  # importing it would have done so
    for module in ("kubernetes.client", "httpx._main"):
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]  # kopf and httpx can do without


def _unexecuted(package: str) -> ModuleType:
    """The package with its modules to be imported one by one."""
    spec = util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    sys.modules[package] = util.module_from_spec(spec)
    return sys.modules[package]


@contextmanager
def loading() -> Iterator[None]:
    """Load the program's modules: none of them becomes garbage, so it is looked for neither now nor later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
