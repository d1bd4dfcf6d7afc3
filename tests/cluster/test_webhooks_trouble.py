"""Receivers that are away, slow, hostile or wrong, and an operator that dies: nothing is lost and nobody waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.cluster.test_webhooks import FAST, SECRET, notify, until_nothing_waits, until_told
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import builders, kube
from tests.support.operator_process import OperatorProcess
from tests.support.workspace import Workspace
from tests.webhooks.places import Place

TOKEN = "canary-of-the-url-91c2"


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with Place() as opened:
        yield opened


@pytest.fixture
async def quiet(make_workspace: MakeWorkspace) -> Workspace:
    """A workspace with a Secret `key`; its operator is the test's own business."""
    made = await make_workspace()
    await made.apply(kube.SECRETS, builders.secret("key", made.namespace, secret=SECRET))
    return made


async def posts(operator: OperatorProcess, outcome: str) -> float:
    """How many tries had this outcome."""
    lines = (await operator.metrics()).splitlines()
    found = [line for line in lines if line.startswith("novita_webhooks_total{") and f'outcome="{outcome}"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def trouble(events: list[dict[str, Any]]) -> list[str]:
    return [event["message"] for event in events if event["reason"] == "NotificationFailed"]


async def test_a_receiver_that_was_down_gets_everything_in_order_once_it_is_back(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    operator = await start_operator(quiet, **FAST)
    await place.close()
    await quiet.create(notifications=notify(place))
    await quiet.until_ready()
    await quiet.edit(powerState="Stopped")
    await quiet.until_condition("Ready", "True", "Stopped")

    async def tried() -> bool:
        return await posts(operator, "retried") >= 1

    await quiet.until_novita(tried, "it was tried while the receiver was down")
    await place.open()
    await until_told(quiet, place, "instance.ready", "instance.stopped")

    await until_nothing_waits(quiet)
    assert trouble(await quiet.events()) == []


async def test_a_receiver_that_answers_500_is_tried_five_times_and_given_up_with_an_event(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    await start_operator(quiet, **FAST)
    place.status = 500
    await quiet.create(notifications=[{"url": f"{place.url}?token={TOKEN}", "secretRef": {"name": "key"}}])
    await quiet.until_ready()
    event = await quiet.until_event("NotificationFailed")
    await until_nothing_waits(quiet)

    assert place.events() == ["instance.ready"] * 5
    assert len({got.headers["webhook-id"] for got in place.got}) == 1
    assert len({got.raw for got in place.got}) == 1
    assert event["type"] == "Warning"
    assert f"http://127.0.0.1:{place.port} answers 500" in event["message"]
    assert "Given up after 5 tries" in event["message"]
    assert TOKEN not in event["message"]
    assert len(trouble(await quiet.events())) == 1


async def test_a_webhook_that_is_given_up_does_not_hold_the_next_ones(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    await start_operator(quiet, **FAST)
    place.answer = lambda got: 500 if got.payload["event"] == "instance.ready" else 200
    await quiet.create(notifications=notify(place))
    await quiet.until_ready()
    await quiet.edit(powerState="Stopped")
    await quiet.until_condition("Ready", "True", "Stopped")

    await until_told(quiet, place, *["instance.ready"] * 5, "instance.stopped")


async def test_a_redirect_to_a_private_address_is_refused_and_not_followed(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    await start_operator(quiet, **FAST)
    async with Place() as inside:
        place.status, place.headers = 307, {"Location": inside.url}
        await quiet.create(notifications=notify(place))
        await quiet.until_ready()
        event = await quiet.until_event("NotificationFailed")
        await until_nothing_waits(quiet)

    assert "redirects are not followed" in event["message"]
    assert len(place.got) == 1
    assert inside.got == []


async def test_a_private_address_is_refused_unless_an_administrator_allows_it(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    await start_operator(quiet)
    await quiet.create(notifications=[*notify(place), {"url": f"http://localhost:{place.port}/"}])
    await quiet.until_ready()
    await until_nothing_waits(quiet)

    async def both() -> bool:
        return len(trouble(await quiet.events())) == 2

    await quiet.until_novita(both, "both are refused")
    assert all("no public address" in message for message in trouble(await quiet.events()))
    assert place.got == []


async def without_its_secret(workspace: Workspace, place: Place) -> None:
    """An instance whose webhooks were signed until now, and that has more to tell."""
    await workspace.apply(kube.SECRETS, builders.secret("leaving", workspace.namespace, secret=SECRET))
    await workspace.create(notifications=[{"url": place.url, "secretRef": {"name": "leaving"}}])
    await workspace.until_ready()
    await until_told(workspace, place, "instance.ready")
    await workspace.plane.kube.delete(kube.SECRETS, "leaving", workspace.namespace)
    await workspace.edit(powerState="Stopped")


async def test_a_secret_that_is_deleted_is_said_and_nothing_is_sent_unsigned(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    await start_operator(quiet, **FAST)
    await without_its_secret(quiet, place)
    event = await quiet.until_event("NotificationFailed")

    assert 'there is no Secret "leaving" in this namespace' in event["message"]
    assert place.events() == ["instance.ready"]


async def test_a_secret_that_comes_back_is_in_time_for_the_next_try(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    operator = await start_operator(quiet, **FAST | {"WEBHOOK_RETRY_DELAY": "1000"})
    await without_its_secret(quiet, place)

    async def tried() -> bool:
        return await posts(operator, "retried") >= 1

    await quiet.until_novita(tried, "it was tried without the Secret")
    await quiet.apply(kube.SECRETS, builders.secret("leaving", quiet.namespace, secret=SECRET))
    await until_told(quiet, place, "instance.ready", "instance.stopped")
    await until_nothing_waits(quiet)
    assert trouble(await quiet.events()) == []


async def test_a_receiver_that_never_answers_delays_neither_reconciles_nor_other_receivers(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    """Eight objects whose receiver hangs for the whole test; everything else goes on."""
    await start_operator(quiet, **FAST | {"WEBHOOK_TIMEOUT": "60000"})
    async with Place() as slow:
        slow.hold()
        names = [f"slow-{number}" for number in range(8)]
        for name in names:
            await quiet.create(name, notifications=[*notify(slow), *notify(place)])
        for name in names:
            await quiet.until_ready(name)
            await until_told(quiet, place, "instance.ready", name=name)
        await quiet.edit("slow-0", powerState="Stopped")
        await quiet.until_condition("Ready", "True", "Stopped", name="slow-0")
        await until_told(quiet, place, "instance.ready", "instance.stopped", name="slow-0")
        await quiet.delete("slow-1")
        await quiet.until_gone("slow-1")
        held = len(slow.got)
        slow.go_on()
        await until_told(quiet, slow, "instance.ready", "instance.stopped", name="slow-0")

    # So many at a time to one place, and no more.
    assert held == 4


async def test_an_operator_killed_between_transition_and_delivery_delivers_after_its_restart(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    first = await start_operator(quiet, **FAST, NOVITA_CRASH_AT="webhook.before-post:kill")
    await quiet.create(notifications=notify(place))
    await first.child.ended()
    before = (await quiet.get())["status"]["notifications"]
    assert place.got == []

    await start_operator(quiet, **FAST)
    (got,) = await until_told(quiet, place, "instance.ready")

    assert [got.headers["webhook-id"]] == [each["id"] for each in before]
    await until_nothing_waits(quiet)


async def test_an_operator_killed_after_delivery_delivers_again_under_the_same_id(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    first = await start_operator(quiet, **FAST, NOVITA_CRASH_AT="webhook.after-post:kill")
    await quiet.create(notifications=notify(place))
    await first.child.ended()
    assert place.events() == ["instance.ready"]

    await start_operator(quiet, **FAST)
    once, twice = await until_told(quiet, place, "instance.ready", "instance.ready")

    assert once.headers["webhook-id"] == twice.headers["webhook-id"]
    assert once.raw == twice.raw
    await until_nothing_waits(quiet)


async def noted_tries(workspace: Workspace) -> list[int]:
    """How many tries of each waiting webhook the status knows of."""
    waiting = (await workspace.get())["status"].get("notifications", [])
    return [tried["count"] for told in waiting for tried in told.get("tried", [])]


# A receiver that holds its answer until the operator is up must not be taken for one that does not answer.
PATIENT = FAST | {"WEBHOOK_TIMEOUT": "60000"}


async def test_an_operator_killed_between_tries_again_and_again_makes_five_in_all_and_gives_up_once(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    place.status = 500
    first = await start_operator(quiet, **PATIENT, NOVITA_CRASH_AT="webhook.after-note:kill")
    await quiet.create(notifications=notify(place))
    await first.child.ended()
    seen = [(len(place.got), await noted_tries(quiet))]

    place.hold()
    second = await start_operator(quiet, **PATIENT, NOVITA_CRASH_AT="webhook.after-note#2:kill")
    place.go_on()
    await second.child.ended()
    seen.append((len(place.got), await noted_tries(quiet)))

    await start_operator(quiet, **PATIENT)
    await quiet.until_event("NotificationFailed")
    await until_nothing_waits(quiet)
    # Receivers are told in order: what comes next shows that nothing of the first is still to come.
    place.status = 200
    await quiet.until_ready()
    await quiet.edit(powerState="Stopped")
    await quiet.until_condition("Ready", "True", "Stopped")
    got = await until_told(quiet, place, *["instance.ready"] * 5, "instance.stopped")

    assert seen == [(1, [1]), (3, [3])]
    assert len({each.headers["webhook-id"] for each in got[:5]}) == 1
    (message,) = trouble(await quiet.events())
    assert "Given up after 5 tries" in message


async def test_a_receiver_that_is_back_after_a_restart_is_tried_once_more_and_never_again(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    place.status = 503
    first = await start_operator(quiet, **PATIENT, NOVITA_CRASH_AT="webhook.after-note#2:kill")
    await quiet.create(notifications=notify(place))
    await first.child.ended()
    before = (len(place.got), await noted_tries(quiet))

    place.status = 200
    second = await start_operator(quiet, **PATIENT)
    await until_nothing_waits(quiet)
    await quiet.until_ready()
    await quiet.edit(powerState="Stopped")
    await quiet.until_condition("Ready", "True", "Stopped")
    got = await until_told(quiet, place, *["instance.ready"] * 3, "instance.stopped")
    await until_nothing_waits(quiet)

    assert before == (2, [2])
    assert len({each.headers["webhook-id"] for each in got[:3]}) == 1
    assert [await posts(second, outcome) for outcome in ("delivered", "retried", "given-up")] == [2, 0, 0]
    assert trouble(await quiet.events()) == []


async def test_an_operator_killed_before_the_transition_is_written_tells_of_it_once(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    """A webhook exists only with the status that it tells of: what was not written is not told."""
    first = await start_operator(quiet, **FAST, NOVITA_CRASH_AT="secret.after-write:kill")
    await quiet.create(notifications=notify(place))
    await first.child.ended()
    assert place.got == []

    await start_operator(quiet, **FAST)
    await quiet.until_ready()
    await until_told(quiet, place, "instance.ready")
    await until_nothing_waits(quiet)

    assert place.events() == ["instance.ready"]


async def test_the_deletion_of_an_object_waits_for_no_receiver_and_is_told_once_the_receiver_is_back(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    operator = await start_operator(quiet, **FAST | {"WEBHOOK_RETRY_DELAY": "1000"})
    await quiet.create(notifications=notify(place))
    await quiet.until_ready()
    await until_told(quiet, place, "instance.ready")
    await until_nothing_waits(quiet)
    await place.close()
    await quiet.delete()
    await quiet.until_gone()

    async def tried() -> bool:
        return await posts(operator, "retried") >= 1

    await quiet.until_novita(tried, "it was tried while the receiver was down")
    await place.open()

    await until_told(quiet, place, "instance.ready", "instance.deleted")


async def test_a_receiver_that_is_taken_out_of_the_spec_hears_no_more(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    operator = await start_operator(quiet, **FAST)
    async with Place() as other:
        await place.close()
        await quiet.create(notifications=notify(place))
        await quiet.until_ready()

        async def tried() -> bool:
            return await posts(operator, "retried") >= 1

        await quiet.until_novita(tried, "it was tried while the receiver was down")
        await quiet.edit(notifications=notify(other))
        await until_nothing_waits(quiet)
        await place.open()
        await quiet.edit(powerState="Stopped")
        await quiet.until_condition("Ready", "True", "Stopped")
        await until_told(quiet, other, "instance.stopped")

    assert place.got == []
    assert trouble(await quiet.events()) == []


async def test_a_restart_tells_nothing_anew(quiet: Workspace, start_operator: StartOperator, place: Place) -> None:
    first = await start_operator(quiet, **FAST)
    await quiet.create(notifications=notify(place))
    await quiet.until_ready()
    await until_told(quiet, place, "instance.ready")
    await until_nothing_waits(quiet)
    assert await first.terminate() == 0

    await start_operator(quiet, **FAST)
    await quiet.edit(powerState="Stopped")
    await quiet.until_condition("Ready", "True", "Stopped")

    await until_told(quiet, place, "instance.ready", "instance.stopped")


async def test_neither_keys_nor_paths_of_urls_reach_logs_events_or_status(
    quiet: Workspace, start_operator: StartOperator, place: Place
) -> None:
    operator = await start_operator(quiet, **FAST, WEBHOOK_SECRET="canary-of-the-setting-55d1")
    place.answer = lambda got: 500 if "first" in got.path else 200
    urls = [f"{place.url}/first?token={TOKEN}", f"{place.url}/second?token={TOKEN}"]
    await quiet.create(notifications=[{"url": urls[0], "secretRef": {"name": "key"}}, {"url": urls[1]}])
    await quiet.until_ready()
    await quiet.until_event("NotificationFailed")
    await until_nothing_waits(quiet)

    printed = operator.child.output()
    shown = str((await quiet.get())["status"]) + str([event["message"] for event in await quiet.events()])
    for canary in (SECRET, TOKEN, "canary-of-the-setting-55d1"):
        assert canary not in printed
        assert canary not in shown
        assert canary not in await operator.metrics()
