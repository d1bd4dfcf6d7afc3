"""Registry credentials of the account (novita-api 2A.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from novita_operator.simulator import refusal


@dataclass(frozen=True, slots=True)
class RegistryAuth:
    """One set of credentials; the name is not unique."""

    id: str
    name: str
    username: str
    password: str = field(repr=False)


class RegistryAuths:
    """In order of saving."""

    def __init__(self) -> None:
        self._by_id = {"auth-1": RegistryAuth("auth-1", "team-registry", "robot", "hunter2")}
        self._saved = len(self._by_id)

    def __iter__(self) -> Iterator[RegistryAuth]:
        return iter(self._by_id.values())

    def __contains__(self, auth_id: str) -> bool:
        return auth_id in self._by_id

    def save(self, name: str, username: str, password: str) -> None:
        """Tells no id: the caller lists afterwards and looks for the name."""
        self._saved += 1
        auth_id = f"auth-{self._saved}"
        self._by_id[auth_id] = RegistryAuth(auth_id, name, username, password)

    def delete(self, auth_id: str) -> None:
        """Raises Gone."""
        if self._by_id.pop(auth_id, None) is None:
            raise refusal.Gone("registry auth not found")
