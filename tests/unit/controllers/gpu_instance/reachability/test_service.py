"""spec.service -> Service and EndpointSlices; spec.readiness -> what to look at, and what it means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Connection, PortEndpoint
from novita_operator.controllers.gpu_instance.reachability import ports as reach
from novita_operator.controllers.gpu_instance.reachability import service
from novita_operator.controllers.gpu_instance.reachability.ports import Probed
from novita_operator.novita.models import Instance, PortMapping
from novita_operator.probes.tally import Tally

_HOST = "proxy.example"


def _known(*ports: tuple[int, str, str], ssh: str = f"{_HOST}:30022") -> Connection:
    return Connection(
        ssh="ssh",
        endpoint=ssh,
        ports=tuple(PortEndpoint(port=port, protocol=kind, endpoint=at) for port, kind, at in ports),
    )


def _bodies(known: Connection, addresses: dict[str, tuple[str, ...]], **nowhere: str) -> service.Bodies:
    resource = a.an_object(spec={"service": {}})
    return service.bodies(resource, service.leads(known), addresses, nowhere)


def _leads_to(bodies: service.Bodies) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for body in bodies.slices:
        for port in body["ports"]:
            for endpoint in body["endpoints"]:
                found.setdefault(port["name"], []).append(f"{endpoint['addresses'][0]}:{port['port']}")
    return found


def test_ports_are_translated_and_http_is_left_out() -> None:
    known = _known((5000, "TCP", f"{_HOST}:41000"), (8080, "HTTP", "https://i-1-8080.example"))

    bodies = _bodies(known, {_HOST: ("203.0.113.7",)})

    ports = [(port["name"], port["port"]) for port in bodies.service["spec"]["ports"]]
    assert ports == [("ssh", 22), ("tcp-5000", 5000)]
    assert _leads_to(bodies) == {"ssh": ["203.0.113.7:30022"], "tcp-5000": ["203.0.113.7:41000"]}
    assert bodies.service["spec"]["selector"] is None


def test_of_two_on_port_22_ssh_stays() -> None:
    bodies = _bodies(_known((22, "TCP", f"{_HOST}:41022")), {_HOST: ("203.0.113.7",)})

    assert _leads_to(bodies) == {"ssh": ["203.0.113.7:30022"]}


def test_each_host_and_family_has_a_slice_of_its_own() -> None:
    known = _known((5000, "TCP", "http://198.51.100.4:8080"))

    bodies = _bodies(known, {_HOST: ("203.0.113.7", "203.0.113.8", "2001:db8::1"), "198.51.100.4": ("198.51.100.4",)})

    kinds = [(body["addressType"], [port["name"] for port in body["ports"]]) for body in bodies.slices]
    assert kinds == [("IPv4", ["tcp-5000"]), ("IPv4", ["ssh"]), ("IPv6", ["ssh"])]
    assert len({body["metadata"]["name"] for body in bodies.slices}) == 3
    assert _leads_to(bodies)["tcp-5000"] == ["198.51.100.4:8080"]
    assert bodies.status.addresses == ("198.51.100.4", "2001:db8::1", "203.0.113.7", "203.0.113.8")


def test_addresses_that_kubernetes_refuses_are_told_and_not_written() -> None:
    bodies = _bodies(_known(), {_HOST: ("127.0.0.1",)})

    assert bodies.slices == ()
    assert "127.0.0.1 is no address that Kubernetes takes" in (bodies.status.message or "")


def test_an_endpoint_that_cannot_be_read_is_left_out_and_told() -> None:
    bodies = _bodies(_known((5000, "TCP", "proxy.example")), {_HOST: ("203.0.113.7",)})

    assert set(_leads_to(bodies)) == {"ssh"}
    assert bodies.status.message == "Port 5000 is left out: its endpoint at Novita names no port."


@pytest.mark.parametrize("name", ["4090", "a.b", "-a", "a-", "A", "a" * 64, ""])
def test_a_name_that_no_service_can_have_names_the_field_that_changes_it(name: str) -> None:
    assert "spec.service.name" in (service.complaint(name) or "")


@pytest.mark.parametrize("name", ["a", "trainer-1", "a" * 63])
def test_a_name_that_a_service_can_have_is_taken(name: str) -> None:
    assert service.complaint(name) is None


def test_the_label_of_a_long_name_is_a_valid_one() -> None:
    resource = a.an_object(spec={"service": {"name": "svc"}}, name="a" * 62 + ".b")

    bodies = service.bodies(resource, service.leads(_known()), {_HOST: ("203.0.113.7",)}, {})

    assert bodies.service["metadata"]["labels"]["gpu.novita.ai/instance"] == "a" * 62


# --- Readiness --------------------------------------------------------------------------------------------------


def _ready(reason: str = "Ready", status: str = "True") -> dict[str, Any]:
    at = a.wire(a.ago(100))
    return {"type": "Ready", "status": status, "reason": reason, "message": "", "lastTransitionTime": at}


def _object(readiness: dict[str, Any], instance: Instance, *, spec: Any = None, **status: Any) -> GPUInstance:
    known = a.a_connection(instance) | {"endpoint": f"{_HOST}:30022", "jupyter": "https://i-1-8888.example"}
    status = {"instanceId": instance.id, "connection": known, **status}
    return a.an_object(spec={"readiness": readiness, **(spec or {})}, status=status)


def test_all_mapped_ports_are_looked_at_where_none_is_named() -> None:
    instance = a.a_running_instance()

    wanted = reach.wanted(_object({"path": "/up"}, instance), instance)

    assert wanted is not None
    assert [target.shown for target in wanted.targets] == ["https://i-1-8080.example/up", "proxy.example:31"]


def test_ssh_and_jupyter_can_be_named_although_nobody_maps_them() -> None:
    instance = a.a_running_instance()

    wanted = reach.wanted(_object({"ports": [8888, 22]}, instance), instance)

    assert wanted is not None
    assert [target.shown for target in wanted.targets] == ["https://i-1-8888.example/", "proxy.example:30022"]


@pytest.mark.parametrize("word", ["pulling", "starting", "toStop", "exited", "migrating"])
def test_only_a_running_instance_is_looked_at(word: str) -> None:
    instance = a.a_running_instance()
    resource = _object({}, instance)

    assert reach.wanted(resource, replace(instance, word=word, state=a.state_of(word))) is None


def test_an_instance_that_was_started_again_is_looked_at_only_when_it_is_described_anew() -> None:
    instance = a.a_running_instance()
    resource = _object({}, instance)

    assert reach.wanted(resource, replace(instance, started_at=a.ago(10))) is None


def test_a_port_that_is_not_mapped_is_named_and_needs_a_person() -> None:
    instance = a.a_running_instance()

    found = reach.judge(_object({"ports": [8080, 9999]}, instance), instance, None)

    assert (found.usable, found.stalled) == (False, True)
    assert "names port 9999, which the instance does not map; it maps ports 22, 8080, 8888, 9000" in found.why


def test_a_port_that_the_spec_asks_for_and_novita_does_not_map_yet_needs_nobody() -> None:
    instance = a.a_running_instance()
    spec = {"ports": [{"port": 9999, "protocol": "TCP"}]}

    found = reach.judge(_object({"ports": [9999]}, instance, spec=spec), instance, None)

    assert (found.usable, found.stalled, found.why) == (False, False, "Novita does not map port 9999 yet")


def test_a_port_without_an_address_is_waited_for() -> None:
    instance = a.a_running_instance(ports=(PortMapping(8080, "HTTP", ""),))

    found = reach.judge(_object({}, instance), instance, None)

    assert (found.usable, found.why) == (False, "Novita has given no address for port 8080 yet")


@pytest.mark.parametrize(
    ("conditions", "tally", "usable"),
    [
        ([], None, False),
        ([_ready()], None, True),
        ([_ready("Stopped")], None, False),
        ([_ready("NotReachable", "False")], None, False),
        ([], Tally(), False),
        ([], Tally(reachable=True), True),
        ([_ready()], Tally(reachable=False, complaint="port 22 refuses"), False),
    ],
)
def test_the_looks_decide_and_before_them_what_was(conditions: list[Any], tally: Tally | None, usable: bool) -> None:
    instance = a.a_running_instance()
    probed = None if tally is None else Probed(tally)

    assert reach.judge(_object({}, instance, conditions=conditions), instance, probed).usable is usable


def test_without_readiness_and_service_nothing_is_looked_at_and_running_is_enough() -> None:
    instance = a.a_running_instance()
    resource = a.an_object(status={"instanceId": instance.id, "connection": a.a_connection(instance)})

    assert reach.wanted(resource, instance) is None
    assert reach.judge(resource, instance, None).usable
