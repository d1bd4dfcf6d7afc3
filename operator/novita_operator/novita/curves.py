"""Wire JSON of the metrics endpoint -> curves (novita-api 2A.8). Values that are no numbers are left out."""

from __future__ import annotations

from novita_operator.novita import fields
from novita_operator.novita.fields import Wire
from novita_operator.novita.models import Curve, GpuUsage, Usage, Utilization


def gpu_utilization(raw: object) -> Curve:
    """The mean over all GPUs."""
    return _curve(fields.part(_metrics(raw), "gpuUtilization"), "avg")


def usage(raw: object) -> Usage:
    """Everything that is told."""
    wire = _metrics(raw)
    memory = {fields.text(each, "gpuId"): _curve(each, "items") for each in _gpus(wire, "gpuMemUtilization")}
    busy = {fields.text(each, "gpuId"): _curve(each, "items") for each in _gpus(wire, "gpuUtilization")}
    return Usage(
        gpu=_curve(fields.part(wire, "gpuUtilization"), "avg"),
        gpu_memory=_curve(fields.part(wire, "gpuMemUtilization"), "avg"),
        gpus=tuple(GpuUsage(gpu, busy.get(gpu, ()), memory.get(gpu, ())) for gpu in {**busy, **memory}),
        cpu=_curve(wire, "cpuUtilization"),
        memory=_curve(wire, "memUtilization"),
        disk=_curve(wire, "rootDiskUtilization"),
    )


def _metrics(raw: object) -> Wire:
    """Bare, or inside an envelope."""
    wire: Wire = raw if isinstance(raw, dict) else {}
    return fields.part(wire, "data") if isinstance(wire.get("data"), dict) else wire


def _gpus(wire: Wire, key: str) -> list[Wire]:
    return list(fields.parts(fields.part(wire, key), "gpuIds"))


def _curve(wire: Wire, key: str) -> Curve:
    points = ((fields.moment(point, "timestamp"), fields.amount(point, "value")) for point in fields.parts(wire, key))
    found = (Utilization(at, value) for at, value in points if at is not None and value is not None)
    return tuple(sorted(found, key=lambda point: point.at))
