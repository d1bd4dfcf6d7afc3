"""Snapshots: indexes, and what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from novita_operator.novita.models import Instance, InstanceState, PortMapping
from novita_operator.novita.snapshot import Snapshot, changes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD = Instance(id="b", name="nvo-a", word="running", state=InstanceState.RUNNING, created_at=NOON)


def a_snapshot(*instances: Instance) -> Snapshot:
    return Snapshot.of("default", instances, NOON)


def test_instances_are_found_by_id_and_by_name_with_the_oldest_first() -> None:
    newer = replace(OLD, id="a", created_at=NOON + timedelta(seconds=1))
    twin = replace(OLD, id="c")
    timeless = replace(OLD, id="d", created_at=None)
    other = replace(OLD, id="e", name="nvo-b")

    snapshot = a_snapshot(newer, twin, OLD, other, timeless)

    assert set(snapshot.instances) == {"a", "b", "c", "d", "e"}
    assert [found.id for found in snapshot.by_name["nvo-a"]] == ["d", "b", "c", "a"]
    assert snapshot.by_name["nvo-b"] == (other,)
    assert snapshot.started_at == NOON


def test_the_first_snapshot_is_all_news() -> None:
    assert changes(None, a_snapshot(OLD)) == {"nvo-a"}


def test_nothing_changed() -> None:
    assert changes(a_snapshot(OLD), a_snapshot(replace(OLD))) == frozenset()


def test_names_that_appeared_and_vanished() -> None:
    new = replace(OLD, id="z", name="nvo-z")

    assert changes(a_snapshot(OLD), a_snapshot(new)) == {"nvo-a", "nvo-z"}


@pytest.mark.parametrize(
    "change",
    [
        {"word": "toStop", "state": InstanceState.STOPPING},
        {"word": "Running"},
        {"error": "IMAGE_TOO_LARGE"},
        {"spot_status": "notified"},
        {"spot_reclaim_at": NOON},
        {"started_at": NOON},
        {"stopped_at": NOON},
        {"ports": (PortMapping(80, "HTTP", "https://x"),)},
        {"cluster_id": "us-ca-6"},
        {"jobs": ("instanceMigrate",)},
    ],
    ids=str,
)
def test_what_a_list_shows_of_a_change(change: dict[str, Any]) -> None:
    assert changes(a_snapshot(OLD), a_snapshot(replace(OLD, **change))) == {"nvo-a"}


def test_both_names_of_a_renamed_instance_have_changed() -> None:
    assert changes(a_snapshot(OLD), a_snapshot(replace(OLD, name="nvo-b"))) == {"nvo-a", "nvo-b"}


def test_a_second_instance_of_a_name_is_a_change_of_that_name() -> None:
    assert changes(a_snapshot(OLD), a_snapshot(OLD, replace(OLD, id="c"))) == {"nvo-a"}
