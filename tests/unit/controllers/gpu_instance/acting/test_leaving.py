"""What is written down of an instance that stays: nothing that a tenant could write about the instance of another."""

from __future__ import annotations

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NAME, NAMES, NOON, UID

from novita_operator.controllers.gpu_instance.acting import leaving
from novita_operator.kube import errors
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.retained import Full

ADOPTS = {"adopt": {"instanceId": "theirs"}, "deletionPolicy": "Retain"}


def test_a_rented_instance_is_known_by_the_uid_of_its_object_and_not_by_a_status() -> None:
    seen = a.an_observation(a.an_object(status={"instanceId": "theirs"}, deleting=True))

    left = leaving.left(seen, parts.an_account(), "Retain", NOON)

    assert (left.uid, left.instance_name, left.adopted) == (UID, NAME, False)
    assert not left.is_of(a.an_instance(instance_id="theirs", name="of-another"))


@pytest.mark.parametrize(
    ("account", "consent", "adopted"),
    [
        pytest.param(parts.an_account(), True, True, id="the account agrees"),
        pytest.param(parts.an_account(), False, False, id="nobody with a say has allowed it"),
        pytest.param(None, False, True, id="there is no account to ask"),
    ],
)
def test_the_id_of_an_adopted_one_counts_only_with_consent(
    account: Account | None, consent: bool, adopted: bool
) -> None:
    resource = a.an_object(spec=ADOPTS, status={"instanceId": "theirs"}, deleting=True)
    seen = a.an_observation(resource, consent=consent)

    left = leaving.left(seen, account, "Retain", NOON)

    assert (left.adopted, left.instance_id) == (adopted, "theirs")


def test_what_nobody_held_is_known_by_its_own_name_whatever_its_status_says() -> None:
    resource = a.an_object(status={"instanceId": "theirs", "instanceName": "of-another"})

    left = leaving.unheld(resource, NAMES, None, "Retain", NOON)

    assert (left.instance_name, left.adopted) == (NAME, False)


@pytest.mark.parametrize("error", [Full("ConfigMap x holds 1000"), errors.Forbidden("no right"), errors.Broken("down")])
def test_why_it_could_not_be_written_down_is_told(error: Full | errors.KubeError) -> None:
    problem = leaving.unkept(error)

    assert str(error) in problem.message
    assert problem.reason == "ClusterRefused"
    assert problem.paused
