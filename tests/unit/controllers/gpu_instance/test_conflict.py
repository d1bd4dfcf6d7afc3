"""A status that could not be written: the next pass reports what that pass would have reported, fact by fact."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NOON
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import KEY
from tests.unit.support.reports import CHOSEN

from novita_operator.api import kinds
from novita_operator.api.gpu_instance.status import Ended, Failure, HostKeyStatus, Restarts, ServiceStatus
from novita_operator.controllers.gpu_instance.acting.notifier import Notifier
from novita_operator.controllers.gpu_instance.reachability.ports import UNASKED
from novita_operator.controllers.gpu_instance.result import Lasting, Price, Result
from novita_operator.kube import errors
from novita_operator.kube.recorder import Recorder
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.webhooks.receivers import Default

LATER = NOON + timedelta(seconds=1)
EXAMPLES: dict[str, Any] = {
    "instance_id": "i-2",
    "chosen": CHOSEN,
    "price": Price(Decimal("0.70"), Decimal("0.80")),
    "attempt": 2,
    "created_at": LATER,
    "started_at": LATER,
    "stopped_at": LATER,
    "detail": a.a_running_instance(),
    "failure": Failure(reason="Failed", message="It ended.", at=NOON, generation=1, instance_id="i-1"),
    "restarts": Restarts(count=1, last_at=LATER),
    "ended": Ended(cause="Idle", action="Stop", at=NOON, generation=1),
    "busy_at": LATER,
    "data_kept_until": NOON + timedelta(days=7),
    "service": ServiceStatus(name="demo", addresses=("203.0.113.7",)),
    "host_key": HostKeyStatus(fingerprint="SHA256:x", started_at=NOON),
    "adopted": True,
    "duplicates_removed": ("i-8", "i-9"),
    "released": True,
    "held_again": True,
    "secret_restored": True,
}
SPEC = {"service": {}, "lifetime": {"idle": {"afterSeconds": 3600, "gpuUtilizationBelow": 5, "action": "Stop"}}}


@dataclass
class Told:
    """What a run has left behind."""

    status: dict[str, Any]
    events: list[tuple[str, str]]


async def run(result: Result, *, instance_id: str | None, conflict: bool) -> Told:
    """One pass with this result; where its status meets a conflict, a second one, in which nothing happens."""
    old = {"instanceId": instance_id} if instance_id else {}
    held = ["gpu.novita.ai/instance"]
    server = ApiServer(a.a_body(spec=SPEC, status=old, intent=a.an_intent(outcome="Released"), finalizers=held))
    clock, accounts, account = parts.HandClock(), Accounts(), parts.an_account()
    accounts.put(account)
    parts.polled(accounts, account)
    bare, recorder = parts.a_reconciler(accounts, clock), Recorder(server.client, "operator-0")
    courier: Any = SimpleNamespace(default=Default(), gone=lambda _: None)
    unasked: Any = SimpleNamespace(follow=lambda *_, **__: UNASKED, known=lambda *_: UNASKED)
    idle: Any = SimpleNamespace(follow=mock.AsyncMock(side_effect=lambda _, found: found))
    intact: Any = SimpleNamespace(restore=mock.AsyncMock(side_effect=lambda found, _: found))
    executor: Any = SimpleNamespace(act=mock.AsyncMock(side_effect=[result, Result()]))

    reconciler = replace(
        bare,
        executor=executor,
        publisher=Publisher(kinds.GPU_INSTANCE, server.client, bare.cache, recorder, clock),
        watching=unasked,
        describer=intact,
        serving=idle,
        notifier=Notifier(courier, bare.cache, clock),
    )
    reconciler.cache.put(KEY, server.objects["team/demo"])
    recorder.start()
    if conflict:
        body = server.touch("team/demo", spec=SPEC)  # somebody writes while the pass is under way
        with pytest.raises(errors.Conflict):
            await reconciler.reconcile(KEY)
        reconciler.cache.put(KEY, body)
    await reconciler.reconcile(KEY)
    await recorder.drain(1)
    return Told(server.objects["team/demo"]["status"], [(each["reason"], each["message"]) for each in server.events])


def test_every_lasting_fact_has_an_example() -> None:
    assert EXAMPLES.keys() == {each.name for each in fields(Lasting)}


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("instance_id", ["i-1", None], ids=["with an instance", "without one"])
async def test_a_conflict_changes_nothing_of_what_is_reported(name: str, instance_id: str | None) -> None:
    result = Result(**{name: EXAMPLES[name]})

    calm = await run(result, instance_id=instance_id, conflict=False)
    rough = await run(result, instance_id=instance_id, conflict=True)

    assert rough == calm


@given(st.sets(st.sampled_from(sorted(EXAMPLES))), st.sampled_from(["i-1", None]))
async def test_nor_where_several_facts_come_together(names: set[str], instance_id: str | None) -> None:
    result = Result(**{name: EXAMPLES[name] for name in names})

    calm = await run(result, instance_id=instance_id, conflict=False)
    rough = await run(result, instance_id=instance_id, conflict=True)

    assert rough == calm
