"""The cache holds the newest body, whoever brings it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from novita_operator.kube.cache import Cache, Key

KEY = Key("gpuinstances", "team", "demo")


def a_body(version: int, uid: str = "u1", created: str = "2026-11-24T12:00:00Z") -> dict[str, Any]:
    return {"metadata": {"name": "demo", "uid": uid, "resourceVersion": str(version), "creationTimestamp": created}}


def test_a_late_watch_event_does_not_undo_our_own_write() -> None:
    cache = Cache()
    cache.put(KEY, a_body(10))

    cache.put(KEY, a_body(9))

    assert cache.find(KEY) == a_body(10)


def test_versions_are_numbers_and_not_words() -> None:
    cache = Cache()
    cache.put(KEY, a_body(9))

    cache.put(KEY, a_body(10))

    assert cache.find(KEY) == a_body(10)


def test_a_new_object_of_the_same_name_replaces_the_old_one() -> None:
    cache = Cache()
    cache.put(KEY, a_body(10))

    cache.put(KEY, a_body(5, uid="u2", created="2026-11-24T12:00:05Z"))

    assert cache.find(KEY) == a_body(5, uid="u2", created="2026-11-24T12:00:05Z")


def test_the_end_of_the_old_object_does_not_remove_the_new_one() -> None:
    cache = Cache()
    cache.put(KEY, a_body(11, uid="u2"))

    cache.remove(KEY, "u1")

    assert cache.find(KEY) == a_body(11, uid="u2")


def test_an_answer_that_comes_after_the_end_of_its_object_does_not_bring_it_back() -> None:
    cache = Cache()
    cache.put(KEY, a_body(10))
    cache.remove(KEY, "u1")

    cache.put(KEY, a_body(11))
    cache.wrote(KEY, a_body(12))

    assert cache.find(KEY) is None


def test_a_new_object_takes_the_name_of_one_that_is_gone() -> None:
    cache = Cache()
    cache.remove(KEY, "u1")

    cache.put(KEY, a_body(12, uid="u2"))

    assert cache.find(KEY) == a_body(12, uid="u2")


def test_each_of_our_own_writes_is_an_echo_when_the_watch_brings_it_and_only_then() -> None:
    cache = Cache()
    cache.wrote(KEY, a_body(10))
    cache.wrote(KEY, a_body(12))

    echoes = [cache.echoes(KEY, a_body(version)) for version in (10, 11, 12, 12)]

    assert echoes == [True, False, True, False]


def test_what_was_only_read_is_no_echo() -> None:
    cache = Cache()
    cache.put(KEY, a_body(10))

    assert not cache.echoes(KEY, a_body(10))


def test_who_wrote_which_field_is_not_held() -> None:
    cache = Cache()
    body = a_body(10)

    cache.put(KEY, {**body, "metadata": {**body["metadata"], "managedFields": [{"manager": "kubectl"}]}})

    assert cache.find(KEY) == body


def test_what_two_bodies_say_alike_is_in_memory_once_and_nothing_is_lost() -> None:
    cache, other = Cache(), Key("gpuinstances", "team", "other")
    text = json.dumps(a_body(10) | {"spec": {"gpuCount": 1, "ports": [{"port": 22, "ok": True}], "region": None}})

    cache.put(KEY, json.loads(text))
    cache.put(other, json.loads(text))

    first, second = cache.find(KEY), cache.find(other)
    assert first == second == json.loads(text)
    assert first is not None
    assert second is not None
    assert all(one is another for one, another in zip(_names(first), _names(second), strict=True))


def _names(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, each in value.items():
                yield name
                yield from _names(each)
        case list():
            for each in value:
                yield from _names(each)


ELSEWHERE = Key("gpuinstances", "other", "demo")


def test_what_one_namespace_holds_is_found_without_a_look_at_the_others() -> None:
    cache = Cache()
    cache.put(KEY, a_body(10))
    cache.put(ELSEWHERE, a_body(11, uid="u2"))
    cache.put(Key("gpujobs", "team", "demo"), a_body(12, uid="u3"))

    assert list(cache.in_namespace("gpuinstances", "team")) == [(KEY, a_body(10))]
    assert list(cache.in_namespace("gpuinstances", "nowhere")) == []


def test_what_is_removed_is_in_no_namespace_and_its_successor_is() -> None:
    cache = Cache()
    cache.put(KEY, a_body(10))
    cache.put(ELSEWHERE, a_body(11, uid="u2"))
    cache.remove(KEY, "u1")

    left = [list(cache.in_namespace("gpuinstances", each)) for each in ("team", "other")]
    cache.put(KEY, a_body(12, uid="u4"))

    assert left == [[], [(ELSEWHERE, a_body(11, uid="u2"))]]
    assert list(cache.in_namespace("gpuinstances", "team")) == [(KEY, a_body(12, uid="u4"))]


def test_namespaces_that_are_empty_again_take_no_memory() -> None:
    cache = Cache()
    for number in range(100):
        key = Key("gpuinstances", f"team-{number}", "demo")
        cache.put(key, a_body(10, uid=f"u{number}"))
        cache.remove(key, f"u{number}")
        list(cache.in_namespace("gpuinstances", key.namespace))

    assert not cache._places
