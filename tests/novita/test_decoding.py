"""Wire JSON -> values: lenient with fields, strict with what must not be missed."""

from __future__ import annotations

import contextlib
import gc
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from novita_operator.novita import decoding, errors, fields
from novita_operator.novita.models import Instance, InstanceState, PortMapping, PortSpec, Ssh, WebTerminal
from novita_operator.novita.snapshot import Snapshot

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_wire_instance(**changes: Any) -> dict[str, Any]:
    """A list item as the live service answers it (novita-api 2A.1, 5)."""
    wire: dict[str, Any] = {
        "id": "37d312386c80a3b9",
        "name": "nvo-abcdefgh-1",
        "clusterId": "us-ca-6",
        "clusterName": "US-CA-06 (California)",
        "status": "running",
        "statusError": {"state": "", "message": ""},
        "imageUrl": "docker.io/library/ubuntu:22.04",
        "cpuNum": "16",
        "memory": "62",
        "gpuNum": "2",
        "gpuIds": [3, 4],
        "portMappings": [{"port": 8080, "endpoint": "https://x-8080.example", "type": "http"}],
        "productId": "4090.16c62g",
        "productName": "RTX 4090 24GB",
        "rootfsSize": 60,
        "billingMode": "",
        "endTime": "-1",
        "spotStatus": "",
        "spotReclaimTime": "0",
        "jobs": [{"id": "1", "type": "instanceMigrate"}],
        "createdAt": "1785780950",
        "lastStartedAt": "1785780954",
        "lastStoppedAt": "0",
    }
    return wire | changes


def test_a_list_item_is_decoded() -> None:
    found = decoding.instance(a_wire_instance())

    assert found == Instance(
        id="37d312386c80a3b9",
        name="nvo-abcdefgh-1",
        word="running",
        state=InstanceState.RUNNING,
        cluster_id="us-ca-6",
        cluster_name="US-CA-06 (California)",
        product_id="4090.16c62g",
        product_name="RTX 4090 24GB",
        gpu_count=2,
        image="docker.io/library/ubuntu:22.04",
        rootfs_gb=60,
        created_at=datetime.fromtimestamp(1785780950, UTC),
        started_at=datetime.fromtimestamp(1785780954, UTC),
        ports=(PortMapping(8080, "HTTP", "https://x-8080.example"),),
        jobs=("instanceMigrate",),
    )


def test_a_detail_carries_the_connection_bare_or_in_an_envelope() -> None:
    detail = a_wire_instance(
        connectComponentSSH={"sshCommand": "ssh -p 1 root@h", "password": "hunter22", "isRunning": True},
        connectComponentJupyter={"port": "8888", "address": "https://jupyter.example", "isRunning": True},
        connectComponentWebTerminal={"address": "https://t", "username": "admin", "password": "hunter33"},
    )

    bare, wrapped = decoding.instance(detail), decoding.instance({"instance": detail})

    assert bare == wrapped
    assert bare.ssh == Ssh("ssh -p 1 root@h", SecretStr("hunter22"))
    assert bare.jupyter == "https://jupyter.example"
    assert bare.web_terminal == WebTerminal("https://t", "admin", SecretStr("hunter33"))
    assert "hunter" not in repr(bare)


def test_the_old_place_of_the_ssh_command_is_read_too() -> None:
    found = decoding.instance(a_wire_instance(sshCommand="ssh root@h", sshPassword="hunter22"))

    assert found.ssh == Ssh("ssh root@h", SecretStr("hunter22"))


