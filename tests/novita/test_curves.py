"""The metrics of an instance -> curves (novita-api 2A.8)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from novita_operator.novita import curves
from novita_operator.novita.models import GpuUsage, Usage, Utilization

_NOON = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp())


def _points(*values: object) -> list[dict[str, Any]]:
    return [{"timestamp": str(_NOON + 15 * at), "value": value} for at, value in enumerate(values)]


def _curve(*values: str) -> tuple[Utilization, ...]:
    moments = (datetime.fromtimestamp(_NOON + 15 * at, UTC) for at in range(len(values)))
    return tuple(Utilization(at, Decimal(value)) for at, value in zip(moments, values, strict=True))


def _answer() -> dict[str, Any]:
    each = [{"gpuId": "0", "items": _points(10)}, {"gpuId": "1", "items": _points(30, 40)}]
    return {
        "cpuUtilization": _points(5, 6),
        "memUtilization": _points("7.5"),
        "rootDiskUtilization": _points(8),
        "gpuUtilization": {"avg": _points(20, 35), "gpuIds": each},
        "gpuMemUtilization": {"avg": _points(50), "gpuIds": each[1:]},
    }


@pytest.mark.parametrize("envelope", [False, True], ids=["bare", "in an envelope"])
def test_all_curves_are_read_and_those_of_each_gpu(envelope: bool) -> None:
    answer = _answer()

    found = curves.usage({"data": answer} if envelope else answer)

    assert found == Usage(
        gpu=_curve("20", "35"),
        gpu_memory=_curve("50"),
        gpus=(GpuUsage("0", _curve("10"), ()), GpuUsage("1", _curve("30", "40"), _curve("30", "40"))),
        cpu=_curve("5", "6"),
        memory=_curve("7.5"),
        disk=_curve("8"),
    )
    assert curves.gpu_utilization({"data": answer} if envelope else answer) == found.gpu


def test_points_are_in_order_and_what_is_no_number_is_left_out() -> None:
    late, early = _points(1, 2)
    broken = [{"timestamp": "x", "value": 1}, {"timestamp": "1", "value": "NaN"}, {"value": 1}, "point", None]

    found = curves.usage({"cpuUtilization": [early, late, *broken]})

    assert found.cpu == _curve("1", "2")


@pytest.mark.parametrize(
    "answer",
    [None, [], "x", {}, {"gpuUtilization": []}, {"gpuUtilization": {"avg": None, "gpuIds": [None]}}, {"data": None}],
)
def test_an_answer_without_curves_is_that_nothing_is_known(answer: object) -> None:
    assert curves.usage(answer) == Usage()
