"""The bars of `top`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.unit.support.builders import NOON, an_object

from novita_operator.novita.models import Usage, Utilization
from novita_operator.plugin import load
from novita_operator.plugin.load import Load


def _at(seconds: int, percent: float) -> Utilization:
    return Utilization(NOON - timedelta(seconds=seconds), Decimal(str(percent)))


def test_each_bar_is_the_mean_of_half_a_minute_and_a_gap_is_a_blank() -> None:
    gpu = (_at(1000, 100), _at(450, 0), _at(75, 40), _at(60, 60), _at(30, 99.9), _at(0, 130))
    found = Load(an_object(), Usage(gpu=gpu))

    assert found.spark(gpu) == "▁" + " " * 12 + "▅██"
    assert len(found.spark(gpu)) == load.POINTS
    assert found.measured_at == NOON


def test_the_bars_of_a_curve_end_with_what_was_measured_last_of_anything() -> None:
    memory, disk = (_at(30, 50),), (_at(0, 12.5),)
    found = Load(an_object(), Usage(gpu_memory=memory, disk=disk))

    assert found.spark(memory).strip() == "▅"
    assert found.spark(memory)[-2:] == "▅ "
    assert found.to_json()["disk"] == 12.5
    assert found.to_json()["gpu"] is None


def test_without_a_measurement_there_are_neither_bars_nor_figures() -> None:
    found = Load(an_object(), remark="Stopped")

    assert (found.spark(()), found.measured_at, load.latest(())) == ("", None, None)
