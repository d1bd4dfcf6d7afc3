"""Lists, pages and details (novita-api 1.7, 2A.1, 4, 5)."""

from __future__ import annotations

import pytest
from tests.simulator.tenant import UNTIL_RUNNING, Tenant

_CONNECTIONS = {
    "connectComponentSSH",
    "connectComponentWebTerminal",
    "connectComponentJupyter",
    "connectComponentLog",
}


async def test_numbers_and_times_come_as_strings(tenant: Tenant) -> None:
    detail = await tenant.detail(await tenant.running(gpuNum=2))

    assert (detail["gpuNum"], detail["cpuNum"], detail["memory"]) == ("2", "32", "124")
    assert int(detail["lastStartedAt"]) > int(detail["createdAt"]) > 1_700_000_000
    assert (detail["lastStoppedAt"], detail["spotReclaimTime"], detail["endTime"]) == ("0", "0", "-1")


async def test_what_is_absent_comes_as_an_empty_string(tenant: Tenant) -> None:
    detail = await tenant.detail(await tenant.create())

    assert (detail["spotStatus"], detail["billingMode"], detail["imageAuthId"], detail["command"]) == ("", "", "", "")
    assert detail["statusError"] == {"state": "", "message": ""}


async def test_list_items_carry_no_connection_blocks_and_the_detail_does(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    (item,) = await tenant.listed()

    assert not _CONNECTIONS & set(item)
    assert set(await tenant.detail(instance_id)) >= _CONNECTIONS | set(item)


async def test_connection_blocks_are_empty_until_it_runs(tenant: Tenant) -> None:
    instance_id = await tenant.create(ports="8080/http,5000/tcp")
    before = await tenant.detail(instance_id)
    await tenant.wait(UNTIL_RUNNING)
    after = await tenant.detail(instance_id)

    assert before["connectComponentSSH"]["sshCommand"] == ""
    assert [port["endpoint"] for port in before["portMappings"]] == ["", ""]
    assert after["connectComponentSSH"]["sshCommand"].startswith("ssh -p 3")
    assert after["connectComponentSSH"]["isRunning"] is True


async def test_endpoints_have_the_documented_form(tenant: Tenant) -> None:
    jupyter = [{"name": "Jupyter", "port": "8888", "type": "http"}]
    instance_id = await tenant.running(ports="8080/http, 5000/tcp", tools=jupyter, clusterId="us-ca-6")
    detail = await tenant.detail(instance_id)

    http, tcp = detail["portMappings"]
    domain = "us-ca-6.gpu-instance.novita.ai"
    assert http == {"port": 8080, "endpoint": f"https://{instance_id}-8080.{domain}", "type": "http"}
    assert tcp["endpoint"].startswith(f"proxy.{domain}:")
    assert tcp["endpoint"].rpartition(":")[2].isdigit()
    assert detail["connectComponentSSH"]["sshCommand"].endswith(f" root@proxy.{domain}")
    assert detail["connectComponentJupyter"]["address"] == f"https://{instance_id}-8888.{domain}"


async def test_without_the_tool_there_is_no_jupyter_address(tenant: Tenant) -> None:
    detail = await tenant.detail(await tenant.running())

    assert detail["connectComponentJupyter"] == {"port": 0, "address": "", "isRunning": False}


@pytest.mark.parametrize("wanted", ["Trainer", "RAIN", "trainer-1"])
async def test_the_name_filter_is_a_substring_in_any_case(tenant: Tenant, wanted: str) -> None:
    await tenant.create(name="my-trainer-10")
    await tenant.create(name="other")

    assert [item["name"] for item in await tenant.listed(name=wanted)] == ["my-trainer-10"]


async def test_filters_combine_and_an_unknown_status_is_no_error(tenant: Tenant) -> None:
    await tenant.running(name="old")
    await tenant.create(name="new")

    assert [item["name"] for item in await tenant.listed(status="running")] == ["old"]
    assert [item["name"] for item in await tenant.listed(status="running", name="new")] == []
    assert [item["name"] for item in await tenant.listed(status="no-such-status")] == []
    assert len(await tenant.listed(productName="4090 24gb")) == 2


async def test_pages_zero_and_one_are_the_same_and_together_the_pages_are_everything(tenant: Tenant) -> None:
    ids = [await tenant.create() for _ in range(7)]

    pages = [[item["id"] for item in await tenant.listed(pageSize=3, pageNum=page)] for page in range(5)]

    assert pages[0] == pages[1]
    assert [len(page) for page in pages] == [3, 3, 3, 1, 0]
    assert pages[1] + pages[2] + pages[3] == ids[::-1]  # newest first


async def test_wrong_parameter_names_are_ignored(tenant: Tenant) -> None:
    for _ in range(3):
        await tenant.create()

    assert await tenant.listed(pageSize=2, pageNumber=2) == await tenant.listed(pageSize=2)


async def test_the_order_can_be_oldest_first(tenant: Tenant) -> None:
    ids = [await tenant.create() for _ in range(4)]
    await tenant.set(listOrder="oldest")

    pages = [[item["id"] for item in await tenant.listed(pageSize=3, pageNum=page)] for page in (1, 2)]

    assert pages[0] + pages[1] == ids


async def test_the_total_is_a_string_or_a_number(tenant: Tenant) -> None:
    await tenant.create()
    as_string = (await tenant.get("/gpu/instances")).json()["total"]
    await tenant.set(totalAs="int")
    as_number = (await tenant.get("/gpu/instances")).json()["total"]

    assert (as_string, as_number) == ("1", 1)


async def test_the_total_can_be_absent_and_a_page_with_nothing_null(tenant: Tenant) -> None:
    await tenant.set(totalAs="absent", emptyList="null")
    nothing = (await tenant.get("/gpu/instances")).json()
    await tenant.create()
    one = (await tenant.get("/gpu/instances")).json()

    assert nothing == {"instances": None}
    assert (set(one), len(one["instances"])) == ({"instances"}, 1)


async def test_documented_list_items_have_no_endpoints_spot_fields_or_times(tenant: Tenant) -> None:
    instance_id = await tenant.running(ports="8080/http", billingMode="spot")
    (live,) = await tenant.listed()
    await tenant.set(listItems="bare")

    (bare,) = await tenant.listed()

    assert (bare["id"], bare["status"], bare["billingMode"]) == (instance_id, "running", "spot")
    assert bare["portMappings"] == [{"port": 8080, "type": "http"}]
    missing = {"spotStatus", "spotReclaimTime", "createdAt", "lastStartedAt", "startedAt"}
    assert missing <= set(live)
    assert not missing & set(bare)
    assert missing <= set(await tenant.detail(instance_id))


@pytest.mark.parametrize(("form", "password"), [("top-level", "password"), ("old", "sshPassword")])
async def test_ssh_can_be_beside_its_empty_component(tenant: Tenant, form: str, password: str) -> None:
    instance_id = await tenant.running()
    usual = (await tenant.detail(instance_id))["connectComponentSSH"]
    await tenant.set(sshForm=form)

    detail = await tenant.detail(instance_id)

    assert (detail["sshCommand"], detail[password]) == (usual["sshCommand"], usual["password"])
    assert (detail["connectComponentSSH"]["sshCommand"], detail["connectComponentSSH"]["password"]) == ("", "")


async def test_ports_of_components_are_numbers_or_texts_and_the_node_an_object_or_a_list(tenant: Tenant) -> None:
    jupyter = [{"name": "Jupyter", "port": "8888", "type": "http"}]
    instance_id = await tenant.running(tools=jupyter)
    documented = await tenant.detail(instance_id)
    await tenant.set(smallNumbers="string", nodeAs="array")

    other = await tenant.detail(instance_id)

    assert documented["connectComponentJupyter"]["port"] == 8888
    assert isinstance(documented["connectComponentSSH"]["port"], int)
    assert other["connectComponentJupyter"]["port"] == "8888"
    assert other["node"] == [documented["node"]]


async def test_a_page_number_that_is_no_number_is_refused(tenant: Tenant) -> None:
    reply = await tenant.get("/gpu/instances", pageNum="second")

    assert (reply.status_code, reply.json()["reason"]) == (400, "VALIDATOR_PARAM")


async def test_the_detail_can_be_wrapped(tenant: Tenant) -> None:
    instance_id = await tenant.create()
    await tenant.set(wrapInstance=True)

    assert (await tenant.detail(instance_id))["instance"]["id"] == instance_id


@pytest.mark.parametrize("status", [404, 400])
async def test_what_is_not_there_has_two_http_codes_and_one_reason(tenant: Tenant, status: int) -> None:
    await tenant.set(notFound=status)

    reply = await tenant.get("/gpu/instance", instanceId="0123456789abcdef")

    assert (reply.status_code, reply.json()["code"]) == (status, status)
    assert reply.json()["reason"] == "RESOURCE_NOT_FOUND"


async def test_endpoints_lead_where_the_dials_say(tenant: Tenant) -> None:
    jupyter = [{"name": "Jupyter", "port": "8888", "type": "http"}]
    instance_id = await tenant.running(ports="8080/http, 5000/tcp, 5001/tcp", tools=jupyter)
    real = {"8080": "http://127.0.0.1:18080", "5000": "127.0.0.1:15000", "8888": "http://127.0.0.1:18888"}

    await tenant.set(endpointHost="203.0.113.7", endpoints=real)
    detail = await tenant.detail(instance_id)
    await tenant.set(endpoints={"ssh": "127.0.0.1:10022"})
    later = await tenant.detail(instance_id)

    http, tcp, other = (port["endpoint"] for port in detail["portMappings"])
    assert (http, tcp) == ("http://127.0.0.1:18080", "127.0.0.1:15000")
    assert other.startswith("203.0.113.7:")
    assert detail["connectComponentJupyter"]["address"] == "http://127.0.0.1:18888"
    assert detail["connectComponentSSH"]["sshCommand"].endswith("root@203.0.113.7")
    assert later["connectComponentSSH"]["sshCommand"] == "ssh -p 10022 root@127.0.0.1"
    assert later["portMappings"][0]["endpoint"].startswith("https://")
