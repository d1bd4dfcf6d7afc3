"""An id alone is no proof: right before a call that changes an instance, it must carry this object's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NAME
from tests.unit.support.parts import KEY, HandClock
from tests.unit.support.reports import report

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.acting.calling import Caller
from novita_operator.controllers.gpu_instance.acting.describing import Describer
from novita_operator.controllers.gpu_instance.acting.executor import Executor
from novita_operator.controllers.gpu_instance.acting.pricing import Pricing
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Problem, Result
from novita_operator.kube.cache import Key
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Instance
from novita_operator.runtime.accounts.account import Account

CHANGES = (
    action.Delete(("i-1",)),
    action.Stop("i-1"),
    action.Start("i-1"),
    action.Edit("i-1", (), 10),
    action.RemoveDuplicates("i-0", ("i-1",)),
)
FOREIGN = "nvo-zzzzzzzz-nm7dwtapnnhq5hyof6fauqsncei"


@dataclass
class Novita:
    """What a look by id brings, and which calls were made."""

    found: Instance | errors.NovitaError
    calls: list[str] = field(default_factory=list)
    looks: list[tuple[str, Priority]] = field(default_factory=list)

    async def get_instance(self, instance_id: str, *, priority: Priority = Priority.READ_FOR_USER) -> Instance:
        self.looks.append((instance_id, priority))
        if isinstance(self.found, errors.NovitaError):
            raise self.found
        return self.found

    async def delete_instance(self, _instance_id: str) -> None:
        self.calls.append("delete")

    async def stop_instance(self, _instance_id: str) -> None:
        self.calls.append("stop")

    async def start_instance(self, _instance_id: str) -> None:
        self.calls.append("start")

    async def edit_instance(self, _instance_id: str, **_: Any) -> None:
        self.calls.append("edit")


async def act(
    decided: action.Action,
    novita: Novita,
    seen: Observation,
    memory: Memory | None = None,
    claims: Mapping[str, Key] | None = None,
) -> Result:
    nothing: Any = None
    account = cast("Account", parts.an_account())
    account.claims = claims or {}
    account.client = cast("Any", novita)
    recorder: Any = type("Recorder", (), {"record": lambda *_: None})()
    caller = Caller(HandClock(), recorder, Metrics())
    describer = Describer(nothing, HandClock())
    executor = Executor(HandClock(), describer, nothing, nothing, nothing, caller, Pricing(HandClock()))
    return await executor.act(decided, seen, account, memory or Memory(0), KEY)


def an_object(**parts: Any) -> GPUInstance:
    return a.an_object(**({"status": {"instanceId": "i-1"}, "intent": a.an_intent()} | parts))


@pytest.mark.parametrize("decided", CHANGES)
async def test_what_carries_our_name_is_changed(decided: action.Action) -> None:
    novita = Novita(a.an_instance())

    result = await act(decided, novita, a.an_observation(an_object()))

    assert result.problem is None
    assert len(novita.calls) == 1


@pytest.mark.parametrize("decided", CHANGES)
@pytest.mark.parametrize("listed", [True, False], ids=["listed as ours a moment ago", "not listed"])
async def test_what_carries_another_name_is_left_alone_and_said(decided: action.Action, listed: bool) -> None:
    novita = Novita(a.an_instance(name=FOREIGN))
    seen = a.an_observation(an_object(), *([a.an_instance()] if listed else []))

    result = await act(decided, novita, seen)

    assert novita.calls == []
    assert result.problem is not None
    assert result.problem.reason is Reason.NAME_DIFFERS
    assert FOREIGN in result.problem.message
    assert NAME in result.problem.message


@pytest.mark.parametrize("decided", CHANGES)
@pytest.mark.parametrize(
    "found", [errors.NotFound("no such instance"), errors.Unavailable("down"), a.an_instance(name="")]
)
async def test_a_list_that_has_just_shown_it_as_ours_is_proof_where_a_look_by_id_says_nothing(
    decided: action.Action, found: Any
) -> None:
    novita = Novita(found)

    await act(decided, novita, a.an_observation(an_object(), a.an_instance()))

    assert len(novita.calls) == 1


@pytest.mark.parametrize("decided", CHANGES)
@pytest.mark.parametrize(
    "found", [errors.NotFound("no such instance"), errors.Unavailable("down"), a.an_instance(name="")]
)
@pytest.mark.parametrize("view", ["an old list", "no list"])
async def test_what_cannot_be_seen_is_waited_for(decided: action.Action, found: Any, view: str) -> None:
    novita = Novita(found)
    listed = [a.an_instance()] if view == "an old list" else []

    await act(decided, novita, a.an_observation(an_object(), *listed, fresh=False))

    assert novita.calls == []


@pytest.mark.parametrize("decided", [change for change in CHANGES if not isinstance(change, action.RemoveDuplicates)])
async def test_of_an_adopted_instance_the_spec_is_the_proof(decided: action.Action) -> None:
    novita = Novita(a.an_instance(name="by-hand"))
    seen = a.an_observation(an_object(spec={"adopt": {"instanceId": "i-1"}}), fresh=False)

    await act(decided, novita, seen)

    assert len(novita.calls) == 1


async def test_connection_details_are_only_taken_from_what_carries_our_name() -> None:
    """Else the passwords of somebody else's machine would end in this object's Secret."""
    novita = Novita(a.a_running_instance(name=FOREIGN))

    result = await act(action.Describe("i-1"), novita, a.an_observation(an_object(), a.an_instance()))

    assert result.problem is not None
    assert result.problem.reason is Reason.NAME_DIFFERS
    assert result.detail is None


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        pytest.param("somebody-elses", ("False", "NameDiffers"), id="the id is somebody else's"),
        pytest.param(f"{NAME}-x", ("True", "Ready"), id="the name is rendered otherwise"),
        pytest.param("", ("True", "Ready"), id="the answer has no name"),
    ],
)
async def test_an_object_whose_id_was_given_away_is_not_ready(name: str, condition: tuple[str, str]) -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": a.wire(a.NOON)}
    status = {"instanceId": "i-1", "readyAt": a.wire(a.ago(60)), "conditions": [ready], "observedGeneration": 1}
    seen = a.an_observation(a.an_object(status=status, intent=a.an_intent()))

    result = await act(action.ConfirmGone("i-1"), Novita(a.an_instance(name=name)), seen)

    told = {each["type"]: (each["status"], each["reason"]) for each in report(seen, result).status["conditions"]}
    assert told["Ready"] == condition
    assert told["Provisioned"][0] == condition[0]


@pytest.mark.parametrize("name", ["", FOREIGN])
async def test_a_look_by_id_that_shows_another_name_is_no_permission_to_delete(name: str) -> None:
    memory = Memory(0)

    await act(action.ConfirmGone("i-1"), Novita(a.an_instance(name=name)), a.an_observation(an_object()), memory)

    assert not memory.only_by_id


# --- What is said, and to whom it is adopted -------------------------------------------------------------------------

RENDERED = (
    f'Novita shows instance i-1 as "{NAME}-x", and this object\'s instance is called {NAME}: Novita renders names '
    "otherwise than they were sent. It counts as this object's, so that nothing is rented in its place, and nothing is "
    "done to it under a name that is not its own. It goes on by itself when Novita shows the name again. To end it "
    "before, delete it in Novita's console."
)
SOMEBODY_ELSES = (
    f"Instance i-1 {{}} at Novita, and not {NAME}, as this object's instance would: it may belong to another object or "
    "cluster, and is left alone. Nothing is rented in its place. It is looked at again by itself. If it is yours, end "
    "it in Novita's console."
)


@pytest.mark.parametrize(
    ("name", "about", "message"),
    [
        (f"{NAME}-x", ConditionType.SYNCED, RENDERED),
        ("", ConditionType.SYNCED, SOMEBODY_ELSES.format("carries no name")),
        ("hers", ConditionType.PROVISIONED, SOMEBODY_ELSES.format('carries the name "hers"')),
    ],
    ids=["rendered otherwise", "no name", "somebody else's"],
)
async def test_what_is_not_proven_is_told_in_full_and_waits_for_a_person(
    name: str, about: ConditionType, message: str
) -> None:
    result = await act(action.Stop("i-1"), Novita(a.an_instance(name=name)), a.an_observation(an_object()))

    assert result.problem == Problem(about, Reason.NAME_DIFFERS, message, stalled=True)


async def test_a_look_before_a_change_is_not_held_back_by_reads_that_fail() -> None:
    novita = Novita(a.an_instance())

    await act(action.Stop("i-1"), novita, a.an_observation(an_object()))

    assert novita.looks == [("i-1", Priority.DELETE)]


async def test_of_several_in_the_list_only_the_one_of_the_id_is_proof() -> None:
    novita = Novita(errors.Unavailable("down"))

    await act(action.Stop("i-1"), novita, a.an_observation(an_object(), a.an_instance(instance_id="i-2")))

    assert novita.calls == []


ADOPTING = {"adopt": {"instanceId": "i-1"}}
THEIRS = Key("gpuinstances", "other", "theirs")


@pytest.mark.parametrize(
    ("name", "owner", "changed"),
    [
        pytest.param(FOREIGN, THEIRS, False, id="another object's"),
        pytest.param(FOREIGN, KEY, True, id="this object's own"),
        pytest.param(FOREIGN, None, True, id="nobody's any more"),
        pytest.param("by-hand", THEIRS, True, id="a name that no operator gives proves no owner"),
    ],
)
async def test_an_adopted_instance_is_left_to_the_object_whose_name_it_carries(
    name: str, owner: Key | None, changed: bool
) -> None:
    novita = Novita(a.an_instance(name=name))
    claims = {name: owner} if owner is not None else {}

    result = await act(action.Stop("i-1"), novita, a.an_observation(an_object(spec=ADOPTING)), claims=claims)

    assert novita.calls == (["stop"] if changed else [])
    told = (
        f"Instance i-1 carries the name {FOREIGN} at Novita and belongs to GPUInstance other/theirs: it is left alone. "
        "Delete this object; its instance stays."
    )
    expected = None if changed else Problem(ConditionType.SYNCED, Reason.NAME_DIFFERS, told, stalled=True)
    assert result.problem == expected


async def test_an_instance_that_was_adopted_without_consent_is_left_alone_and_told_why() -> None:
    novita = Novita(a.an_instance(name="by-hand"))
    denied = a.an_observation(an_object(spec=ADOPTING), allowance=a.an_allowance({}))
    assert denied.not_ours is not None

    result = await act(action.Stop("i-1"), novita, denied)

    assert novita.calls == []
    assert result.problem is not None
    assert result.problem.message == f"Instance i-1 is left alone. {denied.not_ours.message}"


async def test_an_adopted_instance_in_the_list_is_proof_under_its_own_name() -> None:
    novita = Novita(errors.Unavailable("down"))
    listed = a.an_instance(name="by-hand")

    await act(action.Stop("i-1"), novita, a.an_observation(an_object(spec=ADOPTING), listed))

    assert novita.calls == ["stop"]


# --- Somebody else's id in the status ---------------------------------------------------------------------------------

GOING: dict[str, Any] = {"deleting": True}
OURS = a.an_instance(instance_id="i-2")


async def deleted(shown: Instance | errors.NovitaError, seen: Observation, memory: Memory) -> tuple[Result, list[str]]:
    """What a delete of ours does, while this is what the recorded id shows; ours is seen as what it is."""
    novita = Novita(shown)

    async def get_instance(instance_id: str, **_: Any) -> Instance:
        if instance_id == OURS.id:
            return OURS
        if isinstance(shown, errors.NovitaError):
            raise shown
        return shown

    async def products(**_: Any) -> tuple[()]:
        return ()

    novita.get_instance = get_instance  # type: ignore[method-assign]
    novita.products = products  # type: ignore[attr-defined]
    return await act(action.Delete((OURS.id,)), novita, seen, memory), novita.calls


@pytest.mark.parametrize("name", ["somebody-elses", FOREIGN])
async def test_ours_is_recorded_before_it_is_deleted_where_the_recorded_id_is_a_strangers(name: str) -> None:
    """A list from before the stranger's does not show it. The next process would find nothing but that id."""
    memory = Memory(0)

    result, calls = await deleted(a.an_instance(name=name), a.an_observation(an_object(**GOING), OURS), memory)

    assert (result.instance_id, result.again, result.problem, calls) == ("i-2", True, None, [])
    assert memory.unwritten.instance_id == "i-2"


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(errors.NotFound("no such instance"), id="nothing has that id"),
        pytest.param(errors.Unavailable("down"), id="Novita does not say"),
        pytest.param(a.an_instance(name=""), id="it has no name"),
        pytest.param(a.an_instance(name=f"{NAME}-1"), id="it may be ours, rendered otherwise"),
        pytest.param(a.an_instance(), id="it is ours, and the list hides it"),
    ],
)
async def test_what_the_recorded_id_shows_holds_no_delete_back(shown: Instance | errors.NovitaError) -> None:
    result, calls = await deleted(shown, a.an_observation(an_object(**GOING), OURS), Memory(0))

    assert (result.instance_id, calls) == (None, ["delete"])


async def test_of_an_object_that_lives_on_nothing_is_asked_before_a_delete() -> None:
    result, calls = await deleted(a.an_instance(name="hers"), a.an_observation(an_object(), OURS), Memory(0))

    assert (result.instance_id, calls) == (None, ["delete"])
