"""The cluster of the network volumes."""

from __future__ import annotations

from novita_operator.api.gpu_instance.life import Volume
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.controllers.gpu_instance.launching import volumes
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita.models import NetworkVolume

_HELD = (
    NetworkVolume("v-1", "data", "hk", 10),
    NetworkVolume("v-2", "more", "hk", 10),
    NetworkVolume("v-3", "", "sg", 10),
)


def _mounted(*ids: str) -> tuple[Volume, ...]:
    return tuple(Volume(network_volume_id=each, mount_path=f"/{each}") for each in ids)


def test_all_volumes_name_one_cluster() -> None:
    assert volumes.cluster(_mounted("v-1", "v-2"), _HELD) == "hk"


def test_volumes_of_two_clusters_name_none() -> None:
    found = volumes.cluster(_mounted("v-1", "v-3"), _HELD)

    assert isinstance(found, Problem)
    assert (found.reason, found.stalled) == (Reason.VOLUME_NOT_FOUND, True)
    assert "v-1 in hk, v-3 in sg" in found.message


def test_an_unknown_volume_is_named() -> None:
    found = volumes.cluster(_mounted("v-1", "v-9"), _HELD)

    assert isinstance(found, Problem)
    assert "v-9" in found.message
