"""The stage of the fault harness, for what needs a real API server."""

from tests.faults.conftest import stage

__all__ = ["stage"]
