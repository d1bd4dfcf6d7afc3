"""Whatever a set and its views go through: never more instances than replicas, and never more on their way than asked.

A small world: instances come to life, fail, are deleted by others; the operator crashes before it has seen its own
creation, and a second operator works from an old view. The API server stores a name once.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.controllers.gpu_instance_set import sets as a

from novita_operator.controllers.gpu_instance_set import action
from novita_operator.controllers.gpu_instance_set.deciding import plan
from novita_operator.reconciling.owned import Child

CHANGES = ("pass", "pass", "pass", "stale pass", "ready", "fail", "delete", "gone", "roll")


class World:
    """`stored`: what the API server has; `old`: what somebody who lags sees of it."""

    def __init__(self, replicas: int, most: int) -> None:
        self.replicas = replicas
        self.most = most
        self.image = 0
        self.stored: dict[str, Child] = {}
        self.old: dict[str, Child] = {}

    def step(self, change: str, which: int) -> None:
        names = sorted(self.stored)
        chosen = names[which % len(names)] if names else None
        match change:
            case "pass":
                self._act(self.stored)
                self.old = dict(self.stored)
            case "stale pass":
                self._act(self.old)
            case "roll":
                self.image += 1
            case _ if chosen is not None:
                self._happen(change, chosen)

    def _happen(self, change: str, name: str) -> None:
        child = self.stored[name]
        match change:
            case "ready" if child.trouble is None:
                self.stored[name] = replace(child, ready=True, was_ready=True)
            case "fail":
                self.stored[name] = replace(child, ready=False, trouble=a.BROKEN)
            case "delete":
                self.stored[name] = replace(child, deleting=True)
            case "gone" if child.deleting:
                del self.stored[name]

    def _act(self, view: dict[str, Child]) -> None:
        resource = a.a_set(
            replicas=self.replicas,
            maxConcurrent=self.most,
            template={"spec": {"image": f"trainer:{self.image}"}},
            updateStrategy={"type": "Recreate", "maxUnavailable": 1},
        )
        match plan.decide(a.seen(resource, *view.values()), a.later(0)):
            case action.Make(name):
                # A name that exists is refused, and that is as good.
                self.stored.setdefault(name, a.starting(int(name.split("-")[1]), hashed=a.hash_of(resource)))
            case action.Remove(children):
                for child in children:
                    if child.name in self.stored:
                        self.stored[child.name] = replace(self.stored[child.name], deleting=True)

    def let_everything_settle(self) -> None:
        """Until a round changes nothing: no time passes here, so that no later one would."""
        for _ in range(200):
            before = dict(self.stored)
            for name in before:
                self._happen("ready", name)
                self._happen("gone", name)
            self.step("pass", 0)
            if self.stored == before:
                return
        raise AssertionError("it never comes to rest")

    @property
    def on_their_way(self) -> int:
        return sum(not (c.ready or c.was_ready or c.trouble or c.deleting) for c in self.stored.values())


@settings(max_examples=100, deadline=None)
@given(
    replicas=st.integers(0, 5),
    most=st.integers(1, 3),
    story=st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 9)), max_size=80),
)
def test_never_more_instances_than_replicas(replicas: int, most: int, story: list[tuple[str, int]]) -> None:
    world = World(replicas, most)

    for change, which in story:
        world.step(change, which)

        assert len(world.stored) <= replicas


@settings(max_examples=100, deadline=None)
@given(
    replicas=st.integers(0, 9),
    most=st.integers(1, 3),
    story=st.lists(st.tuples(st.sampled_from([c for c in CHANGES if c != "stale pass"]), st.integers(0, 9))),
)
def test_never_more_on_their_way_than_asked(replicas: int, most: int, story: list[tuple[str, int]]) -> None:
    world = World(replicas, most)

    for change, which in story:
        world.step(change, which)

        assert world.on_their_way <= most


@settings(max_examples=100, deadline=None)
@given(replicas=st.integers(0, 6), story=st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 9)), max_size=40))
def test_it_always_ends_with_as_many_as_wanted(replicas: int, story: list[tuple[str, int]]) -> None:
    world = World(replicas, 2)
    for change, which in story:
        world.step(change, which)

    world.let_everything_settle()

    living = [child for child in world.stored.values() if not child.deleting]
    assert len(living) == len(world.stored) == replicas
