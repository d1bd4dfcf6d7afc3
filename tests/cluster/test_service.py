"""spec.service: a Service that leads to where the instance is today, and to nobody else's."""

from __future__ import annotations

from typing import Any

import yaml
from tests.cluster.samples import SERVICE
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.kube import Body, Kind
from tests.support.workspace import Workspace

_SERVICES = Kind("/api/v1", "services")
_SLICES = Kind("/apis/discovery.k8s.io/v1", "endpointslices")
_HOST = "203.0.113.7"  # an address of the documentation: EndpointSlices take it, and nothing answers there
_PORTS = [{"port": 5000, "protocol": "TCP"}, {"port": 5001, "protocol": "TCP"}, {"port": 8080, "protocol": "HTTP"}]


async def _service(workspace: Workspace, name: str = "gpu") -> Body | None:
    return await workspace.plane.kube.find(_SERVICES, name, workspace.namespace)


async def _slices(workspace: Workspace, name: str = "gpu") -> list[Body]:
    found = await workspace.plane.kube.list(_SLICES, workspace.namespace)
    return [body for body in found if body["metadata"]["labels"].get("kubernetes.io/service-name") == name]


async def _leads(workspace: Workspace, name: str = "gpu") -> dict[str, list[tuple[str, int]]]:
    """Addresses and ports by port name: what kube-proxy makes of the Service's EndpointSlices."""
    found: dict[str, list[tuple[str, int]]] = {}
    for body in await _slices(workspace, name):
        for port in body["ports"]:
            for endpoint in body.get("endpoints") or []:
                found.setdefault(port["name"], []).extend((each, port["port"]) for each in endpoint["addresses"])
    return found


async def _expected(workspace: Workspace) -> dict[str, list[tuple[str, int]]]:
    """The same, as Novita has it."""
    (instance,) = await workspace.novita.instances()
    ssh = instance["connectComponentSSH"]
    expected = {"ssh": [(ssh["address"], int(ssh["port"]))]}
    for mapping in instance["portMappings"]:
        if mapping["type"] == "tcp":
            host, _, port = mapping["endpoint"].rpartition(":")
            expected[f"tcp-{mapping['port']}"] = [(host, int(port))]
    return expected


async def _ready(workspace: Workspace, **spec: Any) -> Body:
    await workspace.novita.set(endpointHost=_HOST)
    await workspace.create(**{"ports": _PORTS, "service": {}, **spec})
    return await workspace.until_ready()


async def test_a_service_leads_to_ssh_and_to_the_tcp_ports_and_leaves_http_out(workspace: Workspace) -> None:
    body = await _ready(workspace)

    service = await _service(workspace)
    assert service is not None
    ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
    assert ports == {"ssh": 22, "tcp-5000": 5000, "tcp-5001": 5001}
    assert "selector" not in service["spec"]
    assert service["spec"]["clusterIP"] not in ("", "None")
    assert await _leads(workspace) == await _expected(workspace)
    assert body["status"]["service"] == {"name": "gpu", "addresses": [_HOST]}


