"""One life of an instance, told to a chat room of each product and to an Alertmanager, as strict as the real ones."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from tests.cluster.test_webhooks import FAST, until_nothing_waits
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.workspace import Workspace
from tests.webhooks import products
from tests.webhooks.places import Place

_ROOMS = {"Slack": (products.slack, 200), "Teams": (products.teams, 202), "Discord": (products.discord, 204)}


@pytest.fixture
async def telling(make_workspace: MakeWorkspace, start_operator: StartOperator) -> Workspace:
    """A workspace whose operator sends webhooks to this machine."""
    made = await make_workspace()
    await start_operator(made, **FAST)
    await made.until_account("Ready", "True")
    return made


async def test_every_product_takes_what_a_failing_instance_has_to_tell(telling: Workspace) -> None:
    async with AsyncExitStack() as stack:
        rooms = {name: await stack.enter_async_context(Place(answer=takes)) for name, (takes, _) in _ROOMS.items()}
        manager = products.Alertmanager()
        alerts = await stack.enter_async_context(Place(answer=manager))
        receivers = [{"url": place.url, "format": name} for name, place in rooms.items()]
        receivers.append({"url": alerts.url.replace("/hook", "/api/v2/alerts"), "format": "Alertmanager"})
        await telling.create(restartPolicy={"maxAttempts": 0}, notifications=receivers)
        instance_id = (await telling.until_ready())["status"]["instanceId"]

        await telling.novita.force(instance_id, status="exited")
        await telling.until_condition("Ready", "False", "Failed")
        await until_nothing_waits(telling)

        assert manager.firing() == {"NovitaInstanceFailed"}
        for name, place in rooms.items():
            ready, failed = place.got
            assert f"GPUInstance {telling.namespace}/gpu is Ready" in ready.raw.decode()
            assert f"GPUInstance {telling.namespace}/gpu has failed" in failed.raw.decode()
            takes, answer = _ROOMS[name]
            assert takes(ready) == takes(failed) == answer

        await telling.edit(maxPricePerHour="9.99")  # a person asks for another try
        await telling.until_ready()
        await until_nothing_waits(telling)

        assert manager.firing() == set()
    assert [each for each in await telling.events() if each["reason"] == "NotificationFailed"] == []


async def test_a_form_that_nobody_knows_is_refused_by_its_field(workspace: Workspace) -> None:
    wrong = [{"url": "https://chat.example/hook", "format": "slack"}]

    with pytest.raises(kube.Refused) as refused:
        await workspace.create(notifications=wrong)

    assert "spec.notifications[0].format" in str(refused.value)
    assert '"Slack"' in str(refused.value)