@pytest.mark.parametrize(
    ("block", "beside"),
    [
        ({"sshCommand": "ssh -p 1 root@h", "password": "hunter22"}, {}),
        ({"sshCommand": "", "password": ""}, {"sshCommand": "ssh -p 1 root@h", "password": "hunter22"}),
        ({"sshCommand": "", "password": ""}, {"sshCommand": "ssh -p 1 root@h", "sshPassword": "hunter22"}),
        ({"sshCommand": "ssh -p 1 root@h", "password": ""}, {"password": "hunter22"}),
        ({"sshCommand": "", "password": "hunter22"}, {"sshCommand": "ssh -p 1 root@h", "password": ""}),
        ({"password": "hunter22", "address": "h", "port": 1}, {}),
        ({"password": "hunter22", "address": "h", "port": "1", "username": "root"}, {"sshCommand": ""}),
        ({"address": "h", "port": 1}, {"password": "hunter22"}),
        ({"password": "hunter22", "address": "h:1"}, {}),
        ({"password": "hunter22", "address": "ssh://root@h:1", "port": 1}, {}),
        ({"sshCommand": " ", "password": "hunter22"}, {"sshCommand": "ssh -p 1 root@h"}),
        (None, {"sshCommand": "ssh -p 1 root@h", "password": "hunter22"}),
        ({"sshCommand": "ssh -p 1 root@h", "password": "hunter22"}, {"sshCommand": "old", "password": "old"}),
    ],
)
def test_ssh_details_are_put_together_from_wherever_they_are(
    block: dict[str, Any] | None, beside: dict[str, Any]
) -> None:
    found = decoding.instance(a_wire_instance(connectComponentSSH=block, **beside))

    assert found.ssh == Ssh("ssh -p 1 root@h", SecretStr("hunter22"))


@pytest.mark.parametrize("port", [0, "", None, "x", 70_000])
def test_an_address_without_a_port_is_no_ssh_command(port: object) -> None:
    block = {"sshCommand": "", "password": "p", "address": "h", "port": port}

    assert decoding.instance(a_wire_instance(connectComponentSSH=block)).ssh is None


@pytest.mark.parametrize("spot_status", ["", "running", "terminated", "something-new", None])
@pytest.mark.parametrize("time", ["1785780954", 1785780954000, "2026-08-03T18:15:54Z", "2026-08-03 18:15:54"])
def test_an_instance_that_ended_with_a_time_of_reclaim_was_taken_back(spot_status: str | None, time: object) -> None:
    wire = a_wire_instance(status="exited", spotStatus=spot_status, spotReclaimTime=time)

    assert decoding.instance(wire).reclaimed


@pytest.mark.parametrize(("status", "reclaim"), [("exited", "0"), ("exited", ""), ("running", "1785780954")])
def test_one_that_ended_without_such_a_time_or_still_runs_was_not(status: str, reclaim: str) -> None:
    wire = a_wire_instance(status=status, spotStatus="running", spotReclaimTime=reclaim)

    assert not decoding.instance(wire).reclaimed


def test_empty_connection_blocks_are_none() -> None:
    blocks = {"connectComponentSSH": {"sshCommand": "", "password": ""}, "connectComponentWebTerminal": {}}

    found = decoding.instance(a_wire_instance(**blocks, connectComponentJupyter=None))

    assert (found.ssh, found.web_terminal, found.jupyter) == (None, None, "")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", InstanceState.PENDING),
        ("toCreate", InstanceState.CREATING),
        ("creating", InstanceState.CREATING),
        ("pulling", InstanceState.PULLING),
        ("toStart", InstanceState.STARTING),
        ("running", InstanceState.RUNNING),
        ("toStop", InstanceState.STOPPING),
        ("exited", InstanceState.EXITED),
        ("toRestart", InstanceState.RESTARTING),
        ("toReset", InstanceState.RESETTING),
        ("migrating", InstanceState.MIGRATING),
        ("toRemove", InstanceState.REMOVING),
        ("removed", InstanceState.REMOVED),
        ("freezing", InstanceState.FROZEN),
        ("Running", InstanceState.RUNNING),
        ("terminated", InstanceState.UNKNOWN),
        ("", InstanceState.UNKNOWN),
    ],
)
def test_status_words_become_states_and_the_word_is_kept(word: str, state: InstanceState) -> None:
    found = decoding.instance(a_wire_instance(status=word))

    assert (found.state, found.word) == (state, word)


def test_what_is_billed_and_what_is_settled() -> None:
    billed = {state.name for state in InstanceState if state.is_billed}
    settled = {state.name for state in InstanceState if state.is_settled}

    assert billed == {
        *("PULLING", "STARTING", "RUNNING", "STOPPING", "RESTARTING", "RESETTING", "MIGRATING", "UNKNOWN"),
    }
    assert settled == {"RUNNING", "EXITED", "REMOVED", "FROZEN"}