async def test_service_and_slices_belong_to_the_object_and_go_with_it(workspace: Workspace) -> None:
    body = await _ready(workspace)
    for made in (await _service(workspace), *await _slices(workspace)):
        assert made is not None
        (owner,) = made["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("GPUInstance", body["metadata"]["uid"])
        assert made["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "novita-operator"

    await workspace.delete()
    await workspace.until_gone()

    async def gone() -> bool:
        return await _service(workspace) is None and not await _slices(workspace)

    await workspace.until_novita(gone, "the garbage collector has removed Service and slices")


async def test_a_stopped_instance_is_led_to_by_nothing_and_a_started_one_where_it_is_now(
    workspace: Workspace,
) -> None:
    await _ready(workspace)
    before = await _leads(workspace)
    cluster_ip = (await _service(workspace) or {})["spec"]["clusterIP"]

    await workspace.edit(powerState="Stopped")
    body = await workspace.until_condition("Ready", "True", "Stopped")

    async def emptied() -> bool:
        return await _leads(workspace) == {}

    await workspace.until_novita(emptied, "the slices are empty")
    assert len(await _slices(workspace)) == 1
    body = await workspace.get()
    assert "addresses" not in body["status"]["service"] or body["status"]["service"]["addresses"] == []

    await workspace.edit(powerState="Running")
    await workspace.until_ready()

    async def moved() -> bool:
        return await _leads(workspace) == await _expected(workspace)

    await workspace.until_novita(moved, "the slices lead to the new ports")
    assert await _leads(workspace) != before
    assert (await _service(workspace) or {})["spec"]["clusterIP"] == cluster_ip


async def test_a_port_that_is_taken_away_vanishes_from_the_service(workspace: Workspace) -> None:
    await _ready(workspace)

    await workspace.edit(ports=[{"port": 5000, "protocol": "TCP"}])

    async def vanished() -> bool:
        service = await _service(workspace) or {}
        names = [port["name"] for port in service["spec"]["ports"]]
        return names == ["ssh", "tcp-5000"] and set(await _leads(workspace)) == {"ssh", "tcp-5000"}

    await workspace.until_novita(vanished, "only ssh and port 5000 are left")


async def test_a_service_of_somebody_else_is_left_alone_until_it_is_gone(workspace: Workspace) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "gpu", "namespace": workspace.namespace},
        "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]},
    }
    before = await workspace.apply(_SERVICES, theirs)
    await workspace.novita.set(endpointHost=_HOST)
    await workspace.create(ports=_PORTS, service={})

    body = await workspace.until_condition("Ready", "False", "ServiceConflict")

    assert condition(body, "Stalled")["status"] == "True"
    assert "Service gpu exists and belongs to somebody else" in condition(body, "Ready")["message"]
    assert "spec.service.name" in condition(body, "Ready")["message"]
    kept = await _service(workspace) or {}
    assert kept["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert await _slices(workspace) == []

    await workspace.plane.kube.delete(_SERVICES, "gpu", workspace.namespace)
    await workspace.until_ready()
    assert await _leads(workspace) == await _expected(workspace)


async def test_another_name_moves_the_service_and_none_removes_it(workspace: Workspace) -> None:
    await _ready(workspace)

    await workspace.edit(service={"name": "trainer"})
    body = await workspace.until(lambda body: body["status"]["service"]["name"] == "trainer", "it has moved")
    assert await _service(workspace) is None
    assert await _slices(workspace) == []
    assert await _leads(workspace, "trainer") == await _expected(workspace)

    await workspace.edit(service=None)
    body = await workspace.until(lambda body: "service" not in body["status"], "it is gone")
    assert condition(body, "Ready")["status"] == "True"
    assert await _service(workspace, "trainer") is None
    assert await _slices(workspace, "trainer") == []


async def test_an_address_that_kubernetes_refuses_is_told_and_does_not_hold_the_object_back(
    workspace: Workspace,
) -> None:
    await workspace.novita.set(endpointHost="localhost")
    await workspace.create(ports=_PORTS, service={})

    body = await workspace.until_ready()

    assert "no address that Kubernetes takes for an endpoint" in body["status"]["service"]["message"]
    assert await _leads(workspace) == {}
    assert await _service(workspace) is not None


async def test_a_name_that_does_not_resolve_is_told_and_does_not_hold_the_object_back(workspace: Workspace) -> None:
    await workspace.novita.set(endpointHost="proxy.invalid")
    await workspace.create(ports=_PORTS, service={})

    body = await workspace.until_ready()

    assert "proxy.invalid, whose name cannot be resolved" in body["status"]["service"]["message"]
    assert await _leads(workspace) == {}


async def test_a_name_that_no_service_can_have_is_told_with_the_field_that_changes_it(workspace: Workspace) -> None:
    await workspace.novita.set(endpointHost=_HOST)
    await workspace.create("4090.trainer", ports=_PORTS)
    await workspace.until_ready("4090.trainer")

    await workspace.edit("4090.trainer", service={})  # before anything is rented, such a spec is InvalidSpec

    body = await workspace.until_condition("Ready", "False", "ServiceRefused", name="4090.trainer")

    assert "Set spec.service.name" in condition(body, "Ready")["message"]
    await workspace.edit("4090.trainer", service={"name": "trainer"})
    await workspace.until_ready("4090.trainer")
    assert await _leads(workspace, "trainer") == await _expected(workspace)


async def test_the_connection_secret_is_a_service_binding(workspace: Workspace) -> None:
    await workspace.create()
    body = await workspace.until_ready()

    name = body["status"]["binding"]["name"]
    secret = await workspace.plane.kube.get(kube.SECRETS, name, workspace.namespace)
    entries = builders.decoded(secret)
    assert {"type", "provider", "host", "port", "username", "password"} <= set(entries)
    assert entries["type"] == "novita-gpu"
    assert entries["provider"] == "novita"

    await workspace.edit(powerState="Stopped")
    body = await workspace.until_condition("Ready", "True", "Stopped")
    assert body["status"]["binding"]["name"] == name


async def test_the_sample_gets_its_service(workspace: Workspace) -> None:
    body = yaml.safe_load(SERVICE.read_text())
    await workspace.novita.set(endpointHost=_HOST)
    await workspace.create("service", **body["spec"])

    await workspace.until_ready("service")

    assert set(await _leads(workspace, "trainer")) == {"ssh", "tcp-5000"}
