"""The samples of deploy/samples that need more than an account: the tests of what they show apply them."""

from __future__ import annotations

from tests.support.processes import REPOSITORY

SAMPLES = REPOSITORY / "deploy" / "samples"
READINESS = SAMPLES / "readiness.yaml"  # needs listeners that answer
SERVICE = SAMPLES / "service.yaml"  # needs an address that an EndpointSlice takes