@pytest.mark.parametrize("odd", [None, 7, True, [], {}, "", "x" * 10_000, "-1", "1e9", float("nan"), "\ud800\n"])
def test_an_instance_with_an_id_is_listed_however_odd_the_rest_is(odd: object) -> None:
    wire = dict.fromkeys(a_wire_instance(), odd) | {"id": "37d3"}

    page = decoding.instances({"instances": [wire, a_wire_instance()], "total": odd})

    assert [item.id for item in page.items] == ["37d3", "37d312386c80a3b9"]


@pytest.mark.parametrize("item", [None, 7, "37d3", [], {}, {"id": ""}, {"id": None}, {"name": "nvo-abcdefgh-1"}])
def test_an_item_without_an_id_fails_the_whole_list(item: object) -> None:
    with pytest.raises(errors.InvalidResponse, match="no id"):
        decoding.instances({"instances": [a_wire_instance(), item], "total": "2"})


@pytest.mark.parametrize("raw", [None, [], {}, {"data": []}, "text"])
def test_a_list_without_its_key_is_no_empty_list(raw: object) -> None:
    with pytest.raises(errors.InvalidResponse, match="`instances`"):
        decoding.instances(raw)


@pytest.mark.parametrize(
    ("total", "number"),
    [("7", 7), (7, 7), (7.0, 7), ("", None), (None, None), ("many", None), (-1, None), (True, None)],
)
def test_a_total_is_a_number_in_whatever_form(total: object, number: int | None) -> None:
    assert decoding.instances({"instances": [], "total": total}).total == number


def test_a_failure_is_one_short_line() -> None:
    error = {"state": "IMAGE_URL_OR_AUTH_ERROR", "message": "pull\n" + "x" * 1000}

    found = decoding.instance(a_wire_instance(statusError=error))

    assert found.error.startswith("IMAGE_URL_OR_AUTH_ERROR: pull x")
    assert len(found.error) == 300


def test_a_name_is_kept_exactly_so_that_no_foreign_one_turns_into_ours() -> None:
    for name in (" nvo-a", "nvo-a\u200b", "nvo-a\n", "NVO-a"):
        assert decoding.instance(a_wire_instance(name=name)).name == name


def test_prices_have_at_least_cents_and_keep_what_is_finer() -> None:
    prices = [decoding.products({"data": [{"id": "p", "name": "P", "price": price}]})[0] for price in (40_000, 35_500)]

    assert [str(product.price_per_gpu_hour) for product in prices] == ["0.40", "0.355"]


@pytest.mark.parametrize(
    ("spot", "price"),
    [
        ("18000", Decimal("0.18")),
        (67000, Decimal("0.67")),
        ("0", None),
        ("", None),
        (None, None),
        ("-5", None),
        ("x", None),
    ],
)
def test_prices_are_hundred_thousandths_of_a_dollar_and_zero_is_no_offer(spot: object, price: Decimal | None) -> None:
    (product,) = decoding.products({"data": [{"id": "p", "name": "P", "price": "35000", "spotPrice": spot}]})

    assert product.price_per_gpu_hour == Decimal("0.35")
    assert product.spot_price_per_gpu_hour == price


def test_a_product_is_decoded_from_mixed_types() -> None:
    wire = {
        "id": "4090.16c62g",
        "name": "RTX 4090 24GB",
        "cpuPerGpu": 16,
        "memoryPerGpu": "62",
        "availableDeploy": False,
        "inventoryState": "None",
        "minRootFS": "10",
        "maxRootFS": 2048,
        "regions": ["US-CA-06 (California)", None, 7],
        "billingMethods": ["onDemand", "spot"],
        "price": "35000",
        "monthlyPrice": [{"price": "1", "month": 1}],
    }

    (product,) = decoding.products({"data": [wire, {"name": "no id"}, None]})

    assert (product.available, product.inventory) == (False, "none")
    assert (product.min_rootfs_gb, product.max_rootfs_gb) == (10, 2048)
    assert (product.cpu_per_gpu, product.memory_per_gpu) == (16, 62)
    assert product.regions == ("US-CA-06 (California)",)
    assert product.spot_price_per_gpu_hour is None


def test_a_cluster_has_the_code_that_products_label_it_with() -> None:
    (cluster,) = decoding.clusters(
        {"data": [{"id": "us-ca-6", "name": "US-CA-06 (California)", "availableGpuType": {}}]}
    )

    assert (cluster.id, cluster.name, cluster.code) == ("us-ca-6", "US-CA-06 (California)", "US-CA-06")


