"""What a test needs of the machine. Where it is missing, the test is skipped and says so; in CI that is a failure."""

from __future__ import annotations

import os
import shutil

import pytest

_OF_ADMINISTRATORS = "/usr/sbin:/sbin"  # not in the PATH of everybody


def programs(*names: str, package: str) -> None:
    """Each of them, which this package of Debian has."""
    path = f"{os.environ.get('PATH', os.defpath)}:{_OF_ADMINISTRATORS}"
    for name in names:
        if shutil.which(name, path=path) is None:
            _missing(f"there is no {name} here (Debian: {package})")


def root(why: str) -> None:
    """To run as root."""
    if os.geteuid() != 0:
        _missing(f"this takes root: {why}")


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
