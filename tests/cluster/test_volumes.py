"""Network volumes decide where an instance is."""

from __future__ import annotations

from tests.support.history import condition
from tests.support.workspace import Workspace

_VOLUMES = [
    {"storageId": "vol-sg", "storageName": "data", "storageSize": 100, "clusterId": "as-sgp-2"},
    {"storageId": "vol-hk", "storageName": "more", "storageSize": 100, "clusterId": "cn-hongkong-1"},
]


def _mount(*volumes: str) -> list[dict[str, str]]:
    return [{"networkVolumeId": each, "mountPath": f"/{each}"} for each in volumes]


async def test_an_instance_is_rented_where_its_volume_lives(workspace: Workspace) -> None:
    await workspace.novita.set(networkVolumes=_VOLUMES)

    await workspace.create(regions=["CN-HK-01"], volumes=_mount("vol-sg"))
    status = (await workspace.until_ready())["status"]

    (held,) = await workspace.novita.instances()
    assert status["region"] == "AS-SGP-02"
    assert [(each["id"], each["mountPath"]) for each in held["volumeMounts"] if each["type"] == "network"] == [
        ("vol-sg", "/vol-sg")
    ]


async def test_volumes_of_two_clusters_cannot_be_mounted_together(workspace: Workspace) -> None:
    await workspace.novita.set(networkVolumes=_VOLUMES)

    await workspace.create(volumes=_mount("vol-sg", "vol-hk"))
    stalled = await workspace.until_condition("Stalled", reason="VolumeNotFound")

    assert "vol-sg in as-sgp-2" in condition(stalled, "Ready")["message"]
    assert (await workspace.novita.ledger()).created == 0


async def test_an_unknown_volume_rents_nothing(workspace: Workspace) -> None:
    await workspace.create(volumes=_mount("vol-unknown"))

    stalled = await workspace.until_condition("Stalled", reason="VolumeNotFound")

    assert "vol-unknown" in condition(stalled, "Ready")["message"]
    assert (await workspace.novita.ledger()).created == 0