def test_a_template_is_decoded_with_its_secrets_wrapped() -> None:
    wire = {
        "Id": "101",
        "name": "pytorch",
        "channel": "official",
        "image": "repo/pytorch",
        "imageAuth": "",
        "startCommand": "/start.sh",
        "rootfsSize": "60",
        "ports": [
            {"type": "http", "ports": [8080, "6006"]},
            {"type": "tcp", "ports": None},
            {"type": "tcp", "ports": [22]},
        ],
        "envs": [{"key": "TOKEN", "value": "hunter22"}, {"key": ""}],
        "tools": [{"name": "Jupyter", "port": "8888", "type": "http"}],
    }

    found = decoding.template({"template": wire})

    assert found.ports == (PortSpec(8080, "HTTP"), PortSpec(6006, "HTTP"), PortSpec(22, "TCP"))
    assert found.env == (("TOKEN", SecretStr("hunter22")),)
    assert (found.image_auth_id, found.jupyter, found.rootfs_gb) == (None, True, 60)
    assert "hunter" not in repr(found)


def test_a_balance_is_ten_thousandths_of_a_dollar() -> None:
    found = decoding.balance({"availableBalance": "10000", "cashBalance": "1", "creditLimit": "25000"})

    assert (found.available, found.credit_limit) == (Decimal(1), Decimal("2.5"))


@pytest.mark.parametrize(
    "raw", [{}, [], {"availableBalance": ""}, {"availableBalance": "lots"}, {"availableBalance": None}]
)
def test_a_balance_that_is_no_number_is_not_zero(raw: object) -> None:
    with pytest.raises(errors.InvalidResponse, match="no number"):
        decoding.balance(raw)


@pytest.mark.parametrize("value", ["1785780950", 1785780950, "1785780950.5"])
@pytest.mark.parametrize("form", ["seconds", "milliseconds", "RFC 3339"])
def test_times_are_unix_seconds_or_what_else_is_clearly_a_time(value: object, form: str) -> None:
    value = {"milliseconds": 1785780950123, "RFC 3339": "2026-08-03T18:15:50.123Z"}.get(form, value)

    assert fields.moment({"at": value}, "at") == datetime.fromtimestamp(1785780950, UTC)


@pytest.mark.parametrize("value", ["0", "-1", "", None, "99999999999999", "tomorrow", "9999-12-31", True])
def test_times_that_are_none(value: object) -> None:
    assert fields.moment({"at": value}, "at") is None


KEYS = st.sampled_from(
    [
        *a_wire_instance(),
        *("connectComponentSSH", "connectComponentWebTerminal", "connectComponentJupyter", "sshCommand", "password"),
        *("instances", "instance", "data", "template", "total", "ports", "port", "type", "envs", "key", "value"),
        *("tools", "regions", "price", "spotPrice", "availableBalance", "creditLimit", "Id", "address", "message"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.integers().map(str)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8), max_leaves=30
)
DECODERS: list[Callable[[object], object]] = [
    decoding.instances,
    decoding.instance,
    decoding.created_id,
    decoding.products,
    decoding.clusters,
    decoding.templates,
    decoding.template,
    decoding.balance,
]


@given(raw=JSON)
def test_any_json_is_decoded_or_not_understood(raw: object) -> None:
    wire = json.dumps(raw)

    for decode in DECODERS:
        with contextlib.suppress(errors.InvalidResponse):
            decoded = decode(json.loads(wire))  # what a parser can give out, for each decoder its own
            assert str(decoded).encode().decode() == str(decoded), decode.__name__


def test_instances_are_slim() -> None:
    wire = [
        json.dumps(a_wire_instance(id=f"{number:016x}", name=f"nvo-abcdefgh-{number:026}")) for number in range(2_000)
    ]
    gc.collect()
    tracemalloc.start()

    snapshot = Snapshot.of("default", (decoding.instance(json.loads(item)) for item in wire), NOON)

    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(snapshot.instances) == 2_000
    # Measured: 0.8 kB an instance, most of it its own id, name, times, and one port with its endpoint.
    assert size < 2_000 * 1_200
