"""How to reach an instance: everything in the Secret, no password anywhere else, and never yesterday's address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.support import builders as a
from tests.unit.support.builders import ago, decoded

from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.novita.models import Instance, PortMapping, Ssh, WebTerminal

HOST = "proxy.us-ca-6.gpu-instance.novita.ai"


def reached_by(command: str) -> Instance:
    return a.a_running_instance(ssh=Ssh(command, SecretStr("ssh-canary-1")))


# --- The ssh command ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "endpoint", "user"),
    [
        pytest.param(f"ssh -p 32787 root@{HOST}", f"{HOST}:32787", "root", id="as Novita writes it"),
        pytest.param(f"ssh root@{HOST} -p 32787", f"{HOST}:32787", "root", id="the port at the end"),
        pytest.param(f"ssh -p32787 root@{HOST}", f"{HOST}:32787", "root", id="the port without a blank"),
        pytest.param(f"ssh root@{HOST}", f"{HOST}:22", "root", id="no port"),
        pytest.param("ssh -p 22022 ubuntu.user-1@10.0.0.7", "10.0.0.7:22022", "ubuntu.user-1", id="an address"),
        pytest.param("ssh -p 22022 root@[2001:db8::7]", "[2001:db8::7]:22022", "root", id="an IPv6 address"),
        pytest.param("ssh -i key -p 40 -o A=b root@h.example", "h.example:40", "root", id="among other options"),
        pytest.param(f"ssh root@{HOST}:32787", f"{HOST}:32787", "root", id="the port behind the host"),
        pytest.param("ssh root@[2001:db8::7]:40", "[2001:db8::7]:40", "root", id="the port behind an IPv6 address"),
        pytest.param("ssh root@node-p5.example", "node-p5.example:22", "root", id="a host that looks like an option"),
        pytest.param("ssh root@2001:db8::7 -p 40", "[2001:db8::7]:40", "root", id="an IPv6 address without brackets"),
        pytest.param("ssh -p 40 h.example", "h.example:40", "root", id="no user"),
        pytest.param("ssh -l ubuntu h.example -p 40", "h.example:40", "ubuntu", id="the user as an option"),
        pytest.param("ssh -o Port=40 root@h.example", "h.example:40", "root", id="the port as a long option"),
        pytest.param('ssh -o "User ubuntu" -oPort=40 h.example', "h.example:40", "ubuntu", id="both as long options"),
        pytest.param("ssh -tp 40 root@h.example", "h.example:40", "root", id="options in one word"),
        pytest.param("ssh -J jump@bastion:7 root@h.example -p 40", "h.example:40", "root", id="by way of another host"),
        pytest.param("ssh -L 8888:localhost:8888 root@h.example -p 40", "h.example:40", "root", id="a forwarded port"),
        pytest.param("ssh a+b@h.example -p 40", "h.example:40", "a+b", id="a user with another character"),
        pytest.param("sshpass -p 123 ssh root@h.example -p 40", "h.example:40", "root", id="another program before it"),
        pytest.param("ssh://root@h.example:40", "h.example:40", "root", id="a URL"),
        pytest.param("root@h.example -p 40", "h.example:40", "root", id="the program left out"),
        pytest.param("ssh root@h.example -p 70000", "", "", id="no port of TCP"),
        pytest.param("ssh -p 40", "", "", id="no host"),
        pytest.param("ssh root@-oX -p 40", "", "", id="an option as the host"),
        pytest.param("ssh -l -oX h.example", "", "", id="an option as the user"),
        pytest.param("ssh root@h.example 'it", "h.example:22", "root", id="a quote that does not end"),
        pytest.param("mosh somewhere", "", "", id="another command"),
    ],
)
def test_host_port_and_user_are_read_from_the_command(command: str, endpoint: str, user: str) -> None:
    instance = reached_by(command)

    entries = decoded(connection.secret(a.an_object(), instance))
    assert connection.describe(instance, "s").endpoint == endpoint
    assert ":".join(filter(None, (entries.get("host", ""), entries.get("port", "")))) == endpoint
    assert entries.get("username", "") == user
    assert entries["ssh-command"] == command


@pytest.mark.parametrize(
    ("ssh", "complete"),
    [(None, False), (Ssh("", SecretStr("x")), False), (Ssh("ssh root@h", SecretStr("")), True)],
    ids=["no block", "no command", "a command"],
)
def test_details_are_complete_with_a_command(ssh: Ssh | None, complete: bool) -> None:
    assert connection.is_complete(a.an_instance(ssh=ssh)) is complete


# --- The status -----------------------------------------------------------------------------------------------------


def test_the_status_says_how_to_reach_everything_and_where_the_passwords_are() -> None:
    described = connection.describe(a.a_running_instance(), "demo-connection").to_wire()

    assert described == {
        "ssh": "ssh -p 32787 root@proxy.example",
        "endpoint": "proxy.example:32787",
        "jupyter": "https://i-1-8888.example",
        "webTerminal": "https://i-1-2223.example",
        "ports": [
            {"port": 8080, "protocol": "HTTP", "endpoint": "https://i-1-8080.example"},
            {"port": 9000, "protocol": "TCP", "endpoint": "proxy.example:31"},
        ],
        "secretRef": {"name": "demo-connection"},
        "instanceStartedAt": a.wire(ago(200)),
    }


def test_a_port_without_an_endpoint_is_left_out_until_it_has_one() -> None:
    instance = a.a_running_instance(ports=(PortMapping(8080, "HTTP", ""), PortMapping(9000, "TCP", "h:1")))

    assert [port.port for port in connection.describe(instance, "s").ports] == [9000]


# --- The Secret -----------------------------------------------------------------------------------------------------


def test_the_secret_holds_every_address_and_every_password() -> None:
    assert decoded(connection.secret(a.an_object(), a.a_running_instance())) == {
        "type": "novita-gpu",
        "provider": "novita",
        "instance-id": "i-1",
        "host": "proxy.example",
        "port": "32787",
        "username": "root",
        "password": "ssh-canary-1",
        "ssh-command": "ssh -p 32787 root@proxy.example",
        "jupyter-url": "https://i-1-8888.example",
        "web-terminal-url": "https://i-1-2223.example",
        "web-terminal-username": "admin",
        "web-terminal-password": "terminal-canary-2",
        "endpoints": json.dumps({"8080": "https://i-1-8080.example", "9000": "proxy.example:31"}),
    }


def test_what_an_instance_does_not_have_is_no_entry() -> None:
    bare = a.a_running_instance(jupyter="", web_terminal=None, ports=())

    entries = decoded(connection.secret(a.an_object(), bare))

    assert {"jupyter-url", "web-terminal-url", "web-terminal-password", "endpoints"}.isdisjoint(entries)


def test_the_secret_goes_with_its_object() -> None:
    metadata = connection.secret(a.an_object(), a.a_running_instance())["metadata"]

    assert (metadata["name"], metadata["namespace"]) == ("demo-connection", "team")
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": "gpu.novita.ai/v1alpha1",
            "kind": "GPUInstance",
            "name": "demo",
            "uid": a.UID,
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]


def test_the_spec_may_name_the_secret() -> None:
    resource = a.an_object(spec={"connectionSecretName": "mine"})

    assert connection.secret(resource, a.a_running_instance())["metadata"]["name"] == "mine"


@pytest.mark.parametrize("name", ["x" * 253, "x" * 241 + "." + "x" * 11, "x" * 62 + "." + "y"])
def test_a_long_name_still_makes_a_valid_secret(name: str) -> None:
    metadata = connection.secret(a.an_object(name=name), a.a_running_instance())["metadata"]

    label = metadata["labels"]["gpu.novita.ai/instance"]
    assert len(metadata["name"]) <= 253
    assert metadata["name"].endswith("-connection")
    assert ".-" not in metadata["name"]
    assert len(label) <= 63
    assert label[-1].isalnum()


# --- Whether it still holds -----------------------------------------------------------------------------------------

RUNS = a.a_running_instance()
KNOWN = {"instanceId": "i-1", "connection": a.a_connection(RUNS)}


@pytest.mark.parametrize(
    ("status", "instance", "current"),
    [
        pytest.param(KNOWN, RUNS, True, id="nothing has changed"),
        pytest.param({}, RUNS, False, id="nothing is known"),
        pytest.param(KNOWN | {"instanceId": "i-2"}, RUNS, False, id="another instance"),
        pytest.param(KNOWN, a.a_running_instance(started_at=ago(1)), False, id="another start"),
        pytest.param(KNOWN, a.a_running_instance(started_at=None), True, id="the list tells no start"),
        pytest.param(
            KNOWN, a.a_running_instance(ports=(PortMapping(8080, "HTTP", "https://new"),)), False, id="another endpoint"
        ),
        pytest.param(
            KNOWN, a.a_running_instance(ports=(*RUNS.ports, PortMapping(1, "TCP", "h:2"))), False, id="one more port"
        ),
        pytest.param(KNOWN, a.a_running_instance(ports=RUNS.ports[:1]), False, id="one port less"),
        pytest.param(KNOWN, a.a_running_instance(ports=()), True, id="the list tells no ports"),
        pytest.param(
            KNOWN,
            a.a_running_instance(ports=(*RUNS.ports, PortMapping(1, "TCP", ""))),
            True,
            id="one is still unmapped",
        ),
        pytest.param(
            KNOWN | {"connection": KNOWN["connection"] | {"ssh": ""}},  # type: ignore[operator]
            RUNS,
            False,
            id="no ssh command yet",
        ),
    ],
)
def test_what_is_known_holds_only_for_the_instance_as_it_runs_now(
    status: dict[str, Any], instance: Instance, current: bool
) -> None:
    assert connection.is_current(a.an_object(status=status).status, instance) is current


# --- What is too long to be an address ------------------------------------------------------------------------------

LONG = "https://" + "x" * 600


def test_an_address_that_no_status_can_hold_is_left_out() -> None:
    instance = a.a_running_instance(
        jupyter=LONG,
        web_terminal=WebTerminal(LONG, "admin", SecretStr("pw")),
        ports=(PortMapping(80, "HTTP", LONG), PortMapping(90, "TCP", "h:1")),
    )

    described = connection.describe(instance, "s")

    assert (described.jupyter, described.web_terminal) == (None, None)
    assert [port.port for port in described.ports] == [90]


def test_an_ssh_command_that_no_status_can_hold_is_none() -> None:
    assert not connection.is_complete(reached_by("ssh -p 1 root@" + "x" * 600))
