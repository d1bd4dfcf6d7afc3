"""What the record of retained instances says, and what in it cannot be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import CLUSTER, NAME, NAMES, UID

from novita_operator.api import meta
from novita_operator.api.meta import Meta
from novita_operator.runtime.accounts import retention
from novita_operator.runtime.accounts.retention import Left, Mark

LEFT = Left(UID, "team", "gpu", NAME, "i-1", adopted=False, reason="Retain", at="2026-01-01T12:00:00Z", key="k1")


def _account(said: str | None) -> Meta:
    annotations = {} if said is None else {meta.RETAINED_IN: said}
    at = {"name": "default", "uid": UID, "creationTimestamp": "2026-01-01T12:00:00Z"}
    return Meta.parse(at | {"annotations": annotations})


@pytest.mark.parametrize(
    "left",
    [LEFT, replace(LEFT, adopted=True, reason="Stop"), replace(LEFT, instance_id=None, key=None, reason="GivenUp")],
    ids=["rented", "adopted", "of no known id"],
)
def test_an_entry_is_read_as_it_was_written(left: Left) -> None:
    assert retention.read({"data": {UID: left.to_text()}}).left == {UID: left}


@pytest.mark.parametrize("text", ["", "x", "[]", "null", "1", "{}", '{"namespace":"team"}', "[" * 5000])
def test_an_entry_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(retention.Damaged, match=UID):
        retention.read({"data": {UID: text}})


def test_a_config_map_without_entries_says_that_nothing_was_left() -> None:
    assert retention.read(retention.new("default", "novita-system", None)).left == {}
    assert retention.read({"data": None}).left == {}


def test_what_was_rented_is_known_by_its_name_also_where_novita_writes_it_otherwise() -> None:
    assert LEFT.is_of(a.an_instance(instance_id="another"))
    assert LEFT.is_of(a.an_instance(name=NAME.upper()))
    assert not LEFT.is_of(a.an_instance(name="by-hand"))


def test_what_was_adopted_is_known_by_its_id_in_whatever_case() -> None:
    adopted = replace(LEFT, adopted=True, instance_id="I-1")

    assert adopted.is_of(a.an_instance(name="by-hand"))
    assert not adopted.is_of(a.an_instance(instance_id="i-2"))


def test_the_name_of_a_config_map_is_one_that_kubernetes_takes_and_of_one_account() -> None:
    long = ["a" * 253, "a" * 252 + "b"]
    names = [retention.config_map_name(each) for each in long]

    assert retention.config_map_name("default") == "novita-retained-default"
    assert [len(name) for name in names] == [253, 253]
    assert len(set(names)) == 2


@pytest.mark.parametrize(("said", "found"), [(None, None), ("", None), (f"{CLUSTER}/here", "here"), ("other/x", None)])
def test_only_the_mark_of_a_cluster_of_ours_says_that_there_was_a_record(said: str | None, found: str | None) -> None:
    mark = retention.ours(retention.marks(_account(said)), NAMES)

    assert (mark.namespace if mark is not None else None) == found


def test_marks_of_other_clusters_stay_beside_ours() -> None:
    marked = retention.marked(_account("other/x"), Mark(CLUSTER, "here"))

    assert marked == f"other/x,{CLUSTER}/here"
    assert retention.marked(_account(marked), Mark(CLUSTER, "here")) == marked


def test_entries_are_counted_by_namespace_also_beside_such_that_cannot_be_read() -> None:
    entries: dict[str, Any] = {"1": LEFT.to_text(), "2": replace(LEFT, namespace="other").to_text(), "3": "x"}

    assert retention.count_of("team", entries) == 1
