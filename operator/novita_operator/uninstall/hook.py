"""The steps of an uninstall, before Helm removes anything.

With `Delete` the operator still works while objects are deleted: it is the one that deletes at Novita. Then it is ended
while it still has its rights, so that it can write down what it has paid for, and the report after that is final.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from novita_operator.api import kinds
from novita_operator.api.kinds import Kind
from novita_operator.api.operator_class import OperatorClass
from novita_operator.kube import errors
from novita_operator.kube.client import Body, KubeClient
from novita_operator.kube.installed import Installed
from novita_operator.uninstall import report
from novita_operator.uninstall.order import Order, Policy
from novita_operator.uninstall.report import Line

_INSTANCES = kinds.GPU_INSTANCE
_ACCOUNTS = kinds.NOVITA_ACCOUNT
# Owners go first: they would make new instances in place of deleted ones.
_OWNERS = (kinds.GPU_INSTANCE_SET, kinds.GPU_JOB)
_LOOK_SECONDS = 2.0  # between looks; Novita needs some seconds to let go of an instance
_ROUNDS = 3  # whoever makes new objects each time is told to stop
_ACCOUNT_SECONDS = 30.0  # an operator that works lets go of an unused account within one

Say = Callable[[str], None]


class Hook:
    """One uninstall. Says everything twice: to `say`, as it happens, and at the end in a ConfigMap that stays."""

    def __init__(self, kube: KubeClient, order: Order, say: Say) -> None:
        self._kube = kube
        self._order = order
        self._say = say
        self._installed = Installed(kube, order.release.namespace, order.release.name)
        self._own = OperatorClass(order.class_name, lambda _: None)
        self._said: list[str] = []
        self._readable = order.namespaces

    async def run(self) -> int:
        """Report, then do what the policy says. Returns the exit code: 0 where `helm uninstall` may go on.

        Raises kube errors where objects cannot be read or deleted.
        """
        self._own = await self._own_class()
        unreadable = await self._sort_namespaces()
        before = await self._lines()
        lost = await self._lost_with_the_crds() if self._order.crds_go else []
        if text := report.refusal(self._order, lost, unreadable):
            self._tell(*report.found(before), f"REFUSED: {text}")
            await self._keep(before)
            return 1
        if self._order.policy is Policy.DELETE:
            self._tell(*(report.found(before) if before else ()))
            if left := await self._delete():
                self._tell(*self._not_deleted(left))
                await self._keep(left)
                return 1
        if self._order.crds_go and (held := await self._delete_accounts()):
            self._tell(report.accounts_left(held))
        await self._end_operator()
        if self._order.policy is Policy.DELETE and (left := await self._delete_late()):
            self._tell(*self._not_deleted(left))
            await self._keep(left)
            return 1
        return await self._conclude(before)

    async def _delete_late(self) -> list[Line]:
        """What somebody made while the operator ended: the operator works again until it is gone.

        Returns what is left after some rounds; the operator then goes on.
        """
        for _ in range(_ROUNDS):
            late = await self._lines()
            if not late:
                return []
            self._tell("Made while the operator ended, which is started again to delete it:", *map(str, late))
            await self._installed.start()
            if left := await self._delete():
                return left
            await self._end_operator()
        if left := await self._lines():
            await self._installed.start()
        return left

    async def _conclude(self, before: Sequence[Line]) -> int:
        """The operator has ended: what is there now stays as it is."""
        left = await self._lines()
        if self._order.policy is Policy.DELETE and before and not left:
            self._tell(*report.deleted(before))
        else:
            self._tell(*report.found(left), *report.retained(left))
        self._tell(*report.leftovers(self._order))
        await self._keep(left)
        await self._tell_accounts(left)
        return 0

    def _tell(self, *texts: str) -> None:
        for text in texts:
            self._say(text)
            self._said.append(text)

    def _not_deleted(self, left: Sequence[Line]) -> list[str]:
        seconds = self._order.timeout_seconds
        head = f"NOT DELETED within {seconds:.0f} s; the uninstall stops here and the operator goes on:"
        return [head, *map(str, left), "See why with `kubectl describe gpuinstance`, then uninstall again."]

    # --- Objects ------------------------------------------------------------------------------------------------

    async def _sort_namespaces(self) -> list[str]:
        """Leave out the watched namespaces that cannot be read, and say so; returns those of them that exist."""
        hidden = [name for name in self._order.namespaces if not await self._can_read(name)]
        self._readable = tuple(name for name in self._order.namespaces if name not in hidden)
        there = [name for name in hidden if await self._exists(name)]
        self._tell(*(report.hidden(name, exists=name in there) for name in hidden))
        return there

    async def _can_read(self, namespace: str) -> bool:
        try:
            async for _ in self._kube.each(_INSTANCES, (namespace,)):
                break
        except errors.Forbidden:
            return False
        except errors.NotServed:  # the CRD is gone
            return True
        return True

    async def _exists(self, namespace: str) -> bool:
        """Whether the namespace is there, or nobody knows."""
        try:
            await self._kube.get_namespace(namespace)
        except errors.NotFound:
            return False
        except errors.Forbidden:
            return True
        return True

    async def _own_class(self) -> OperatorClass:
        accounts = {body["metadata"]["name"]: body for body in await self._found(_ACCOUNTS)}
        return OperatorClass(self._order.class_name, accounts.get)

    async def _lines(self) -> list[Line]:
        return report.lines_of(await self._mine(_INSTANCES))

    async def _lost_with_the_crds(self) -> list[str]:
        """What Kubernetes would delete with the CRDs, without an operator or behind the back of another one."""
        kinds_to_lose = (_INSTANCES, *_OWNERS, _ACCOUNTS)
        return [
            report.named(kind.name, body)
            for kind in kinds_to_lose
            for body in await self._found(kind, everywhere=True)
            if not self._is_ours(kind, body) or (kind is _INSTANCES and self._order.policy is Policy.RETAIN)
        ]

    def _is_ours(self, kind: Kind, body: Body) -> bool:
        watched = self._order.namespaces
        in_sight = not kind.namespaced or not watched or body["metadata"]["namespace"] in watched
        return in_sight and self._own.foreign(kind.plural, body) is None

    async def _mine(self, kind: Kind) -> Sequence[Body]:
        return [body for body in await self._found(kind) if self._is_ours(kind, body)]

    async def _found(self, kind: Kind, *, everywhere: bool = False) -> Sequence[Body]:
        """The objects; none where the CRD is gone already. `everywhere`: in namespaces that are not watched, too."""
        if kind.namespaced and self._order.namespaces and not self._readable and not everywhere:
            return []  # no namespace would mean all of them
        try:
            return [body async for body in self._kube.each(kind, () if everywhere else self._readable)]
        except errors.NotServed:
            return []

    async def _delete_accounts(self) -> list[str]:
        """Our accounts carry a finalizer that only the operator takes away: one that is left would hold its CRD.

        Returns the names of those that are left.
        """
        end = time.monotonic() + _ACCOUNT_SECONDS
        while (left := await self._mine(_ACCOUNTS)) and time.monotonic() < end:
            for body in left:
                await self._ask(_ACCOUNTS, body)
            await asyncio.sleep(_LOOK_SECONDS)
        return [str(body["metadata"]["name"]) for body in left]

    async def _delete(self) -> list[Line]:
        """Delete everything and wait for the operator to let go; what owners made meanwhile is deleted, too.

        Returns what is left when the time is over.
        """
        end = time.monotonic() + self._order.timeout_seconds
        await self._ask_for_deletion()
        left = await self._lines()
        while left and time.monotonic() < end:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._ask_for_deletion()
            before, left = len(left), await self._lines()
            if len(left) < before:
                self._say(f"{len(left)} left")
        return left

    async def _ask_for_deletion(self) -> None:
        for kind in (*_OWNERS, _INSTANCES):
            for body in await self._mine(kind):
                await self._ask(kind, body)

    async def _ask(self, kind: Kind, body: Body) -> None:
        at = body["metadata"]
        # Gone, or another object by now: the look that follows sees it.
        with suppress(errors.NotFound, errors.NotServed, errors.Conflict):
            await self._kube.delete(kind, at.get("namespace", ""), at["name"], uid=at["uid"])

    # --- What helm installed --------------------------------------------------------------------------------------
    # None of it may hold an uninstall: what fails is said, and the uninstall goes on.

    async def _end_operator(self) -> None:
        seconds = self._order.stop_seconds
        try:
            if await self._installed.end(seconds):
                await self._installed.remove_lease()
            else:
                self._tell(
                    f"The operator's pods did not end within {seconds:.0f} s; the Lease, if there is one, stays."
                )
        except errors.KubeError as error:
            self._tell(f"The operator could not be ended before the uninstall ({error}); Helm removes it all the same.")

    async def _keep(self, lines: Sequence[Line]) -> None:
        total = report.Sum.of(lines)
        data = {"report": "\n".join(self._said) + "\n", "instances": str(total.rented), "usdPerHour": str(total.price)}
        try:
            await self._installed.write_config_map(self._order.release.report, data)
        except errors.KubeError as error:
            self._say(f"This report could not be kept in ConfigMap {self._order.release.report}: {error}")

    async def _tell_accounts(self, lines: Sequence[Line]) -> None:
        events = report.events(lines, self._order.release)
        try:
            if events:
                await self._installed.tell_accounts(events)
        except errors.KubeError as error:
            self._say(f"The NovitaAccounts could not be told: {error}")
