"""What goes wrong on purpose with machines: each dial, as the system's ssh meets it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulator import landlord
from tests.simulator.landlord import Landlord


async def test_ssh_refuses_and_cuts_off_until_the_fault_is_turned_off(home: Landlord) -> None:
    instance_id, guest = await home.running()
    other_id, other = await home.running(name="other")
    async with guest.going_on("touch here; exec sleep 300") as session:
        await landlord.until((home.home(instance_id) / "here").exists)
        await home.tenant.fault("ssh-refused", match={"instanceId": instance_id})
        await landlord.until(lambda: session.returncode is not None)

        refused = await guest.ssh("true")
        untouched = await other.ssh("true")
        left = len(home.programs(instance_id))
        fired = (await home.tenant.read("faults"))["fired"]
        await home.tenant.control.delete("/faults")
        await landlord.until(lambda: landlord.can_connect(guest.host, int(guest.port)))

    assert (refused.code, "Connection refused" in refused.err) == (255, True)
    assert (untouched.code, home.programs(other_id)) == (0, [])
    assert left == 1  # the program knows nothing of it
    assert fired == 1
    assert (await guest.ssh("true")).code == 0


async def test_ssh_comes_late_after_each_boot(home: Landlord) -> None:
    await home.tenant.fault("ssh-late", seconds=3600)
    instance_id = await home.tenant.running()
    detail = await home.tenant.detail(instance_id)
    port = int(detail["connectComponentSSH"]["port"])
    await landlord.until(home.disk(instance_id).exists)
    early = await landlord.can_connect("127.0.0.1", port)

    await home.tenant.control.delete("/faults")
    await home.tenant.fault("ssh-late", seconds=0.2)
    guest = await home.guest(instance_id)

    assert early is False
    assert (await guest.ssh("true")).code == 0


async def test_the_right_password_is_refused_as_often_as_was_said(home: Landlord) -> None:
    _, guest = await home.running()
    await home.tenant.fault("ssh-wrong-password", times=1)

    said = [await guest.ssh("true") for _ in range(2)]

    assert [each.code for each in said] == [255, 0]
    assert "Permission denied" in said[0].err


async def test_another_host_key_is_what_ssh_warns_of(home: Landlord) -> None:
    _, guest = await home.running()
    assert (await guest.ssh("true")).code == 0
    await home.tenant.fault("ssh-host-key-changed", times=2)

    said = [await guest.ssh("true") for _ in range(3)]

    assert [each.code for each in said] == [255, 255, 0]
    assert ["Host key verification failed" in each.err for each in said] == [True, True, False]


async def test_a_connection_is_cut_after_so_many_bytes(home: Landlord) -> None:
    _, guest = await home.running()
    await home.tenant.fault("ssh-cut", bytes=500_000, times=1)

    cut = await guest.ssh("head -c 3000000 /dev/zero")
    whole = await guest.ssh("head -c 3000000 /dev/zero")

    assert (cut.code, len(cut.out) < 500_000) == (255, True)
    assert (whole.code, len(whole.out)) == (0, 3_000_000)


@pytest.mark.parametrize("after", [0, 20_000])
async def test_a_connection_falls_silent_and_stays(home: Landlord, after: int) -> None:
    _, guest = await home.running()
    fault: dict[str, Any] = {"bytes": after} if after else {}
    await home.tenant.fault("ssh-silent", **fault)

    hung = await guest.ssh(
        "head -c 3000000 /dev/zero",
        options=["-o", "ConnectTimeout=2", "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1"],
    )
    fired = (await home.tenant.read("faults"))["fired"]

    assert (hung.code, len(hung.out) < 3_000_000) == (255, True)
    assert not any(word in hung.err.lower() for word in ("reset", "refused", "closed by")), hung.err
    assert fired >= 1


async def test_a_transfer_meets_a_full_disk(home: Landlord) -> None:
    instance_id, guest = await home.running()
    (home.files / "model").write_bytes(b"x" * 1_000_000)
    await home.tenant.fault("sftp-full", bytes=400_000, times=1)

    full = await guest.scp(str(home.files / "model"), ":model")
    written = (home.home(instance_id) / "model").read_bytes().count(b"x")
    again = await guest.scp(str(home.files / "model"), ":model")

    assert full.code != 0
    assert "ailure" in full.err
    assert written <= 400_000
    assert again.code == 0
    assert (home.home(instance_id) / "model").stat().st_size == 1_000_000


async def test_faults_of_machines_hit_no_call_and_faults_of_calls_no_login(home: Landlord) -> None:
    await home.tenant.fault("ssh-cut", match={"name": "another"})
    await home.tenant.fault("delay", seconds=0)
    _, guest = await home.running(ports=f"{landlord.free_port()}/tcp")
    before = (await home.tenant.read("faults"))["faults"]

    said = await guest.ssh("true")
    after = (await home.tenant.read("faults"))["faults"]

    assert said.code == 0
    assert [each["fired"] for each in before] == [each["fired"] for each in after]
    assert after[0]["fired"] == 0


async def test_a_door_that_is_shut_cannot_be_shut_a_number_of_times(home: Landlord) -> None:
    reply = await home.tenant.control.post("/faults", json={"kind": "ssh-refused", "times": 2})

    assert reply.status_code == 400
    assert "lasts until it is turned off" in reply.text
