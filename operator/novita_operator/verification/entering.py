"""A login to the rented machine, as jobs with exit codes need it: the way in, a shell, the container's variables."""

from __future__ import annotations

import asyncio

from novita_operator.clock import WaitingClock
from novita_operator.egress.names import Names
from novita_operator.machines import errors
from novita_operator.machines.dialing import Dialer
from novita_operator.machines.login import Login, Place
from novita_operator.machines.pool import Pool
from novita_operator.machines.programs.programs import Programs
from novita_operator.novita import ssh_command
from novita_operator.novita.models import Ssh
from novita_operator.verification.evidence import Door, Entered

_TRIES = 6  # a server may listen some seconds after its machine is said to run
_PAUSE_SECONDS = 5.0


async def enter(ssh: Ssh, name: str, clock: WaitingClock, seconds: float) -> Entered:
    """What a login meets within so many seconds, which are paid for.

    `name`: the value of the variable by which the container's environment is known.
    Nothing stands between this computer and the address: whoever verifies an account of their own does it from theirs.
    """
    dialer = Dialer(Names(monotonic=clock.monotonic))
    pool = Pool(dialer)
    found = Entered(Door.UNREACHED, "has not answered in the time that is paid for")
    until = clock.monotonic() + seconds
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            for _ in range(_TRIES):
                found = await _try(dialer, pool, ssh, name)
                if found.door is not Door.UNREACHED or clock.monotonic() + _PAUSE_SECONDS >= until:
                    return found
                await clock.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        return found
    finally:
        await pool.aclose()
    return found


async def _try(dialer: Dialer, pool: Pool, ssh: Ssh, name: str) -> Entered:
    target = ssh_command.target(ssh.command)
    place = Place.parse(f"{target.host}:{target.port}")
    if place is None:
        return Entered(Door.UNREACHED, "has no ssh address that can be read")
    try:
        key = await dialer.host_key(place)
        login = Login(place, target.user, ssh.password, key.fingerprint)
        environment = await Programs(pool).environment(login, name)
    except errors.MachineError as error:
        return Entered(_door(error), str(error))
    return Entered(Door.OPEN, "in the session's own" if environment.at_home else "in /proc/1/environ")


def _door(error: errors.MachineError) -> Door:
    match error:
        case errors.LoginRefused():
            return Door.REFUSED
        case errors.HostKeyChanged():
            return Door.ANOTHER_KEY
        case errors.NoEnvironment():
            return Door.NO_ENVIRONMENT
        case errors.Unusable():
            return Door.NO_SHELL
        case _:
            return Door.UNREACHED
