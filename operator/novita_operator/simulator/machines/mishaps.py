"""What goes wrong on purpose between a machine and whoever logs in to it, asked of the account's faults."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.simulator.account import Account
from novita_operator.simulator.call import Call
from novita_operator.simulator.faults.fault import Fault, Kind


@dataclass(frozen=True)
class Mishaps:
    """Of one instance."""

    account: Account
    instance_id: str

    def of_connection(self) -> dict[Kind, Fault]:
        """What hits this connection; counted."""
        return self._fire("sshConnect")

    def refuses_password(self) -> bool:
        """Whether this right password is a wrong one; counted."""
        return Kind.SSH_WRONG_PASSWORD in self._fire("sshLogin")

    def room_for_files(self) -> int | None:
        """How many bytes this file transfer may write before the disk is full; None: as many as there is room."""
        fault = self._fire("sftp").get(Kind.SFTP_FULL)
        return None if fault is None else fault.bytes or 0

    def shut_for(self, open_since: float, now: float) -> float | None:
        """Real seconds until the door may open, `inf` where nobody knows; None where nothing keeps it shut."""
        call = self._call("sshDoor")
        return self.account.faults.shut_for(call, self.account.ledger.name_of, now - open_since)

    def _fire(self, route: str) -> dict[Kind, Fault]:
        fired = self.account.faults.fire(self._call(route), self.account.ledger.name_of)
        return {fault.kind: fault for fault in fired}

    def _call(self, route: str) -> Call:
        return Call("SSH", "", route, {"instanceId": self.instance_id}, {})
