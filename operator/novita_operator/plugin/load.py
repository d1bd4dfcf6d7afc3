"""One line of `top` per instance: what of it is used, by Novita's metrics. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.novita.models import Curve, Usage

POINTS = 16
EVERY = timedelta(seconds=30)
"""Between two points: Novita has one every 15 s, and is a minute late."""
SPAN = POINTS * EVERY
_BARS = "▁▂▃▄▅▆▇█"
_ALL = Decimal(100)


NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Load:
    """`usage`: what Novita says; `remark`: why it says nothing."""

    instance: GPUInstance
    usage: Usage = NOTHING
    remark: str = ""

    @property
    def measured_at(self) -> datetime | None:
        """When Novita last measured something."""
        curves = (self.usage.gpu, self.usage.gpu_memory, self.usage.cpu, self.usage.memory, self.usage.disk)
        return max((curve[-1].at for curve in curves if curve), default=None)

    def spark(self, curve: Curve) -> str:
        """The last minutes of it, a bar for each half a minute; a blank where nothing was measured."""
        last = self.measured_at
        if last is None:
            return ""
        parts: list[list[Decimal]] = [[] for _ in range(POINTS)]
        for point in curve:
            place = POINTS - 1 - (last - point.at) // EVERY
            if 0 <= place < POINTS:
                parts[place].append(point.percent)
        return "".join(_bar(part) for part in parts)

    def to_json(self) -> dict[str, Any]:
        """For programs; keys stay. Percent."""
        meta, usage, last = self.instance.meta, self.usage, self.measured_at
        return {
            "namespace": meta.namespace,
            "name": meta.name,
            "instanceId": self.instance.status.instance_id,
            "measuredAt": last.isoformat() if last is not None else None,
            "gpu": latest(usage.gpu),
            "gpuMemory": latest(usage.gpu_memory),
            "cpu": latest(usage.cpu),
            "memory": latest(usage.memory),
            "disk": latest(usage.disk),
            "gpus": [{"id": gpu.id, "gpu": latest(gpu.busy), "memory": latest(gpu.memory)} for gpu in usage.gpus],
            "remark": self.remark,
        }


def latest(curve: Curve) -> float | None:
    """Percent, as last measured."""
    return float(curve[-1].percent) if curve else None


def _bar(values: Sequence[Decimal]) -> str:
    if not values:
        return " "
    mean = min(_ALL, max(Decimal(0), sum(values, Decimal(0)) / len(values)))
    return _BARS[min(len(_BARS) - 1, int(mean * len(_BARS) / _ALL))]
