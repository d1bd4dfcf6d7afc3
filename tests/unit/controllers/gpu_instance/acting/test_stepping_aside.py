"""What waits in a pause of its account comes again in time to see what its refused call made all the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.parts import KEY, HandClock

from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.acting.executor import Executor
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.novita import errors
from novita_operator.runtime.accounts.pause import Need
from novita_operator.runtime.accounts.pausing import Pauses

_NEED = Need("rent", "4090", "RTX 4090 24GB", "AS-SGP-02", "OnDemand", 1, Decimal("0.35"))


@pytest.mark.parametrize("pause", [5.0, 600.0], ids=["a short pause", "a long pause"])
async def test_it_comes_again_when_its_refused_call_has_settled(pause: float) -> None:
    clock, nothing, account = HandClock(), _nothing(), parts.an_account()
    account.pauses = Pauses(pause, 600.0, clock)
    account.refused(KEY, _NEED, errors.QuotaExceeded("limit reached", status=400, reason="CREATE_INSTANCE_LIMIT"))
    seen = a.an_observation(a.an_object(intent=a.an_intent(outcome="Refused")), known_for=1.0)
    left = seen.refusal_settles_in.total_seconds()
    assert left > 0
    executor = Executor(clock, nothing, nothing, nothing, nothing, nothing, nothing)

    result = await executor.act(action.Wait(seconds=left), seen, account, Memory(0), KEY)

    assert result.problem is not None
    assert (result.problem.reason, result.problem.retry_after) == (Reason.QUOTA_EXCEEDED, left)


def _nothing() -> Any:
    return None
