"""Commands on simulated machines: how they end, and how many connections that takes."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace

import pytest
from pydantic import SecretStr
from tests.machines.conftest import LONG, SHORT, Rented, dialer, rented
from tests.simulator import landlord
from tests.simulator.landlord import Landlord

from novita_operator.machines import errors
from novita_operator.machines.command import Command
from novita_operator.machines.pool import Bounds, Pool


async def test_a_command_ends_with_its_code_or_its_signal_and_its_output(machine: Rented, pool: Pool) -> None:
    data = os.urandom(300_000)

    well = await pool.run(machine.login, Command("cat", stdin=data))
    badly = await pool.run(machine.login, Command("echo out; echo err >&2; exit 7"))
    killed = await pool.run(machine.login, Command("kill -9 $$"))

    assert (well.code, well.signal, well.output) == (0, None, data)
    assert (badly.code, badly.output) == (7, b"out\n")
    assert (killed.code, killed.signal) == (None, "KILL")
    assert pool.open == 1


async def test_no_more_output_is_read_than_was_asked_for(machine: Rented, pool: Pool) -> None:
    command = Command("head -c 3000000 /dev/zero; echo end", most_bytes=1000)

    ran = await pool.run(machine.login, command)

    assert (ran.code, ran.cut, len(ran.output)) == (None, True, 1000)
    assert (await pool.run(machine.login, Command("echo on"))).output == b"on\n"


async def test_a_broken_connection_interrupts_what_runs_and_is_opened_again(machine: Rented, pool: Pool) -> None:
    running = asyncio.create_task(pool.run(machine.login, Command("touch here; exec sleep 300")))
    await landlord.until((machine.folder / "here").exists)
    await machine.home.tenant.fault("ssh-refused")

    with pytest.raises(errors.Interrupted):
        await running
    await landlord.until(lambda: pool.open == 0)
    with pytest.raises(errors.Unreachable):
        await pool.run(machine.login, Command("true"))
    await machine.home.tenant.control.delete("/faults")
    await landlord.until(lambda: landlord.can_connect(machine.login.place.host, machine.login.place.port))

    assert (await pool.run(machine.login, Command("true"))).code == 0
    assert len(machine.home.programs(machine.instance_id)) == 1  # whoever was interrupted goes on there


async def test_a_machine_that_falls_silent_is_noticed_without_any_output(home: Landlord) -> None:
    machine = await rented(home)
    pool = Pool(dialer(replace(SHORT, connect=60.0)))
    await home.tenant.fault("ssh-silent", bytes=50_000, times=1)

    with pytest.raises(errors.Interrupted):
        await pool.run(machine.login, Command("head -c 200000 /dev/zero; exec sleep 300", seconds=600.0))

    await pool.aclose()


async def test_a_command_without_an_end_is_given_up_in_time(machine: Rented, pool: Pool) -> None:
    with pytest.raises(errors.Interrupted, match=r"does not end a command within 0\.5 s"):
        await pool.run(machine.login, Command("exec sleep 300", seconds=0.5))

    assert (await pool.run(machine.login, Command("true"))).code == 0
    assert pool.open == 1


async def test_many_commands_on_one_machine_share_a_connection(machine: Rented, pool: Pool) -> None:
    ran = await asyncio.gather(*(pool.run(machine.login, Command(f"exit {code}")) for code in range(8)))

    assert [each.code for each in ran] == list(range(8))
    assert pool.open == 1


async def test_an_idle_connection_ends_by_itself_and_one_in_use_does_not(machine: Rented) -> None:
    pool = Pool(dialer(LONG), Bounds(idle=0.2))

    await pool.run(machine.login, Command("true"))
    busy = asyncio.create_task(pool.run(machine.login, Command("cat fifo 2>/dev/null; sleep 1; echo done")))
    ran = await busy
    await landlord.until(lambda: pool.open == 0)

    assert ran.output == b"done\n"


async def test_an_idle_connection_makes_room_and_one_in_use_is_waited_for(home: Landlord) -> None:
    one, other = await rented(home), await rented(home, name="other")
    pool = Pool(dialer(), Bounds(most=1, queue=0.3))
    await pool.run(one.login, Command("true"))

    moved = await pool.run(other.login, Command("exec true"))
    hanging = asyncio.create_task(pool.run(other.login, Command("touch here; exec sleep 300")))
    await landlord.until((other.folder / "here").exists)
    with pytest.raises(errors.Busy, match="all 1 connections"):
        await pool.run(one.login, Command("true"))
    for pid in home.programs(other.instance_id):
        os.kill(pid, signal.SIGKILL)

    assert moved.code == 0
    assert (await hanging).signal == "KILL"
    assert (await pool.run(one.login, Command("true"))).code == 0
    await pool.aclose()
    assert pool.open == 0


async def test_a_login_that_fails_takes_no_place(machine: Rented) -> None:
    pool = Pool(dialer(), Bounds(most=1, queue=0.3))
    wrong = replace(machine.login, password=SecretStr("another one"))

    for _ in range(3):
        with pytest.raises(errors.LoginRefused):
            await pool.run(wrong, Command("true"))

    assert (await pool.run(machine.login, Command("true"))).code == 0
    await pool.aclose()
