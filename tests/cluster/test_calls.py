"""How much is asked of Novita and of the API server: little, and no more where something is wrong."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from tests.cluster.test_trouble import TROUBLES, Trouble
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import waiting
from tests.support.plane import OPERATOR_USER
from tests.support.workspace import Workspace

_OBJECTS = 5
# As slow as the operator is by default: then whatever is called again and again stands out. Only the back-off begins
# later than by default, so that a slow machine does not see more repetitions than a fast one.
_CALM: Mapping[str, str] = {
    "POLL_INTERVAL": "600000",
    "TRANSITION_POLL_INTERVAL": "2000",
    "CREDENTIALS_PROBE_INTERVAL": "60000",
    "CATALOG_MAX_AGE": "60000",
    "CAPACITY_MEMORY": "180000",
    "BACKOFF_BASE": "120000",
    "BACKOFF_MAX": "600000",
    "COST_INTERVAL": "86400000",
}
_CREATES_AT_ONCE = 3  # an account's default
_REGIONS = 5  # where the default product is offered; a create without capacity moves on to the next
# Of all objects of an account together, until every one shows its condition and for a while after it. A poll is a list
# and a balance, and the repetition of a read that failed; the catalogue is read once for all objects. After each create
# that was refused a list by name comes before the next region: a refusal is no proof that nothing was rented.
_CREATES = _CREATES_AT_ONCE * _REGIONS
_AT_MOST = Counter(list=8 + _CREATES, balance=4, products=4, clusters=4, templates=6, create=_CREATES)
_WATCHED_SECONDS = 3.0


async def test_trouble_makes_few_calls_however_many_objects_there_are(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    limits = {"requestsPerMinute": 6000, "maxConcurrentCreates": _CREATES_AT_ONCE}
    troubled = [(trouble, await make_workspace(limits=limits)) for trouble in TROUBLES]
    for trouble, workspace in troubled:
        await trouble.cause(workspace)
    await start_operator(WATCH_NAMESPACES=",".join(workspace.namespace for _, workspace in troubled), **_CALM)

    await asyncio.gather(*(_show(trouble, workspace) for trouble, workspace in troubled))

    await waiting.stays(lambda: _few_calls(troubled), f"at most {dict(_AT_MOST)}", seconds=_WATCHED_SECONDS)
    assert [trouble.what for trouble, workspace in troubled if (await workspace.novita.ledger()).created] == []


async def _show(trouble: Trouble, workspace: Workspace) -> None:
    """Objects that all show what is wrong."""
    names = [f"gpu-{number}" for number in range(_OBJECTS)]
    await asyncio.gather(*(workspace.create(name, **trouble.spec) for name in names))
    for name in names:
        await workspace.until_condition(trouble.condition, "False", trouble.reason, name)


async def _few_calls(troubled: Sequence[tuple[Trouble, Workspace]]) -> bool:
    for trouble, workspace in troubled:
        calls = await workspace.novita.calls()
        assert not Counter(calls.by_route) - _AT_MOST, f"{trouble.what}: {calls.by_route}"
    return True


async def test_an_object_that_is_settled_costs_the_api_server_no_writes(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, COST_INTERVAL="86400000")
    await workspace.create()
    await workspace.until_ready()
    await workspace.until_event("Ready")
    audit = workspace.plane.audit.from_now()
    await workspace.novita.forget_calls()

    async def polled() -> bool:
        return (await workspace.novita.calls()).of("list") >= 4

    await workspace.until_novita(polled, "four polls have ended")

    assert audit.count(user=OPERATOR_USER, namespace=workspace.namespace) == {}
    calls = await workspace.novita.calls()
    assert (calls.of("get"), calls.of("products"), calls.of("templates")) == (0, 0, 0)


async def test_one_life_writes_finalizer_intent_status_events_and_secret_and_nothing_else(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, COST_INTERVAL="86400000")
    audit = workspace.plane.audit.from_now()

    await workspace.create()
    await workspace.until_ready()
    await workspace.delete()
    await workspace.until_gone()
    await workspace.until_event("Deleted")

    writes = audit.count(user=OPERATOR_USER, namespace=workspace.namespace)
    assert set(writes) == {
        "patch gpuinstances",
        "patch gpuinstances/status",
        "create events",
        "create secrets",
    }
    assert (writes["patch gpuinstances"], writes["create secrets"], writes["create events"]) == (2, 1, 5)
    assert writes["patch gpuinstances/status"] <= 8
