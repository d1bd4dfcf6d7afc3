"""The status clock and the actions (novita-api 3)."""

from __future__ import annotations

import pytest
from tests.simulator.tenant import LONG, Tenant


async def _words(tenant: Tenant, instance_id: str, seconds: float, step: float = 0.25) -> list[str]:
    """The different words that are shown while virtual time passes."""
    seen = [await tenant.status(instance_id)]
    for _ in range(int(seconds / step)):
        await tenant.wait(step)
        word = await tenant.status(instance_id)
        if word != seen[-1]:
            seen.append(word)
    return seen


async def test_a_created_instance_goes_the_documented_way(tenant: Tenant) -> None:
    instance_id = await tenant.create()

    assert await _words(tenant, instance_id, 8) == ["toCreate", "creating", "pulling", "running"]


async def test_the_first_word_may_be_pending(tenant: Tenant) -> None:
    await tenant.set(firstStatus="pending")

    assert await tenant.status(await tenant.create()) == "pending"


async def test_stop_and_start_go_through_their_words_and_back(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.act("stop", instance_id)
    assert await _words(tenant, instance_id, 3) == ["toStop", "stopping", "exited"]
    await tenant.act("start", instance_id)
    assert await _words(tenant, instance_id, 3) == ["toStart", "starting", "pulling", "running"]


async def test_restart_keeps_the_connection(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    before = await tenant.detail(instance_id)

    await tenant.act("restart", instance_id)
    assert await _words(tenant, instance_id, 4) == ["toRestart", "restarting", "running"]

    after = await tenant.detail(instance_id)
    assert after["connectComponentSSH"] == before["connectComponentSSH"]


async def test_a_deleted_instance_lingers_and_then_is_not_found(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.act("delete", instance_id)
    assert await _words(tenant, instance_id, 4) == ["toRemove", "removing", "removed"]
    assert [item["status"] for item in await tenant.listed()] == ["removed"]

    await tenant.wait(LONG)
    assert (await tenant.get("/gpu/instance", instanceId=instance_id)).status_code == 404
    assert await tenant.listed() == []


@pytest.mark.parametrize("seconds", [0, 1, 4, 7])
async def test_delete_works_in_any_status(tenant: Tenant, seconds: float) -> None:
    instance_id = await tenant.create()
    await tenant.wait(seconds)

    assert (await tenant.act("delete", instance_id)).status_code == 200
    assert (await tenant.act("delete", instance_id)).status_code == 200  # repeated while it is going
    await tenant.wait(LONG)
    assert (await tenant.act("delete", instance_id)).status_code == 404


async def test_a_prepaid_instance_is_not_released(tenant: Tenant) -> None:
    instance_id = await tenant.running(month=1)

    reply = await tenant.act("delete", instance_id)

    assert (reply.status_code, reply.json()["reason"]) == (400, "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE")


@pytest.mark.parametrize(("action", "seconds"), [("start", 7), ("stop", 0), ("restart", 0), ("migrate", 0)])
async def test_an_action_in_the_wrong_status_is_an_invalid_state_change(
    tenant: Tenant, action: str, seconds: float
) -> None:
    instance_id = await tenant.create()
    await tenant.wait(seconds)
    before = await tenant.status(instance_id)

    reply = await tenant.act(action, instance_id)

    assert reply.status_code == 400
    assert "invalid state change" in reply.json()["message"]
    assert await tenant.status(instance_id) == before


async def test_start_must_win_the_gpu_again(tenant: Tenant) -> None:
    instance_id = await tenant.running(clusterId="us-ca-6")
    await tenant.act("stop", instance_id)
    await tenant.wait(LONG)
    await tenant.set(stock=[{"clusterId": "us-ca-6", "gpus": 0}])

    refused = await tenant.act("start", instance_id)
    still = await tenant.status(instance_id)
    await tenant.set(stock=[{"clusterId": "us-ca-6", "gpus": None}])
    won = await tenant.act("start", instance_id)

    assert (refused.status_code, refused.json()["reason"], still) == (400, "INSUFFICIENT_RESOURCE", "exited")
    assert won.status_code == 200


@pytest.mark.parametrize("action", ["start", "migrate"])
async def test_ssh_port_and_password_change_with_start_and_migrate(tenant: Tenant, action: str) -> None:
    instance_id = await tenant.running()
    before = (await tenant.detail(instance_id))["connectComponentSSH"]
    if action == "start":
        await tenant.act("stop", instance_id)
        await tenant.wait(LONG)
    await tenant.act(action, instance_id)
    await tenant.wait(LONG)

    after = (await tenant.detail(instance_id))["connectComponentSSH"]
    assert after["isRunning"] is True
    assert (after["port"], after["password"]) != (before["port"], before["password"])
    assert after["password"] != before["password"]


async def test_a_migration_leaves_a_job(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.act("migrate", instance_id)

    (job,) = (await tenant.get("/jobs", type="instanceMigrate")).json()["jobs"]
    assert (job["instanceId"], job["state"]["state"]) == (instance_id, "running")
    assert (await tenant.detail(instance_id))["jobs"] == [{"id": job["Id"], "type": "instanceMigrate"}]

    await tenant.wait(LONG)
    (job,) = (await tenant.get("/jobs", jobId=job["Id"])).json()["jobs"]
    assert job["state"]["state"] == "success"
    assert (await tenant.post("/job/break", jobId=job["Id"])).json()["reason"] == "MIGRATION_JOB_NOT_BREAKABLE"


async def test_a_broken_migration_leaves_the_instance_exited(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.act("migrate", instance_id)
    (job,) = (await tenant.get("/jobs")).json()["jobs"]

    reply = await tenant.post("/job/break", jobId=job["Id"])

    assert reply.json() == {"jobId": job["Id"]}
    assert await tenant.status(instance_id) == "exited"
    assert (await tenant.post("/job/break", jobId="nope")).json()["reason"] == "JOB_NOT_FOUND"


async def test_migration_without_another_node_has_its_own_reason(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.set(stock=[{"gpus": 0}])

    reply = await tenant.act("migrate", instance_id)

    assert reply.json()["reason"] == "MIGRATE_INSUFFICIENT_RESOURCE"


async def test_edit_replaces_all_ports_and_grows_the_disk_without_a_restart(tenant: Tenant) -> None:
    instance_id = await tenant.running(ports="80/http,81/tcp")

    reply = await tenant.act("edit", instance_id, ports=[{"port": 8080, "type": "http"}], expandRootDisk=40)
    await tenant.wait(1)

    detail = await tenant.detail(instance_id)
    assert (reply.status_code, detail["status"], detail["rootfsSize"]) == (200, "running", 100)
    assert [mapping["port"] for mapping in detail["portMappings"]] == [8080]
    refused = await tenant.act("edit", instance_id, ports="80/http")  # the string form belongs to create
    assert refused.json()["reason"] == "VALIDATOR_PARAM"


async def test_upgrade_replaces_the_image_and_everything_with_it(tenant: Tenant) -> None:
    instance_id = await tenant.running(command="old", envs=[{"key": "A", "value": "1"}])

    await tenant.act("upgrade", instance_id, imageUrl="docker.io/library/debian:12", envs=[])
    words = await _words(tenant, instance_id, 6)

    detail = await tenant.detail(instance_id)
    assert words == ["toReset", "resetting", "pulling", "running"]
    assert (detail["imageUrl"], detail["command"], detail["envs"]) == ("docker.io/library/debian:12", "", [])


@pytest.mark.parametrize(
    ("image", "state"), [("docker.io/does-not-exist:1", "IMAGE_URL_OR_AUTH_ERROR"), ("too-large:1", "IMAGE_TOO_LARGE")]
)
async def test_a_bad_image_ends_as_exited_with_an_error(tenant: Tenant, image: str, state: str) -> None:
    instance_id = await tenant.create(imageUrl=image)

    assert (await _words(tenant, instance_id, 8))[-2:] == ["pulling", "exited"]
    assert (await tenant.detail(instance_id))["statusError"]["state"] == state


async def test_a_pull_can_be_stuck_for_ever_and_can_be_stopped(tenant: Tenant) -> None:
    instance_id = await tenant.create(imageUrl="registry/stuck-pulling:1")
    await tenant.wait(86_400)
    assert await tenant.status(instance_id) == "pulling"

    await tenant.act("stop", instance_id)
    await tenant.wait(LONG)
    assert await tenant.status(instance_id) == "exited"


async def test_a_container_that_ends_and_a_node_that_fails_both_show_as_exited(tenant: Tenant) -> None:
    ended = await tenant.create(imageUrl="exits-at-once:1")
    failed = await tenant.create(imageUrl="node-fault:1")
    await tenant.wait(LONG)

    assert (await tenant.detail(ended))["statusError"]["state"] == ""
    assert (await tenant.detail(failed))["statusError"]["state"] == "NODE_STATUS"
    assert await tenant.status(ended) == await tenant.status(failed) == "exited"


async def test_arrears_freeze_what_is_billed(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.set(balance="0")

    assert await _words(tenant, instance_id, 4) == ["freezing", "exited"]
    assert (await tenant.act("start", instance_id)).json()["reason"] == "BALANCE_NOT_ENOUGH"


async def test_data_is_dropped_after_seven_days_so_that_the_image_is_pulled_anew(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.act("stop", instance_id)
    await tenant.wait(8 * 86_400)
    await tenant.act("start", instance_id)

    events = [entry["event"] for entry in (await tenant.read("ledger"))["entries"]]
    assert "dataDropped" in events


async def test_spot_is_notified_reclaimed_and_terminated(tenant: Tenant) -> None:
    instance_id = await tenant.running(billingMode="spot")
    assert (await tenant.detail(instance_id))["spotStatus"] == "running"

    await tenant.force(instance_id, reclaim=True, noticeSeconds=3600)
    notified = await tenant.detail(instance_id)
    await tenant.wait(3601)
    reclaiming = await tenant.detail(instance_id)
    await tenant.wait(10)
    terminated = await tenant.detail(instance_id)

    assert (notified["spotStatus"], notified["status"]) == ("notified", "running")
    assert int(notified["spotReclaimTime"]) >= int(notified["lastStartedAt"]) + 3600
    assert reclaiming["spotStatus"] == "reclaiming"
    assert (terminated["spotStatus"], terminated["status"]) == ("terminated", "exited")
    assert terminated["spotReclaimTime"] == notified["spotReclaimTime"]


async def test_a_restart_does_not_put_off_an_announced_reclaim(tenant: Tenant) -> None:
    instance_id = await tenant.running(billingMode="spot")
    await tenant.force(instance_id, reclaim=True, noticeSeconds=100)

    await tenant.act("restart", instance_id)
    await tenant.wait(110)

    assert (await tenant.detail(instance_id))["spotStatus"] == "terminated"


@pytest.mark.parametrize(
    ("mode", "start", "delete"),
    [
        ("live", '{"instanceId":"ID","state":"toStart"}', "{}"),
        ("object", "{}", "{}"),
        ("empty", "", ""),
        ("no-content", "", ""),
    ],
)
async def test_mutations_answer_in_all_the_ways_that_were_met(
    tenant: Tenant, mode: str, start: str, delete: str
) -> None:
    instance_id = await tenant.running()
    await tenant.act("stop", instance_id)
    await tenant.wait(LONG)
    await tenant.set(mutationReply=mode)

    started, deleted = await tenant.act("start", instance_id), await tenant.act("delete", instance_id)

    assert (started.text, deleted.text) == (start.replace("ID", instance_id), delete)
    assert started.status_code == deleted.status_code == (204 if mode == "no-content" else 200)
