"""What stands behind the words of instances: machines, or, as a rule, nothing."""

from __future__ import annotations

from typing import Protocol

from novita_operator.simulator.state.instance import Instance


class Hosting(Protocol):
    """Told of what happens to instances; never awaits, and never refuses."""

    def entered(self, instance: Instance) -> None:
        """It shows another word now."""

    def left(self, instance: Instance) -> None:
        """It is no more."""

    def wiped(self, instance: Instance) -> None:
        """What was on its root disk is lost."""

    def mapped(self, instance: Instance) -> None:
        """Its ports are other ones now."""

    def refresh(self) -> None:
        """The faults of the account have changed."""


class NoHosting:
    """Words and made-up addresses, so that ten thousand instances cost nothing."""

    def entered(self, instance: Instance) -> None: ...

    def left(self, instance: Instance) -> None: ...

    def wiped(self, instance: Instance) -> None: ...

    def mapped(self, instance: Instance) -> None: ...

    def refresh(self) -> None: ...
