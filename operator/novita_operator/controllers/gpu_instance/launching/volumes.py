"""Which cluster the network volumes of an object live in: the instance has to be there, too. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from novita_operator.api.gpu_instance.life import Volume
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita.models import NetworkVolume

_AGAIN_SECONDS = 60.0  # a volume that is being made at Novita is there within a minute


def cluster(wanted: Sequence[Volume], existing: Sequence[NetworkVolume]) -> str | Problem:
    """The one cluster of all volumes, or why there is none."""
    known = {volume.id: volume for volume in existing}
    missing = [each.network_volume_id for each in wanted if each.network_volume_id not in known]
    if missing:
        return _problem(f"spec.volumes: the account has no network volume {', '.join(missing)}. Create it at Novita.")
    places = {each.network_volume_id: known[each.network_volume_id].cluster_id for each in wanted}
    if len(set(places.values())) > 1:
        listed = ", ".join(f"{volume} in {where}" for volume, where in places.items())
        return _problem(
            f"spec.volumes: the volumes live in different clusters ({listed}). Mount volumes of one cluster."
        )
    return next(iter(places.values()))


def _problem(message: str) -> Problem:
    return Problem(
        ConditionType.SCHEDULED,
        Reason.VOLUME_NOT_FOUND,
        f"{message} Looked up again every minute.",
        stalled=True,
        retry_after=_AGAIN_SECONDS,
        back_off=False,
    )
