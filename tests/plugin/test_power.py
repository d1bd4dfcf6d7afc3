"""`start`, `stop`, `restart`."""

from __future__ import annotations

from tests.cluster.owners import SETS, owners
from tests.plugin.conftest import Plugin
from tests.support import waiting


async def test_stop_and_start_write_the_power_state_in_the_users_name_and_wait_if_told_to(plugin: Plugin) -> None:
    await plugin.workspace.create()
    await plugin.workspace.until_ready()

    stopped = await plugin.run("stop", "gpu", "--wait")
    between = await plugin.workspace.get()
    started = await plugin.run("start", "gpu", "--wait")
    after = await plugin.workspace.get()

    assert (stopped.code, started.code) == (0, 0), stopped.err + started.err
    assert (between["spec"]["powerState"], between["status"]["phase"]) == ("Stopped", "Stopped")
    assert (after["spec"]["powerState"], after["status"]["phase"]) == ("Running", "Running")
    managers = [each["manager"] for each in after["metadata"]["managedFields"] if "powerState" in str(each["fieldsV1"])]
    assert managers == ["kubectl-novita"]
    assert "does not promise a free GPU" in stopped.out


async def test_stopping_twice_says_that_it_is_so_already(plugin: Plugin) -> None:
    await plugin.workspace.create(powerState="Stopped")
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    again = await plugin.run("stop", "gpu")

    assert (again.code, again.out) == (0, "gpu: spec.powerState is Stopped already (Stopped).\n")


async def test_restart_stops_and_starts_the_same_instance(plugin: Plugin) -> None:
    await plugin.workspace.create()
    before = await plugin.workspace.until_ready()

    done = await plugin.run("restart", "gpu")
    after = await plugin.workspace.get()

    assert done.code == 0, done.err
    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    assert after["status"]["readyAt"] >= before["status"]["readyAt"]
    assert (await plugin.workspace.novita.calls()).of("start") == 1


async def test_a_failed_instance_gets_another_try(plugin: Plugin) -> None:
    await plugin.workspace.create(maxPricePerHour="0.01")
    await plugin.workspace.until_condition("Stalled", reason="PriceAboveLimit")

    asked = await plugin.run("start", "gpu")
    body = await plugin.workspace.until(
        lambda body: "lastHandledReconcileAt" in body["status"], "the operator has handled the annotation"
    )

    assert (asked.code, asked.out) == (0, "gpu: asks for another try.\n")
    wanted = body["metadata"]["annotations"]["gpu.novita.ai/reconcile-requested-at"]
    assert body["status"]["lastHandledReconcileAt"] == wanted


async def test_waiting_for_what_cannot_be_ends_with_the_reason(plugin: Plugin) -> None:
    await plugin.workspace.create(maxPricePerHour="0.01", powerState="Stopped")
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    started = await plugin.run("start", "gpu", "--wait")

    assert started.code == 1
    assert "is above your limit of 0.01 (spec.maxPricePerHour)" in started.out
    assert "gpu is stuck" in started.err


async def test_an_instance_of_a_set_is_stopped_with_a_warning(plugin: Plugin) -> None:
    spec = {"accountRef": {"name": plugin.workspace.account_name}}
    async with owners(plugin.workspace, SETS) as sets:
        await sets.create("workers", replicas=1, template={"spec": spec})

        async def made() -> str | None:
            return next(iter(await sets.names()), None)

        name = await waiting.until(made, "the set makes its instance")

        stopped = await plugin.run("stop", name)

    assert stopped.code == 0
    assert f"{name} belongs to GPUInstanceSet workers" in stopped.err


async def test_outside_its_schedule_start_says_when_it_opens_and_until_runs_it_and_stop_takes_that_back(
    plugin: Plugin,
) -> None:
    # It opens once in four years, and closes in between.
    schedule = {"start": "0 0 29 2 *", "stop": "0 0 1 3 *"}
    await plugin.workspace.create(lifetime={"schedule": schedule})
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    refused = await plugin.run("start", "gpu")
    started = await plugin.run("start", "gpu", "--until", "2126-01-01T00:00", "--wait")
    between = await plugin.workspace.get()
    stopped = await plugin.run("stop", "gpu", "--wait")
    after = await plugin.workspace.get()

    assert refused.code == 1
    assert "outside spec.lifetime.schedule, which starts it at 20" in refused.err
    assert (started.code, stopped.code) == (0, 0), started.err + stopped.err
    assert between["status"]["phase"] == "Running"
    assert between["metadata"]["annotations"]["gpu.novita.ai/run-until"] == "2126-01-01T00:00:00Z"
    assert after["status"]["phase"] == "Stopped"
    assert "gpu.novita.ai/run-until" not in after["metadata"]["annotations"]
    assert after["spec"]["powerState"] == "Running"
