"""Names at Novita: deterministic, ours, and reversible."""

from __future__ import annotations

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from novita_operator.reconciling import naming

CLUSTER = naming.cluster_id("6b1e3b4c-0f6b-4f0e-9f0e-2f8a0a4d5c11")


@given(st.uuids())
def test_a_name_says_whose_it_is(uid: uuid.UUID) -> None:
    name = naming.instance_name(CLUSTER, str(uid))

    assert naming.Names(CLUSTER).owner_uid(name) == str(uid)
    assert re.fullmatch(r"nvo-[a-z2-7]{8}-[a-z2-7]{26}", name)


@given(st.uuids())
def test_a_name_of_another_cluster_is_not_ours(uid: uuid.UUID) -> None:
    other = naming.cluster_id("another kube-system")

    assert naming.Names(CLUSTER).owner_uid(naming.instance_name(other, str(uid))) is None


@given(st.text(max_size=60))
def test_no_name_that_somebody_else_chose_is_taken_for_ours(name: str) -> None:
    assert naming.Names(CLUSTER).owner_uid(name) is None


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26))
def test_any_tail_of_the_right_form_is_a_uid_or_nothing(tail: str) -> None:
    uid = naming.Names(CLUSTER).owner_uid(naming.prefix(CLUSTER) + tail)

    assert uid is None or uuid.UUID(uid)


@given(st.uuids())
def test_a_name_is_known_however_novita_renders_it(uid: uuid.UUID) -> None:
    name = naming.instance_name(CLUSTER, str(uid))

    assert all(naming.resembles(name, shown) for shown in (name, name.upper(), f"{name}-1", name[:24]))


@given(st.uuids(), st.uuids())
def test_the_name_of_another_object_resembles_none(one: uuid.UUID, other: uuid.UUID) -> None:
    names = [naming.instance_name(CLUSTER, str(each)) for each in (one, other)]

    assert one == other or not naming.resembles(*names)
    assert not naming.resembles(names[0], naming.prefix(CLUSTER))
    assert not naming.resembles(names[0], "")


def test_a_mark_that_is_not_ours_is_that_of_another_object_and_other_names_are_nobodys() -> None:
    name = naming.instance_name(CLUSTER, "6b1e3b4c-0f6b-4f0e-9f0e-2f8a0a4d5c11")
    others = ["nvo-zzzzzzzz-nm7dwtapnnhq5hyof6fauqsnce", "NVO-ZZZZZZZZ-NM7D", f"{naming.prefix(CLUSTER)}aaaaaaaaaaaa"]

    assert all(naming.is_anothers(name, shown) for shown in others)
    assert not any(naming.is_anothers(name, shown) for shown in (name, name.upper(), name[:24], "by-hand", ""))


@given(st.uuids(), st.uuids())
def test_an_object_keeps_the_name_that_carries_its_uid_and_takes_over_no_other(
    uid: uuid.UUID, other: uuid.UUID
) -> None:
    before, names = naming.Names("aaaabbbb"), naming.Names("ccccdddd")
    old = before.of(str(uid), None)

    assert names.of(str(uid), old) == old
    assert uid == other or names.of(str(other), old) == naming.instance_name("ccccdddd", str(other))
    assert (names.unaccepted(old), names.owner_uid(old)) == ("aaaabbbb", None)
    accepted = naming.Names("ccccdddd", frozenset({"aaaabbbb"}))
    assert (accepted.unaccepted(old), accepted.owner_uid(old)) == (None, str(uid))
