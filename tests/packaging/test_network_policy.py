"""What the chart's NetworkPolicy opens, judged as a network plugin reads it; nothing enforces it here."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

import pytest
from tests.packaging.rendering import RELEASE, Refusal, all_of, find, pod_templates, render
from tests.support.kube import Body

from novita_operator.egress.guard import Guard

PRIVATE = (
    "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "127.0.0.1", "::1", "fd00::1",
    "fe80::1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:1::1",
)  # fmt: skip
METADATA = ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254",
            "fd00:42::42", "fe80::a9fe:a9fe")  # fmt: skip
PUBLIC = ("8.8.8.8", "11.0.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450::1")


def _policy(**values: Any) -> dict[str, Any]:
    """That of the operator."""
    policy: dict[str, Any] = find(_rendered(**values), "NetworkPolicy", RELEASE)["spec"]
    return policy


def _rendered(**values: Any) -> list[Body]:
    return render(values={"networkPolicy": {"enabled": True, **values}, "simulator": {"enabled": True}})


def _policies_of(labels: dict[str, str], objects: list[Body]) -> list[dict[str, Any]]:
    """What a network plugin holds a pod with these labels to; without any, everything is open to it."""
    policies = [body["spec"] for body in all_of(objects, "NetworkPolicy")]
    return [each for each in policies if each["podSelector"]["matchLabels"].items() <= labels.items()]


def _blocks(policy: dict[str, Any], port: int) -> list[dict[str, Any]]:
    """The ipBlocks that a connection to this TCP port may go to."""
    return [
        peer["ipBlock"]
        for rule in policy["egress"]
        if any(each["port"] <= port <= each.get("endPort", each["port"]) for each in rule["ports"])
        for peer in rule.get("to", [])
        if "ipBlock" in peer
    ]


def _is_open(policy: dict[str, Any], address: str, port: int) -> bool:
    return any(
        _is_in(address, [block["cidr"]]) and not _is_in(address, block.get("except", []))
        for block in _blocks(policy, port)
    )


def _is_in(address: str, networks: Iterable[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)


@pytest.mark.parametrize(
    "public",
    [
        pytest.param({}, id="by default"),
        pytest.param({"publicCIDRs": ["0.0.0.0/0"]}, id="all of IPv4"),
        pytest.param({"publicCIDRs": ["::/0", "0.0.0.0/0"]}, id="everything"),
        pytest.param({"publicCIDRs": ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"]}, id="everything in halves"),
        pytest.param(
            {"publicCIDRs": ["172.0.0.0/8", "10.0.0.0/7", "fc00::/6"]}, id="a little more than private networks"
        ),
    ],
)
def test_private_networks_stay_closed_however_the_public_ones_are_written(public: dict[str, Any]) -> None:
    policy = _policy(**public)

    assert [address for address in (*PRIVATE, *METADATA) if _is_open(policy, address, 8443)] == []


def test_by_default_what_is_public_is_open_and_agrees_with_what_the_operator_itself_refuses() -> None:
    policy = _policy()

    assert [address for address in PUBLIC if not _is_open(policy, address, 443)] == []
    assert {address for address in (*PRIVATE, *METADATA, *PUBLIC) if _is_open(policy, address, 8443)} == {
        address for address in (*PRIVATE, *METADATA, *PUBLIC) if Guard().complaint(address) is None
    }


def test_the_metadata_addresses_are_closed_on_the_ports_of_the_api_server_too() -> None:
    policy = _policy()

    assert [address for address in METADATA for port in (443, 6443) if _is_open(policy, address, port)] == []
    assert _is_open(policy, "10.0.0.1", 443)
    assert _is_open(policy, "fd00::1", 6443)


def test_what_an_administrator_names_is_open_though_a_wider_network_is_closed() -> None:
    policy = _policy(
        publicCIDRs=["10.20.0.0/16", "fd00:1::/64", "192.168.0.0/16"],
        exceptCIDRs=["10.20.30.0/24", "10.0.0.0/8", "fc00::/7", "192.168.0.0/16"],
    )

    assert _is_open(policy, "10.20.1.1", 3128)
    assert _is_open(policy, "fd00:1::9", 3128)
    assert _is_open(policy, "192.168.7.7", 3128)
    assert not _is_open(policy, "10.20.30.1", 3128)
    assert not _is_open(policy, "10.21.0.1", 3128)


@pytest.mark.parametrize("port", [443, 8443])
def test_every_exception_is_smaller_than_its_network_and_inside_of_it_as_kubernetes_asks(port: int) -> None:
    policy = _policy(
        publicCIDRs=["0.0.0.0/0", "10.0.0.0/8", "100.0.0.0/8", "2001::/16", "2000::/3", "fe80::/10", "1:2:3::/48"]
    )

    pairs = [(block["cidr"], inner) for block in _blocks(policy, port) for inner in block.get("except", [])]

    assert pairs
    for outer, inner in pairs:
        assert outer != inner
        assert ipaddress.ip_network(inner).subnet_of(ipaddress.ip_network(outer)), (outer, inner)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["apiServerCIDRs", "publicCIDRs", "exceptCIDRs"])
@pytest.mark.parametrize("wrong", ["10.0.0.1", "example.com/8", "::ffff:10.0.0.1/104", ""])
def test_what_is_no_network_is_refused_by_its_name(value: str, wrong: str) -> None:
    with pytest.raises(Refusal) as caught:
        _policy(**{value: [wrong]})

    assert f"/networkPolicy/{value}/0" in caught.value.text


def test_every_pod_of_the_chart_is_held_by_one_policy_of_its_own_both_ways() -> None:
    objects = _rendered()

    held = {name: _policies_of(pod["metadata"]["labels"], objects) for name, pod in pod_templates(objects).items()}

    assert len(held) == 4, held.keys()
    assert {name for name, policies in held.items() if len(policies) != 1} == set()
    assert all(policy["policyTypes"] == ["Ingress", "Egress"] for (policy,) in held.values())


@pytest.mark.parametrize("hook", ["uninstall", "test"])
def test_a_hook_reaches_the_api_server_and_nothing_else_and_nobody_reaches_it(hook: str) -> None:
    objects = _rendered(apiServerCIDRs=["10.96.0.1/32", "fd00:96::1/128"], apiServerPorts=[443, 6443])
    pod = next(body for name, body in pod_templates(objects).items() if name.endswith(f"-{hook}"))

    (policy,) = _policies_of(pod["metadata"]["labels"], objects)

    assert "ingress" not in policy
    assert all(_is_open(policy, "10.96.0.1", port) for port in (443, 6443))
    assert _is_open(policy, "fd00:96::1", 443)
    others = [*PRIVATE, *METADATA, *PUBLIC]
    assert [each for each in others if any(_is_open(policy, each, port) for port in (80, 443, 6443, 8080))] == []
    # Only names are asked for anywhere.
    everywhere = [rule["ports"] for rule in policy["egress"] if "to" not in rule]
    assert everywhere == [[{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]]


def test_the_simulator_is_called_by_the_operator_alone_and_calls_nobody() -> None:
    objects = _rendered()
    pods = {name.rpartition("-")[2]: pod["metadata"]["labels"] for name, pod in pod_templates(objects).items()}

    (policy,) = _policies_of(pods["simulator"], objects)

    assert "egress" not in policy
    (rule,) = policy["ingress"]
    (peer,) = rule["from"]
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]
    selected = [name for name, labels in pods.items() if peer["podSelector"]["matchLabels"].items() <= labels.items()]
    assert selected == ["operator"]
