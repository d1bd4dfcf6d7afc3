"""Whose absence counts as missing in the account: that of instances which somebody still wants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NOON, UID
from tests.unit.support.parts import KEY, HandClock

from novita_operator.controllers.gpu_instance.acting import releasing
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.novita import errors
from novita_operator.novita.models import Instance
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts


@dataclass(frozen=True)
class Novita:
    """It shows this instance by id, or nothing."""

    shown: Instance | None = None

    async def get_instance(self, _instance_id: str, **_: Any) -> Instance:
        if self.shown is None:
            raise errors.NotFound("no such instance")
        return self.shown


async def missing(*, stands: bool = False, **of_the_object: Any) -> int:
    """How many the account misses after a look by id that found nothing."""
    account = parts.an_account()
    await looked(account, Memory(0), stands=stands, **of_the_object)
    return account.losses.count


async def looked(
    account: Account,
    memory: Memory,
    *,
    stands: bool = False,
    shown: Instance | None = None,
    listed: tuple[Instance, ...] = (),
    **of_the_object: Any,
) -> Result:
    """A look by id that found nothing, or what is `shown`."""
    account.client = cast("Any", Novita(shown))
    status = {"instanceId": "i-1"} | of_the_object.pop("status", {})
    seen = a.an_observation(a.an_object(status=status, intent=a.an_intent(), **of_the_object))
    this = Pass(replace(seen, failure_stands=stands, found=listed), account, memory, KEY)
    return await releasing.confirm_gone("i-1", this, HandClock())


def failed(reason: str) -> dict[str, Any]:
    return {"failure": a.a_failure(reason) | {"instanceId": "i-1"}}


async def test_an_instance_that_is_wanted_is_missed() -> None:
    assert await missing() == 1


async def test_that_of_an_object_which_is_being_deleted_is_not() -> None:
    """Also after a restart, when nobody remembers the delete call."""
    assert await missing(deleting=True) == 0


async def test_after_a_delete_the_last_look_follows_at_once() -> None:
    """One look by id is enough then: the look by name need not wait for a poll."""
    deleted = Memory(0, delete_accepted_at=0.0)

    assert (await looked(parts.an_account(), deleted, deleting=True)).again


STRANGER = a.an_instance(name="somebody-elses")


async def test_a_strangers_id_holds_nothing_once_ours_was_ended() -> None:
    memory = Memory(0, delete_accepted_at=0.0)

    found = await looked(parts.an_account(), memory, deleting=True, shown=STRANGER)

    assert (found.problem, len(memory.gone_in_polls)) == (None, 1)


async def test_a_strangers_id_is_not_ours_while_ours_is_listed_under_its_name() -> None:
    memory = Memory(0)

    found = await looked(parts.an_account(), memory, shown=STRANGER, listed=(a.an_instance(instance_id="i-2"),))

    assert (found.problem, len(memory.gone_in_polls)) == (None, 1)


@pytest.mark.parametrize("shown", ["somebody-elses", "", f"{a.NAME}-1"])
async def test_a_name_that_is_nobodys_proves_nothing_by_itself(shown: str) -> None:
    memory = Memory(0)

    found = await looked(parts.an_account(), memory, deleting=True, shown=a.an_instance(name=shown))

    assert found.problem is not None
    assert not memory.gone_in_polls


@pytest.mark.parametrize("shown", ["", f"{a.NAME}-1", a.NAME.upper()])
async def test_what_may_be_a_rendering_of_our_name_stays_ours_though_one_was_ended(shown: str) -> None:
    memory = Memory(0, delete_accepted_at=0.0)

    found = await looked(parts.an_account(), memory, deleting=True, shown=a.an_instance(name=shown))

    assert found.problem is not None


RENTED = {"novitaCreatedAt": a.wire(a.ago(3600))}


@pytest.mark.parametrize("age", [60, 7200], ids=["made since", "made before"])
async def test_a_strangers_id_that_was_made_at_another_time_holds_nothing_though_nobody_saw_ours_end(
    age: float,
) -> None:
    """As after a restart between the end of ours and this look: nobody remembers the delete call."""
    memory = Memory(0)
    stranger = a.an_instance(name="somebody-elses", age=age)

    found = await looked(parts.an_account(), memory, deleting=True, shown=stranger, status=RENTED)

    assert (found.problem, len(memory.gone_in_polls), memory.only_by_id) == (None, 1, False)


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        pytest.param(
            a.an_instance(name="somebody-elses", age=3590), RENTED, id="made when ours was: somebody renamed it"
        ),
        pytest.param(a.an_instance(name="somebody-elses", created_at=None), RENTED, id="nobody says when it was made"),
        pytest.param(a.an_instance(name="somebody-elses", age=60), {}, id="nobody says when ours was made"),
        pytest.param(a.an_instance(name="", age=60), RENTED, id="it has no name"),
        pytest.param(a.an_instance(name=f"{a.NAME}-1", age=60), RENTED, id="a rendering of our name"),
    ],
)
async def test_what_may_be_ours_under_another_name_holds_the_object(shown: Instance, status: dict[str, Any]) -> None:
    memory = Memory(0)

    found = await looked(parts.an_account(), memory, deleting=True, shown=shown, status=status)

    assert found.problem is not None
    assert not memory.gone_in_polls


async def test_an_instance_that_is_wanted_is_not_gone_because_its_id_is_a_strangers() -> None:
    """Another one would be rented for it: a name and a time are no reason to pay twice."""
    memory = Memory(0)
    stranger = a.an_instance(name="somebody-elses", age=60)

    found = await looked(parts.an_account(), memory, shown=stranger, status=RENTED)

    assert found.problem is not None
    assert not memory.gone_in_polls


@pytest.mark.parametrize("deleting", [False, True])
async def test_an_absence_that_nothing_explains_is_looked_at_again_only_when_that_is_due(deleting: bool) -> None:
    assert not (await looked(parts.an_account(), Memory(0), deleting=deleting)).again


@pytest.mark.parametrize(
    ("reason", "on_timeout", "stands", "count"),
    [
        ("StartupTimeout", "Delete", True, 0),
        ("StartupTimeout", "Keep", True, 1),
        ("SpotReclaimed", "Keep", False, 0),
        ("SpotReclaimed", "Keep", True, 1),
        ("Failed", "Keep", False, 1),
    ],
)
async def test_one_that_was_to_be_ended_after_a_failure_is_not(
    reason: str, on_timeout: str, stands: bool, count: int
) -> None:
    spec = {"startup": {"onTimeout": on_timeout}}
    assert await missing(stands=stands, status=failed(reason), spec=spec) == count


def test_what_was_missing_no_longer_is_when_its_object_is_deleted() -> None:
    account, accounts = parts.an_account(), Accounts()
    account.losses.miss(UID, NOON)
    going = a.an_object(status={"instanceId": "i-1"}, deleting=True)

    parts.a_reconciler(accounts, HandClock()).observer.observe(going, account, Memory(0))

    assert account.losses.count == 0


def test_a_pass_that_ends_after_its_object_was_forgotten_leaves_nothing_missing() -> None:
    account, accounts = parts.an_account(), Accounts()
    accounts.put(account)
    account.losses.miss(UID, NOON)

    parts.a_reconciler(accounts, HandClock())._too_late(a.an_observation(), Result(), Memory(0), KEY)

    assert account.losses.count == 0
