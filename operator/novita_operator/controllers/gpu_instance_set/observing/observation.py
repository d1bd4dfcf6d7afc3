"""The facts of one pass over a set: the object, its instances, and what one can count of them. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import meta
from novita_operator.api.gpu_instance_set.resource import GPUInstanceSet
from novita_operator.api.gpu_instance_set.spec import GPUInstanceSetSpec
from novita_operator.reconciling.owned import Child


@dataclass(frozen=True, slots=True)
class Observation:
    """What a pass knows before it decides. `spec` is None where it cannot be read.

    `children`: all instances of the set, those that are being deleted included. `taken`: names of GPUInstances in the
    namespace that belong to somebody else. `template_hash` names the present template.
    """

    resource: GPUInstanceSet
    children: tuple[Child, ...]
    template_hash: str
    taken: frozenset[str] = frozenset()

    @property
    def spec(self) -> GPUInstanceSetSpec | None:
        return self.resource.spec

    @property
    def live(self) -> tuple[Child, ...]:
        """Instances that are not on their way out."""
        return tuple(child for child in self.children if not child.deleting)

    @property
    def going(self) -> tuple[Child, ...]:
        """Instances that are being deleted; until they are gone, they may cost money."""
        return tuple(child for child in self.children if child.deleting)

    @property
    def as_wanted(self) -> tuple[Child, ...]:
        """Instances that run, are stopped, or have ended, each as its own spec asks."""
        return tuple(child for child in self.live if child.ready)

    @property
    def running(self) -> tuple[Child, ...]:
        return tuple(child for child in self.live if child.running)

    @property
    def stopped(self) -> tuple[Child, ...]:
        return tuple(child for child in self.live if child.stopped)

    @property
    def over(self) -> tuple[Child, ...]:
        """Instances that their spec.lifetime has ended for good. They keep their places."""
        return tuple(child for child in self.live if child.over)

    @property
    def failed(self) -> tuple[Child, ...]:
        """Instances that failed, or cannot be rented now."""
        return tuple(child for child in self.live if child.trouble is not None)

    @property
    def lost(self) -> tuple[Child, ...]:
        """Failed instances that will not get better without a person."""
        return tuple(child for child in self.live if child.trouble is not None and child.trouble.lasting)

    @property
    def in_flight(self) -> tuple[Child, ...]:
        """Instances on their first way to Ready. One that waits for stock keeps no other one from being made."""
        return tuple(child for child in self.live if not (child.ready or child.was_ready or child.trouble))

    @property
    def outdated(self) -> tuple[Child, ...]:
        return tuple(child for child in self.live if not self.is_updated(child))

    def is_updated(self, child: Child) -> bool:
        return child.label(meta.TEMPLATE_HASH_LABEL) == self.template_hash

    @property
    def paused(self) -> bool:
        return self.resource.meta.paused

    @property
    def deleting(self) -> bool:
        return self.resource.meta.deleted_at is not None

    @property
    def complete(self) -> bool:
        """Whether all is as the spec wants it."""
        spec = self.spec
        if spec is None or not len(self.children) == len(self.as_wanted) == spec.replicas:
            return False
        return spec.update_strategy.type == "OnDelete" or not self.outdated
