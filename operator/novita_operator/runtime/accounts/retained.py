"""Keeps what people have chosen to leave at Novita, in one ConfigMap of the operator's namespace for each account.

The only writer of these ConfigMaps and of the mark on the account that tells that there was one. Every write has the
precondition that nobody wrote since it was read, so that two processes lose nothing of each other's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from novita_operator import crashpoints
from novita_operator.api import kinds, meta
from novita_operator.clock import Clock
from novita_operator.kube import errors
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts import retention
from novita_operator.runtime.accounts.retention import Left, Record

logger = logging.getLogger(__name__)

_ACCOUNTS = kinds.NOVITA_ACCOUNT
_PATH = "/api/v1/namespaces/{namespace}/configmaps"
_ONE = _PATH + "/{name}"
_DRY_RUN = {"dryRun": "All"}
_TRIES = 5  # each lost race is another's write that succeeded; beyond that, the pass starts over


class NotKnown(Exception):
    """What was retained cannot be told. The message says why, and what a person can do."""


class Full(Exception):
    """The record takes no more. The message says what a person can do."""


@dataclass(frozen=True, slots=True)
class Retained:
    """`namespace`: the operator's own, where no tenant writes. `names`: what our instances are called."""

    kube: KubeClient
    cache: Cache
    names: naming.Names
    namespace: str
    clock: Clock

    async def keep(self, account: str, left: Left) -> None:
        """Write down what an object leaves; it is durable when this returns. Raises Full and kube errors."""

        def add(entries: dict[str, str]) -> dict[str, str]:
            if left.uid not in entries:
                self._make_sure_of_room(account, left.namespace, entries)
                entries[left.uid] = left.to_text()
            return entries

        crashpoints.reached("retained.before-write")
        await self._change(account, add, make=True)
        await self._mark(account)
        crashpoints.reached("retained.after-write")

    async def revise(self, account: str, gone: Collection[str], keys: Mapping[str, str]) -> None:
        """Drop the entries of these UIDs, and write down the key with which others are shown. Raises kube errors."""

        def change(entries: dict[str, str]) -> dict[str, str]:
            known = retention.read({"data": entries}).left
            stamped = {uid: replace(known[uid], key=key).to_text() for uid, key in keys.items() if uid in known}
            return {uid: text for uid, text in (entries | stamped).items() if uid not in gone}

        await self._change(account, change, make=False)

    async def read(self, account: str) -> Record:
        """What is left at Novita. Raises NotKnown where that cannot be told: then nothing may count as an orphan."""
        try:
            body = await self._find(account)
            if body is not None and body.get("data"):
                await self._mark(account)
        except errors.Conflict:
            pass  # the account was just written: it is marked at the next look
        except errors.KubeError as error:
            raise NotKnown(self._unreadable(account, str(error))) from None
        if body is None:
            self._make_sure_that_there_was_none(account)
            return Record()
        if retention.is_incomplete(body):
            raise NotKnown(self._incomplete(account))
        try:
            return retention.read(body)
        except retention.Damaged as error:
            raise NotKnown(self._unreadable(account, str(error))) from None

    async def beside(self, account: str) -> Record:
        """What is left under other accounts, also under those that are gone: they may have had the same key.

        Raises NotKnown where they cannot be listed. What cannot be read of one stops that account, and not this one.
        """
        try:
            bodies = await self.kube.labelled(_PATH, self.namespace, retention.LABELS)
        except errors.KubeError as error:
            raise NotKnown(self._unreadable(account, str(error))) from None
        own = retention.config_map_name(account)
        return retention.readable(body for body in bodies if body["metadata"]["name"] != own)

    async def rehearse(self, account: str) -> None:
        """Whether the cluster would take an entry; writes nothing. Raises NotKnown.

        Where it would not, whoever goes unheld leaves no trace: a later process would take its instance for an orphan.
        """
        try:
            await self._try(account, lambda entries: entries, make=True, rehearsal=True)
        except errors.Conflict:
            return  # somebody was faster, so that writing works
        except errors.KubeError as error:
            if not errors.is_no_rehearsal(error):
                raise NotKnown(self._unwritable(account, str(error))) from None

    async def _find(self, account: str) -> Body | None:
        name = retention.config_map_name(account)
        try:
            return await self.kube.request("GET", _ONE, namespace=self.namespace, name=name)
        except errors.NotFound:
            return None

    async def _change(self, account: str, change: Callable[[dict[str, str]], dict[str, str]], *, make: bool) -> None:
        for _ in range(_TRIES - 1):
            try:
                return await self._try(account, change, make=make)
            except errors.Conflict:
                continue
        return await self._try(account, change, make=make)

    async def _try(
        self, account: str, change: Callable[[dict[str, str]], dict[str, str]], *, make: bool, rehearsal: bool = False
    ) -> None:
        found = await self._find(account)
        if found is None and not make:
            return
        body = found or retention.new(account, self.namespace, self._lost_since(account))
        entries: dict[str, str] = body.get("data") or {}
        changed = change(dict(entries))
        new, query = retention.labelled(body) | {"data": changed}, _DRY_RUN if rehearsal else None
        if found is None:
            await self.kube.request("POST", _PATH, body=new, query=query, namespace=self.namespace)
        elif changed != entries or rehearsal:
            name = retention.config_map_name(account)
            await self.kube.request("PUT", _ONE, body=new, query=query, namespace=self.namespace, name=name)

    def _lost_since(self, account: str) -> str | None:
        """When it is made again although there was one: what that held is not in it."""
        return f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}" if self._marked(account) is not None else None

    def _marked(self, account: str) -> retention.Mark | None:
        at = self._meta(account)
        return None if at is None else retention.ours(retention.marks(at), self.names)

    def _meta(self, account: str) -> meta.Meta | None:
        body = self.cache.find(Key(_ACCOUNTS.plural, "", account))
        return None if body is None else meta.Meta.parse(body["metadata"])

    async def _mark(self, account: str) -> None:
        """Tell on the account that there is a record. Raises kube errors."""
        at, mark = self._meta(account), retention.Mark(self.names.cluster, self.namespace)
        if at is None or mark in retention.marks(at):
            return
        annotations = {meta.RETAINED_IN: retention.marked(at, mark)}
        try:
            body = await self.kube.patch_metadata(_ACCOUNTS, at, annotations=annotations)
        except errors.NotFound:
            return  # the account is gone, and nothing is collected for it
        self.cache.put(Key(_ACCOUNTS.plural, "", account), body)

    def _make_sure_of_room(self, account: str, namespace: str, entries: Mapping[str, str]) -> None:
        theirs = retention.count_of(namespace, entries)
        if len(entries) < retention.MOST and theirs < retention.MOST_PER_NAMESPACE:
            return
        what = f"ConfigMap {self._where(account)} holds {len(entries)} retained instances of account {account}"
        raise Full(
            f"{what}, {theirs} of them of this namespace; it takes {retention.MOST}, and "
            f"{retention.MOST_PER_NAMESPACE} of one namespace. Delete some of them at Novita: their entries go by "
            "themselves an hour later. Or set spec.deletionPolicy to Delete"
        )

    def _make_sure_that_there_was_none(self, account: str) -> None:
        mark = self._marked(account)
        if mark is None:
            return
        was = "" if mark.namespace == self.namespace else f" It was kept in namespace {mark.namespace}: copy it."
        raise NotKnown(
            f"ConfigMap {self._where(account)}, which tells retained instances from orphans, is gone.{was} Nothing is "
            "deleted without it. Restore it from a backup; or, if no instance was retained, make an empty one: "
            f"kubectl -n {self.namespace} create configmap {retention.config_map_name(account)}"
        )

    def _incomplete(self, account: str) -> str:
        return (
            f"ConfigMap {self._where(account)}, which tells retained instances from orphans, was lost and made again: "
            "earlier entries may be missing, so that nothing is deleted. Put them back from a backup, or adopt or end "
            f"what was retained; then: kubectl -n {self.namespace} annotate configmap "
            f"{retention.config_map_name(account)} {meta.INCOMPLETE}-"
        )

    def _unreadable(self, account: str, why: str) -> str:
        return (
            f"ConfigMap {self._where(account)}, which tells retained instances from orphans, could not be read: "
            f"{why.rstrip('.')}. Nothing is deleted until it can. Give the operator the rights of its chart, or put "
            "the ConfigMap right from a backup."
        )

    def _unwritable(self, account: str, why: str) -> str:
        return (
            f"ConfigMap {self._where(account)}, which tells retained instances from orphans, could not be written: "
            f"{why.rstrip('.')}. Nothing is deleted until it can. Give the operator the rights of its chart, or let "
            "the cluster take the ConfigMap."
        )

    def _where(self, account: str) -> str:
        return f"{self.namespace}/{retention.config_map_name(account)}"
