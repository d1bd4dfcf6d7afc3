"""One pass at work."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.kube.cache import Key
from novita_operator.runtime.accounts.account import Account


@dataclass(frozen=True, slots=True)
class Pass:
    """What the acting half of a pass works with."""

    seen: Observation
    """What was observed and decided upon."""
    account: Account
    """The account that pays."""
    memory: Memory
    """What this process remembers of the object."""
    key: Key
    """The object."""
