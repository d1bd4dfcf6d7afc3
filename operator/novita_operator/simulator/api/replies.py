"""What an accepted change answers with."""

from __future__ import annotations

from typing import Any

from novita_operator.simulator.account import Account
from novita_operator.simulator.call import Reply


def changed(account: Account, live: dict[str, Any] | None = None) -> Reply:
    """Documented as an empty 200; live replies differ from call to call (novita-api 1.3). `live`: what one has."""
    match account.settings.mutation_reply:
        case "empty":
            return Reply()
        case "no-content":
            return Reply(status=204)
        case "live" if live is not None:
            return Reply(payload=live)
        case _:
            return Reply(payload={})
