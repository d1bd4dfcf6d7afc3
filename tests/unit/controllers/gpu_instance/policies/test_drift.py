"""Ports and disk of a running instance beside what the spec asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a

from novita_operator.controllers.gpu_instance.action import Edit
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import drift
from novita_operator.controllers.gpu_instance.reporting import interference
from novita_operator.novita.models import Instance, PortMapping, PortSpec

_HELD = (PortMapping(8080, "HTTP", "https://i-1-8080.example"), PortMapping(9000, "TCP", "proxy.example:31"))
_PORTS = [{"port": 8080}, {"port": 9000, "protocol": "TCP"}]


def _seen(spec: dict[str, Any], *, generation: int = 1, matched: int | None = 1, **instance: Any) -> Observation:
    shown = a.an_instance(**{"ports": _HELD, "rootfs_gb": 60, **instance})
    status = {"instanceId": "i-1", "observedGeneration": 1, "readyAt": a.wire(a.ago(60)), "phase": "Running"}
    seen = a.an_observation(a.an_object(spec=spec, status=status, generation=generation), shown)
    return replace(seen, matched_generation=matched)


def _edit(seen: Observation, most_rootfs_gb: int | None = None) -> Edit | None:
    instance = seen.instance
    assert isinstance(instance, Instance)
    return drift.edit(seen.resource.spec, instance, most_rootfs_gb)


@pytest.mark.parametrize("spec", [{}, {"ports": _PORTS}, {"ports": list(reversed(_PORTS))}, {"rootfsSizeGB": 60}])
def test_what_is_as_the_spec_asks_is_left_alone(spec: dict[str, Any]) -> None:
    assert _edit(_seen(spec)) is None


def test_the_whole_port_list_is_sent() -> None:
    change = _edit(_seen({"ports": [*_PORTS, {"port": 22, "protocol": "TCP"}]}))

    assert change == Edit("i-1", (PortSpec(22, "TCP"), PortSpec(8080, "HTTP"), PortSpec(9000, "TCP")), 0)


def test_a_port_of_another_protocol_is_another_port() -> None:
    assert _edit(_seen({"ports": [{"port": 8080, "protocol": "TCP"}, _PORTS[1]]})) is not None


def test_the_port_of_jupyter_is_not_taken_away() -> None:
    jupyter = PortMapping(8888, "HTTP", "https://i-1-8888.example")

    assert _edit(_seen({"ports": _PORTS}, ports=(*_HELD, jupyter))) is None


def test_a_disk_grows_by_the_difference_and_keeps_the_ports() -> None:
    assert _edit(_seen({"rootfsSizeGB": 100})) == Edit("i-1", (PortSpec(8080, "HTTP"), PortSpec(9000, "TCP")), 40)


@pytest.mark.parametrize(("most", "grow"), [(None, 40), (120, 40), (100, 40), (99, 39), (60, 0), (50, 0)])
def test_a_disk_grows_as_far_as_the_account_allows_and_never_shrinks(most: int | None, grow: int) -> None:
    change = _edit(_seen({"rootfsSizeGB": 100}), most)

    assert (change.grow_gb if change is not None else 0) == grow


@pytest.mark.parametrize("size", [0, 100])
def test_a_disk_that_is_larger_or_unknown_is_left_alone(size: int) -> None:
    assert _edit(_seen({}, rootfs_gb=size)) is None


def test_a_change_of_the_spec_is_no_drift() -> None:
    assert interference.explain(_seen({"ports": []}, generation=2)) is None
    assert interference.explain(_seen({"ports": []}, matched=None)) is None


def test_a_change_at_novita_is() -> None:
    assert interference.explain(_seen({"ports": []})) == (
        "Somebody edited instance i-1 at Novita; its ports and disk are restored."
    )
