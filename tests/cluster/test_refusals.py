"""Novita refuses a create call and has carried it out all the same: nothing is rented twice, nothing is forgotten."""

from __future__ import annotations

import pytest
from tests.support import kube
from tests.support.workspace import Workspace

_REFUSALS = (
    {"status": 400, "reason": "VALIDATOR_PARAM", "message": "no"},
    {"status": 401, "reason": "UNAUTHORIZED", "message": "no"},
    {"status": 404, "reason": "IMAGE_NOT_FOUND", "message": "no"},
    {"status": 409, "reason": "CONFLICT", "message": "no"},
    {"status": 429, "reason": "RATE_LIMIT_EXCEEDED", "message": "no"},
    {"status": 400, "reason": "CREATE_INSTANCE_LIMIT", "message": "no"},
    {"status": 400, "reason": "GPU_SPEC_USED", "message": "no"},
)
_IDS = [str(each["reason"]) for each in _REFUSALS]


@pytest.mark.parametrize("refusal", _REFUSALS, ids=_IDS)
async def test_a_refused_call_that_was_carried_out_is_found_and_not_repeated(
    workspace: Workspace, refusal: dict[str, object]
) -> None:
    await workspace.novita.fault("status", route="create", commit=True, times=1, **refusal)

    await workspace.create()

    await workspace.until_ready()
    await workspace.delete()
    await workspace.until_gone()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.duplicated, ledger.live) == (1, 0, ())


@pytest.mark.parametrize("refusal", _REFUSALS[:-1], ids=_IDS[:-1])  # the last one moves on to the next offer at once
async def test_nothing_more_is_rented_while_the_list_hides_what_came_of_a_refused_call(
    workspace: Workspace, refusal: dict[str, object]
) -> None:
    await workspace.novita.set(listLag={"seconds": 0.7, "alsoGet": True})  # less than the operator grants it
    await workspace.novita.fault("status", route="create", commit=True, times=4, **refusal)

    await workspace.create()

    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1


@pytest.mark.parametrize("refusal", _REFUSALS, ids=_IDS)
async def test_an_object_that_is_deleted_after_such_a_refusal_leaves_nothing_behind(
    workspace: Workspace, refusal: dict[str, object]
) -> None:
    await workspace.novita.fault("status", route="create", commit=True, times=1, **refusal)
    await workspace.create()

    async def committed() -> bool:
        return (await workspace.novita.ledger()).created == 1

    await workspace.until_novita(committed, "Novita has rented what it refused")
    await workspace.delete()

    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_an_instance_whose_object_went_while_the_answer_was_under_way_is_ended(workspace: Workspace) -> None:
    await workspace.novita.fault("delay", route="create", seconds=2.0, after=True, times=1)
    await workspace.create()

    async def committed() -> bool:
        return (await workspace.novita.ledger()).created == 1

    await workspace.until_novita(committed, "Novita has rented, and its answer is under way")
    change = {"metadata": {"finalizers": None}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace)
    await workspace.delete()
    await workspace.until_gone()

    async def ended() -> bool:
        return (await workspace.novita.ledger()).live == ()

    await workspace.until_novita(ended, "the instance of the deleted object is ended")


async def test_an_instance_that_novita_makes_after_its_object_is_gone_is_ended(workspace: Workspace) -> None:
    """`spec.orphans` is Report, and no other object is left: this is no guess of the collector."""
    await workspace.novita.fault("late-commit", route="create", seconds=6.0, times=1)
    await workspace.create()
    await workspace.until_condition("Provisioned", "Unknown")
    await workspace.delete()
    await workspace.until_gone()

    async def made_and_ended() -> bool:
        ledger = await workspace.novita.ledger()
        return ledger.created == 1 and ledger.live == ()

    await workspace.until_novita(made_and_ended, "Novita has made it, and it is ended")


_WORDS_ONLY = ("message", "error-string", "title", "ok-with-error")


@pytest.mark.parametrize("form", _WORDS_ONLY)
async def test_a_lack_of_stock_that_only_words_tell_moves_on_to_the_next_offer(workspace: Workspace, form: str) -> None:
    await workspace.novita.set(errorBody=form)
    await workspace.novita.fault("no-stock", route="create", match={"clusterId": "as-sgp-2"})

    await workspace.create(regions=["AS-SGP-02", "US-CA-06"])

    body = await workspace.until_ready()
    assert body["status"]["region"] == "US-CA-06"
    assert (await workspace.novita.ledger()).created == 1


async def test_a_lack_of_money_that_only_words_tell_is_one_and_heals_with_the_balance(workspace: Workspace) -> None:
    await workspace.novita.set(errorBody="message", balance="0")
    await workspace.create()
    await workspace.until_condition("Provisioned", "False", "InsufficientBalance")

    await workspace.novita.set(balance="1000")

    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_create_that_is_forbidden_is_no_verdict_on_the_key(workspace: Workspace, status: int) -> None:
    await workspace.create("before")
    await workspace.until_ready("before")
    refused = {"status": status, "body": {"message": "you may not do this"}, "match": {"clusterId": "us-ca-6"}}
    await workspace.novita.fault("status", route="create", **refused)

    await workspace.create("refused", regions=["US-CA-06"], regionPolicy="Require")
    await workspace.until_condition("Synced", "False", "CredentialsRejected", name="refused")
    await workspace.create("other", regions=["AS-SGP-02"])

    await workspace.until_ready("other")
    await workspace.until_account("Ready", "True")
    await workspace.novita.end_faults()
    await workspace.until_ready("refused")
