"""The client against a simulated account: what the operator relies on, over real sockets."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr
from tests.novita.accounts import SimulatedAccount, a_request, eventually

from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.catalog import Asked
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Instance, InstanceState, PortSpec

SimulatorAccounts = Callable[[], SimulatedAccount]


async def until_running(client: NovitaAccountClient, instance_id: str) -> Instance:
    return await until(client, instance_id, InstanceState.RUNNING)


async def until(client: NovitaAccountClient, instance_id: str, state: InstanceState) -> Instance:
    async def look() -> Instance | None:
        found = await client.get_instance(instance_id)
        return found if found.state is state else None

    found = await eventually(look)
    assert found is not None
    return found


async def is_gone(client: NovitaAccountClient, instance_id: str) -> bool:
    try:
        await client.get_instance(instance_id)
    except errors.NotFound:
        return True
    return False


async def test_an_instance_from_create_to_gone(account: SimulatedAccount) -> None:
    ports, env = (PortSpec(8080, "HTTP"), PortSpec(5000, "TCP")), (("K", SecretStr("V")),)
    request = a_request(gpu_count=2, ports=ports, env=env, cluster_id="us-ca-6", billing="Spot")

    instance_id = await account.client.create_instance(request)
    running = await until_running(account.client, instance_id)
    await account.client.stop_instance(instance_id)
    stopped = await until(account.client, instance_id, InstanceState.EXITED)
    await account.client.start_instance(instance_id)
    again = await until_running(account.client, instance_id)
    await account.client.delete_instance(instance_id)
    await eventually(lambda: is_gone(account.client, instance_id))

    assert (running.name, running.gpu_count, running.cluster_id) == (request.name, 2, "us-ca-6")
    assert (running.billing_mode, running.rootfs_gb, running.product_id) == ("spot", 60, "4090.16c62g")
    assert {(port.port, port.protocol) for port in running.ports} == {(8080, "HTTP"), (5000, "TCP")}
    assert all(port.endpoint for port in running.ports)
    assert running.ssh is not None
    assert running.ssh.command.startswith("ssh -p ")
    assert stopped.ssh is None
    assert again.started_at is not None
    assert await account.live() == 0
    with pytest.raises(errors.NotFound):
        await account.client.delete_instance(instance_id)


async def test_ports_can_be_edited_while_it_runs(account: SimulatedAccount) -> None:
    instance_id = await account.client.create_instance(a_request(ports=(PortSpec(8080, "HTTP"),)))
    await until_running(account.client, instance_id)

    await account.client.edit_instance(instance_id, ports=[PortSpec(9090, "TCP")])

    async def is_edited() -> bool:
        found = await account.client.get_instance(instance_id)
        return [(port.port, port.protocol) for port in found.ports] == [(9090, "TCP")]

    assert await eventually(is_edited)


@pytest.mark.parametrize("reply", ["live", "object", "empty", "no-content"])
async def test_every_success_body_of_a_change_is_a_success(account: SimulatedAccount, reply: str) -> None:
    await account.begin()
    await account.post("settings", {"mutationReply": reply})
    instance_id = await account.client.create_instance(a_request())

    await account.client.delete_instance(instance_id)

    assert (await account.client.get_instance(instance_id)).state in {InstanceState.REMOVING, InstanceState.REMOVED}


async def plant(account: SimulatedAccount, *names: str) -> list[str]:
    planted = [await account.post("instances", {"name": name, "frozen": True}) for name in names]
    return [row["id"] for row in planted]


@pytest.mark.parametrize(("total_as", "order"), [("string", "newest"), ("int", "oldest")])
async def test_a_list_of_several_pages_is_read_once_and_whole(
    account: SimulatedAccount, total_as: str, order: str
) -> None:
    await account.begin()
    await account.post("settings", {"totalAs": total_as, "listOrder": order})
    planted = await plant(account, *(f"nvo-{number}" for number in range(210)))

    listed = await account.client.list_instances(name="nvo-")

    assert Counter(found.id for found in listed) == Counter(planted)
    assert await account.calls("list") == 3


async def test_a_server_that_gives_out_smaller_pages_is_read_to_the_end(account: SimulatedAccount) -> None:
    await account.begin()
    await account.post("settings", {"maxPageSize": 20})
    planted = await plant(account, *(f"nvo-{number}" for number in range(45)))

    listed = await account.client.list_instances(name="nvo-")

    assert {found.id for found in listed} == set(planted)
    assert await account.calls("list") == 3


async def test_a_page_that_fails_is_read_again(account: SimulatedAccount) -> None:
    await account.begin()
    planted = await plant(account, *(f"nvo-{number}" for number in range(120)))
    await account.fault("failing-page", match={"page": 2})

    listed = await account.client.list_instances(name="nvo-")

    assert {found.id for found in listed} == set(planted)


async def test_a_page_that_keeps_failing_fails_the_list(account: SimulatedAccount) -> None:
    await account.begin()
    await plant(account, *(f"nvo-{number}" for number in range(120)))
    await account.fault("failing-page", match={"page": 2}, times=None)

    with pytest.raises(errors.Unavailable):
        await account.client.list_instances(name="nvo-")


async def test_a_hollow_list_is_not_believed(account: SimulatedAccount) -> None:
    await account.begin()
    await plant(account, "nvo-a", "nvo-b")
    await account.fault("empty-list", times=None, body={"instances": [], "total": "2"})

    with pytest.raises(errors.InvalidResponse, match="holds 0, and Novita says that there are 2"):
        await account.client.list_instances(name="nvo-")


async def _one_of_two_left(account: SimulatedAccount) -> str:
    """The id of an instance whose only neighbour was removed, and goes on to count in every total."""
    await account.begin()
    ours, other = [await account.client.create_instance(a_request(name=name)) for name in ("nvo-a", "nvo-b")]
    await account.post("settings", {"totalCounts": "ever"})
    await account.client.delete_instance(other)
    await eventually(lambda: is_gone(account.client, other))
    return ours


async def test_a_list_that_keeps_coming_is_whole_though_its_total_counts_what_was_removed(
    account: SimulatedAccount,
) -> None:
    ours = await _one_of_two_left(account)

    listed = await account.client.list_instances(name="nvo-")

    assert [found.id for found in listed] == [ours]


async def test_a_total_that_counts_removals_before_our_time_is_believed_when_the_list_comes_again(
    account: SimulatedAccount,
) -> None:
    ours = await _one_of_two_left(account)
    later = account.open()

    listed = await later.list_instances(name="nvo-")

    await later.aclose()
    assert [found.id for found in listed] == [ours]


@pytest.mark.parametrize("shown", ["upper", "as-made"])
async def test_an_instance_is_found_by_its_id_in_whatever_case_novita_shows_it(
    account: SimulatedAccount, shown: str
) -> None:
    await account.begin()
    (ours,) = await plant(account, "nvo-a")
    await account.post("settings", {"ids": shown})

    assert (await account.client.get_instance(ours)).id == ours


async def test_a_total_that_counts_the_whole_account_is_no_reason_to_stop(account: SimulatedAccount) -> None:
    await account.begin()
    ours, _ = await plant(account, "nvo-a", "someone-else")
    wire = await account.get(f"instances/{ours}")
    only_ours = {"instances": [{"id": wire["id"], "name": wire["name"], "status": "running"}], "total": "2"}
    # The filtered pages: the first, the one after it, and page 0. Then everything is listed, truthfully.
    await account.fault("empty-list", body=only_ours, times=3)

    listed = await account.client.list_instances(name="nvo-a")

    assert [found.id for found in listed] == [ours]


async def test_a_name_is_found_exactly_and_the_oldest_comes_first(account: SimulatedAccount) -> None:
    await account.begin()
    await plant(account, "nvo-a-longer", "xnvo-a", "NVO-A")
    newer = await account.post("instances", {"name": "nvo-a", "ageSeconds": 100, "frozen": True})
    older = await account.post("instances", {"name": "nvo-a", "ageSeconds": 500, "frozen": True})
    await account.post("instances", {"name": "nvo-a", "ageSeconds": 900, "status": "removed", "frozen": True})

    found = await account.client.find_by_name("nvo-a")

    assert [each.id for each in found] == [older["id"], newer["id"]]


async def test_a_name_is_found_behind_a_hundred_similar_ones(account: SimulatedAccount) -> None:
    await account.begin()
    (wanted,) = await plant(account, "nvo-a")
    await plant(account, *(f"nvo-a{number}" for number in range(150)))

    found = await account.client.find_by_name("nvo-a")

    assert [each.id for each in found] == [wanted]


UNKNOWN: list[dict[str, Any]] = [
    {"kind": "lost-reply"},
    {"kind": "error-after-commit", "status": 500},
    {"kind": "error-after-commit", "status": 502},
    {"kind": "truncated-body"},
    {"kind": "empty-body"},
    {"kind": "no-id"},
    {"kind": "huge-body"},
    {"kind": "deep-json"},
    {"kind": "gzip-bomb"},
    {"kind": "html-502", "commit": True},
]


@pytest.mark.parametrize("fault", UNKNOWN, ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}")
async def test_a_create_whose_reply_is_lost_is_unknown_and_then_found_by_its_name(
    account: SimulatedAccount, fault: dict[str, Any]
) -> None:
    await account.begin()
    await account.fault(**fault, route="create")

    with pytest.raises(errors.OutcomeUnknown):
        await account.client.create_instance(a_request("nvo-lost"))
    found = await account.client.find_by_name("nvo-lost")

    assert [each.name for each in found] == ["nvo-lost"]
    assert (await account.calls("create"), await account.live()) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "no-stock"}, errors.OutOfCapacity),
        ({"kind": "balance"}, errors.InsufficientBalance),
        ({"kind": "unauthorized"}, errors.CredentialsRejected),
        ({"kind": "rate-limited"}, errors.RateLimited),
        ({"kind": "status", "status": 400, "reason": "CREATE_GPU_NUM_LIMIT"}, errors.QuotaExceeded),
        ({"kind": "status", "status": 400, "reason": "IMAGE_NOT_FOUND"}, errors.Invalid),
        ({"kind": "error-before", "status": 500}, errors.OutcomeUnknown),
        ({"kind": "down"}, errors.OutcomeUnknown),
    ],
    ids=lambda part: part["kind"] if isinstance(part, dict) else part.__name__,
)
async def test_a_create_that_fails_is_called_once_and_rents_nothing(
    account: SimulatedAccount, fault: dict[str, Any], kind: type[errors.NovitaError]
) -> None:
    await account.begin()
    await account.fault(**fault, route="create")

    with pytest.raises(kind):
        await account.client.create_instance(a_request())

    assert (await account.calls("create"), await account.live()) == (1, 0)


@pytest.mark.parametrize(
    "body",
    ["kratos", "message", "reason-in-message", "error-object", "error-string", "code-string", "title"],
)
@pytest.mark.parametrize("not_found", [400, 404])
async def test_a_gone_instance_is_not_found_in_every_form_of_error_body(
    account: SimulatedAccount, body: str, not_found: int
) -> None:
    await account.begin()
    await account.post("settings", {"errorBody": body, "notFound": not_found})

    for call in (account.client.get_instance, account.client.delete_instance, account.client.stop_instance):
        with pytest.raises(errors.NotFound):
            await call("0123456789abcdef")


async def test_an_error_inside_a_200_is_an_error(account: SimulatedAccount) -> None:
    await account.begin()
    await account.post("settings", {"errorBody": "ok-with-error"})

    with pytest.raises(errors.NovitaError):
        await account.client.delete_instance("0123456789abcdef")


async def test_an_action_in_the_wrong_state_is_invalid_state(account: SimulatedAccount) -> None:
    instance_id = await account.client.create_instance(a_request())
    await until_running(account.client, instance_id)

    with pytest.raises(errors.InvalidState):
        await account.client.start_instance(instance_id)


async def test_a_start_without_a_free_gpu_is_out_of_capacity(account: SimulatedAccount) -> None:
    instance_id = await account.client.create_instance(a_request(cluster_id="us-ca-6"))
    await until_running(account.client, instance_id)
    await account.client.stop_instance(instance_id)
    await until(account.client, instance_id, InstanceState.EXITED)
    await account.post("settings", {"stock": [{"clusterId": "us-ca-6", "gpus": 0}]})

    with pytest.raises(errors.OutOfCapacity):
        await account.client.start_instance(instance_id)


async def test_a_created_instance_that_lists_hide_for_a_while_shows_later(account: SimulatedAccount) -> None:
    await account.begin()
    await account.fault("list-lag", seconds=0.6)

    instance_id = await account.client.create_instance(a_request("nvo-late"))

    assert await account.client.find_by_name("nvo-late") == ()
    assert (await account.client.get_instance(instance_id)).id == instance_id
    (found,) = await eventually(lambda: account.client.find_by_name("nvo-late"))
    assert found.id == instance_id


async def test_a_rate_limit_with_retry_after_is_obeyed_by_everybody(account: SimulatedAccount) -> None:
    await account.begin()
    await account.fault("rate-limited", route="products", retryAfter=30)
    with pytest.raises(errors.RateLimited):
        await account.client.products()

    with pytest.raises(errors.RateLimited, match="none was made") as raised:
        await account.client.create_instance(a_request())

    assert raised.value.retry_after == pytest.approx(30, abs=5)
    assert await account.calls("create") == 0


async def test_another_account_is_not_slowed_down(new_account: SimulatorAccounts) -> None:
    limited, free = new_account(), new_account()
    await limited.begin()
    await limited.fault("rate-limited", route="create", retryAfter=100)
    with pytest.raises(errors.RateLimited):
        await limited.client.create_instance(a_request())

    assert await free.client.create_instance(a_request())


async def test_another_account_does_not_see_our_instances(new_account: SimulatorAccounts) -> None:
    ours, theirs = new_account(), new_account()
    instance_id = await ours.client.create_instance(a_request())

    assert await theirs.client.list_instances() == ()
    with pytest.raises(errors.NotFound):
        await theirs.client.get_instance(instance_id)


async def test_everybody_who_asks_for_the_catalogue_at_once_shares_one_call(account: SimulatedAccount) -> None:
    await account.begin()

    answers = await asyncio.gather(*(account.client.products() for _ in range(50)))
    regions = await asyncio.gather(*(account.client.clusters() for _ in range(50)))

    assert all(answer == answers[0] for answer in answers)
    assert (await account.calls("products"), await account.calls("clusters")) == (1, 1)
    codes = {cluster.code for cluster in regions[0]}
    assert {label.split(" ")[0] for product in answers[0] for label in product.regions} <= codes
    assert all(isinstance(product.price_per_gpu_hour, Decimal) for product in answers[0])


async def test_stock_is_asked_for_by_billing_gpus_and_cluster_and_kept_for_each(account: SimulatedAccount) -> None:
    await account.post("settings", {"stock": [{"mode": "onDemand", "gpus": 0}, {"mode": "spot", "gpus": 4}]})
    await account.post("settings", {"stock": [{"mode": "spot", "clusterId": "us-ca-6", "gpus": 0}]})
    await account.begin()
    questions = (Asked("OnDemand", 1), Asked("Spot", 4), Asked("Spot", 8), Asked("Spot", 1, "us-ca-6"))

    for _ in range(2):
        answers = [await account.client.offers(asked) for asked in questions]

    assert [any(each.available for each in answer) for answer in answers] == [False, True, False, False]
    assert await account.calls("products") == len(questions)


async def test_a_catalogue_that_may_not_be_old_is_read_anew(account: SimulatedAccount) -> None:
    await account.begin()

    await account.client.products(max_age_seconds=60)
    await account.client.products(max_age_seconds=60)
    await account.client.products(max_age_seconds=0)

    assert await account.calls("products") == 2


async def test_ones_own_template_of_a_name_comes_first(account: SimulatedAccount) -> None:
    await account.begin()
    template = {"name": "pytorch-jupyter", "image": "mine", "ports": [{"type": "http", "ports": [8080]}]}
    official = await account.client.find_template("pytorch-jupyter", max_age_seconds=0)
    await account.post("settings", {"templates": [{"Id": "own-1", "channel": "private", **template}]})

    mine = await account.client.find_template("pytorch-jupyter", max_age_seconds=0)

    assert official is not None
    assert official.channel == "official"
    assert mine is not None
    assert (mine.id, mine.image, mine.ports) == ("own-1", "mine", (PortSpec(8080, "HTTP"),))


async def test_a_template_is_found_by_exact_name_only(account: SimulatedAccount) -> None:
    assert await account.client.find_template("pytorch-jupyte") is None
    assert await account.client.find_template("no-such-template", template_id="no-such-id") is None


async def test_a_template_is_found_by_its_id_where_no_name_matches(account: SimulatedAccount) -> None:
    by_name = await account.client.find_template("pytorch-jupyter")
    assert by_name is not None

    by_id = await account.client.find_template(by_name.id, template_id=by_name.id)

    assert by_id == by_name == await account.client.get_template(by_name.id)
    with pytest.raises(errors.NotFound):
        await account.client.get_template("no-such-id")


async def test_a_new_key_is_taken_without_a_new_client(new_account: SimulatorAccounts) -> None:
    first, second = new_account(), new_account()
    instance_id = await second.client.create_instance(a_request())

    first.client.replace_key(SecretStr(second.key))

    assert (await first.client.get_instance(instance_id)).id == instance_id


async def test_polls_wait_behind_what_users_wait_for(account: SimulatedAccount) -> None:
    await account.begin()
    client = account.open(requests_per_minute=60)  # so slow that a busy machine is no matter
    await asyncio.gather(*(client.balance() for _ in range(10)))

    polls = [asyncio.create_task(client.list_instances(priority=Priority.POLL)) for _ in range(5)]
    await asyncio.sleep(0)
    await client.create_instance(a_request())

    assert sum(poll.done() for poll in polls) <= 1
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)
    await client.aclose()
