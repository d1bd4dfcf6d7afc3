"""Of several objects that want one instance, the eldest that may have it; a place that was promised is given back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NAMES
from tests.unit.support.parts import KEY

from novita_operator.api import kinds
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.launching.adoption import Adopter
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.kube import errors
from novita_operator.runtime.accounts.account import Account
from novita_operator.tenancy.load import Load

BY_HAND = a.an_instance(instance_id="i-hand", name="by hand")
ADOPT = {"adopt": {"instanceId": "I-Hand"}}
TENANCY = {"rules": [{"namespaces": {"names": ["team"]}, "adoption": "Allow", "limits": {"instances": 1}}]}


@dataclass
class Cluster:
    """The other objects, and whether somebody else writes ours right before we do."""

    others: tuple[dict[str, Any], ...] = ()
    conflict: bool = False

    async def each(self, *_: Any) -> AsyncIterator[dict[str, Any]]:
        for body in self.others:
            yield body

    async def take_over(self, *_: Any) -> None:
        if self.conflict:
            raise errors.Conflict("the object has been modified")


class Novita:
    async def get_instance(self, _instance_id: str) -> Any:
        return BY_HAND

    async def products(self) -> tuple[Any, ...]:
        return ()


def another(
    namespace: str = "team", *, age: float = 7200, deleting: bool = False, **parts_of_it: Any
) -> dict[str, Any]:
    body = a.a_body(name="other", deleting=deleting, **({"spec": ADOPT} | parts_of_it))
    body["metadata"] |= {"uid": "another-uid", "namespace": namespace, "creationTimestamp": a.wire(a.ago(age))}
    return body


def an_account(tenancy: dict[str, Any] = TENANCY) -> Account:
    account = parts.an_account(spec={"tenancy": tenancy})
    account.client = cast("Any", Novita())
    return account


async def adopt(cluster: Cluster, account: Account | None = None) -> Result:
    account = account or an_account()
    accounts = {"default": account}
    fake: Any = cluster
    adopter = Adopter(fake, fake, kinds.GPU_INSTANCE, parts.HandClock(), (), NAMES, accounts.get)
    resource: GPUInstance = a.an_object(spec=ADOPT)
    seen = a.an_observation(resource, allowance=account.allowance("team"), consent=True)
    return await adopter.adopt("i-hand", Pass(seen, account, Memory(0), KEY))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(another("stranger"), id="its namespace may not adopt"),
        pytest.param(another("stranger", status={"instanceId": "i-hand"}), id="nor if its status says that it has"),
        pytest.param(another(deleting=True), id="it is being deleted"),
        pytest.param(another(age=60), id="it is younger"),
        pytest.param(another(spec={"adopt": {"instanceId": "i-else"}}), id="it wants another one"),
    ],
)
async def test_an_object_that_cannot_have_the_instance_holds_nobody_back(other: dict[str, Any]) -> None:
    assert (await adopt(Cluster((other,)))).instance_id == "i-hand"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(another(), id="an elder that may"),
        pytest.param(another(age=60, status={"instanceId": "I-HAND"}), id="a younger one that has it"),
        pytest.param(another(age=60, spec={}, status={"instanceId": "i-hand"}), id="one that has it otherwise"),
        pytest.param(another(spec=ADOPT | {"accountRef": {"name": "away"}}), id="one whose account is not at work yet"),
    ],
)
async def test_whoever_has_it_or_may_have_it_first_keeps_it(other: dict[str, Any]) -> None:
    found = await adopt(Cluster((other,)))

    assert found.instance_id is None
    assert found.problem is not None
    assert (found.problem.reason, "team/other" in found.problem.message) == (Reason.ADOPT_REFUSED, True)


async def test_what_the_rules_of_its_namespace_do_not_allow_holds_nobody_back() -> None:
    spot_only = {"namespaces": {"names": ["other"]}, "adoption": "Allow", "billing": ["Spot"]}
    account = an_account({"rules": [*TENANCY["rules"], spot_only]})

    assert (await adopt(Cluster((another("other"),)), account)).instance_id == "i-hand"


async def test_a_place_that_was_promised_is_free_again_when_nothing_was_taken_over() -> None:
    account = an_account()

    with pytest.raises(errors.Conflict):
        await adopt(Cluster(conflict=True), account)

    assert account.room("another instance", account.allowance("team"))(Load(1, 1)) is None
