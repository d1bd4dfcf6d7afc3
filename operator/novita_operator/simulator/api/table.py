"""Which endpoint answers which call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from novita_operator.simulator.account import Account
from novita_operator.simulator.call import Call, Reply

Endpoint = Callable[[Account, Call], Reply]
"""Carries a call out on an account, without awaiting. Raises Refusal."""

Table = Mapping[tuple[str, str], tuple[str, Endpoint]]
"""(method, path) -> (name of the route in faults and in the list of calls, endpoint)."""
