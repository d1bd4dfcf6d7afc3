"""What a test needs of the machine. Where it is missing, the test is skipped and says so; in CI that is a failure."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

_OF_ADMINISTRATORS = "/usr/sbin:/sbin:/usr/local/sbin"  # not in the PATH of everybody


def program(name: str, *, package: str) -> str:
    """Its path; this package of Debian has it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_OF_ADMINISTRATORS}")
    return found or _missing(f"there is no {name} here (Debian: {package})")


def root(why: str) -> None:
    """To run as root."""
    if os.geteuid() != 0:
        _missing(f"this takes root: {why}")


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
