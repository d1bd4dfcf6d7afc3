"""The status words of instances (novita-api 3.1), folded into the states that decisions are made on."""

from __future__ import annotations

from enum import StrEnum


class InstanceState(StrEnum):
    """What an instance is doing. A word that is not documented is UNKNOWN; the raw word is kept beside it."""

    PENDING = "pending"
    CREATING = "creating"
    PULLING = "pulling"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    EXITED = "exited"
    RESTARTING = "restarting"
    RESETTING = "resetting"
    MIGRATING = "migrating"
    REMOVING = "removing"
    REMOVED = "removed"
    FROZEN = "freezing"
    UNKNOWN = "unknown"

    @property
    def is_billed(self) -> bool:
        """Whether GPU time is paid for: from `pulling` until stopped (novita-api 1.10). In doubt, yes."""
        return self in _BILLED

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way."""
        return self in _SETTLED

    @property
    def is_gone(self) -> bool:
        """Whether Novita says that it was removed; such records stay listed for a while."""
        return self is InstanceState.REMOVED

    @property
    def is_leaving(self) -> bool:
        """Whether it was removed, or is about to be: nobody can keep it any more."""
        return self in _LEAVING


_S = InstanceState
_BILLED = frozenset(
    {_S.PULLING, _S.STARTING, _S.RUNNING, _S.STOPPING, _S.RESTARTING, _S.RESETTING, _S.MIGRATING, _S.UNKNOWN}
)
_LEAVING = frozenset({_S.REMOVING, _S.REMOVED})
_SETTLED = frozenset({_S.RUNNING, _S.EXITED, _S.REMOVED, _S.FROZEN})
_WORDS: dict[str, InstanceState] = {
    "tocreate": _S.CREATING,
    "tostart": _S.STARTING,
    "tostop": _S.STOPPING,
    "torestart": _S.RESTARTING,
    "toreset": _S.RESETTING,
    "toremove": _S.REMOVING,
} | {state.value: state for state in _S if state is not _S.UNKNOWN}


def state_of(word: str) -> InstanceState:
    """The state of a raw word."""
    return _WORDS.get(word.strip().lower(), _S.UNKNOWN)
