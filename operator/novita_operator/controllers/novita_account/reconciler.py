"""One pass over one NovitaAccount: make its client match the spec, look for orphans, then report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import SecretStr

from novita_operator.api import kinds, meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance.resource import account_of
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.novita_account.status import Adoption, Creates
from novita_operator.clock import Clock
from novita_operator.controllers.novita_account import holding, measuring
from novita_operator.controllers.novita_account.garbagecollection import collector, latecomers
from novita_operator.controllers.novita_account.polling import adoptions, census, selecting
from novita_operator.controllers.novita_account.polling import poller as poll
from novita_operator.controllers.novita_account.polling.credentials import Credentials, as_held
from novita_operator.controllers.novita_account.polling.key_watch import KeyWatch
from novita_operator.controllers.novita_account.reporting import pauses, status
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.novita import errors
from novita_operator.novita.models import Product
from novita_operator.reconciling.account_health import KeyMissing, NotPolled
from novita_operator.reconciling.outcome import After, Requeue
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts

logger = logging.getLogger(__name__)

KIND = kinds.NOVITA_ACCOUNT
_USERS = kinds.GPU_INSTANCE
# How often the Secret of a key is read again: a new key works within this time, without a restart.
_KEY_CHECK_SECONDS = 15.0
# Prices move slowly (novita-api quirk 26: up to 15 minutes behind anyway), and the burn rate is an estimate.
_PRICE_SECONDS = 900.0
_LIMITED_PRICE_SECONDS = 60.0  # one call a minute, however many objects there are
# kopf stops the timer of an account that is being deleted; its objects still need polls to be deleted themselves.
_DELETING_TICK_SECONDS = 0.5

Opener = Callable[[NovitaAccount, SecretStr], Account]
"""Builds the working account of a spec and a key."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """The reconciler of the kind."""

    kube: KubeClient
    cache: Cache
    accounts: Accounts
    poller: poll.Poller
    collector: collector.Collector
    latecomers: latecomers.Latecomers
    credentials: Credentials
    key_watch: KeyWatch
    recorder: Recorder
    open_account: Opener
    clock: Clock
    wake: Callable[[Key], None]

    async def reconcile(self, key: Key) -> Requeue:
        """Bring client and status up to date. Raises kube errors."""
        body = self.cache.find(key)
        if body is None:
            return None
        resource = NovitaAccount.parse(body)
        users = self._users(resource.meta.name)
        if resource.meta.deleted_at is not None and not users:
            return await self._let_go(resource, key)
        if resource.meta.deleted_at is None and not holding.is_held(resource):
            await holding.hold(resource, key, self.kube, self.cache)
            return After(0.0)
        account = await self._account(resource)
        account.was_used |= bool(users)
        if resource.meta.deleted_at is not None:
            await self.poller.tick(account)
        await self._report(resource, account, users, key)
        return After(_KEY_CHECK_SECONDS if resource.meta.deleted_at is None else _DELETING_TICK_SECONDS)

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """The log says it all: an account's conditions speak of Novita, and its objects report what they miss."""
        logger.error("%s: %s; tried again in %.0f s", key, type(error).__name__, pause)

    async def tick(self, name: str) -> bool:
        """Poll the account of this name if it is time to. True if a poll was made."""
        account = self.accounts.find(name)
        return account is not None and await self.poller.tick(account)

    async def forget(self, name: str) -> bool:
        """The object is gone: close its connections, and show nothing of it any more. True if it was at work."""
        self.collector.forget(name)
        account = self.accounts.remove(name)
        if account is not None:
            await account.client.aclose()
        self.poller.metrics.forget_account(name)
        return account is not None

    async def leave(self, key: Key, uid: str) -> bool:  # noqa: ARG002 - the signature is that of all kinds
        """Another operator works on it now: no poll, no look for orphans, no connection."""
        return await self.forget(key.name)

    async def _let_go(self, resource: NovitaAccount, key: Key) -> Requeue:
        """The watch shows no object that uses the account; a list read from etcd decides."""
        if not holding.is_held(resource):
            return None
        try:
            if await holding.is_used(resource.meta.name, self.kube, self.collector.namespaces):
                return After(_DELETING_TICK_SECONDS)
        except kube_errors.NotServed:
            account = await self._account(resource)
            await self.poller.tick(account)
            if holding.unread(account) is not None:
                await self._report(resource, account, (), key)
                return After(_KEY_CHECK_SECONDS)
        await holding.let_go(resource, key, self.kube, self.cache)
        return None

    async def _account(self, resource: NovitaAccount) -> Account:
        """The working account: opened once, opened anew for another address or limit, given a new key in place."""
        held = self.accounts.find(resource.meta.name)
        resource = as_held(resource, held)
        key, spec = await self.credentials.key(resource), resource.spec
        selected = await selecting.selected(spec, self.kube)
        if held is not None and (held.spec.base_url, held.spec.limits) == (spec.base_url, spec.limits):
            if (held.spec, held.selected, held.unreadable) != (spec, selected, resource.unreadable):
                held.spec, held.selected, held.unreadable = spec, selected, resource.unreadable
                self._wake_users(held.name)
            await self._renew_key(resource, held, key)
            return held
        account = self.open_account(resource, key if isinstance(key, SecretStr) else SecretStr(""))
        if not isinstance(key, SecretStr):
            account.health = key
        account.money.frozen = resource.status.creates is not None and resource.status.creates.frozen_at is not None
        _go_on(account, held, resource)
        account.selected, account.unreadable = selected, resource.unreadable
        account.adopt(adoptions.by_id(resource.status.adoptions))
        if isinstance(key, SecretStr):
            await self.key_watch.compare(resource, account, key)
        self.accounts.put(account)
        if held is not None:
            await held.client.aclose()
        self._wake_users(resource.meta.name)
        return account

    async def _renew_key(self, resource: NovitaAccount, account: Account, key: SecretStr | KeyMissing) -> None:
        if not isinstance(key, SecretStr):
            if account.health != key:
                account.health = key
                self._wake_users(account.name)
        elif account.client.replace_key(key) or isinstance(account.health, KeyMissing) or account.fingerprint is None:
            logger.info("NovitaAccount %s: the key was replaced", account.name, extra={"account": account.name})
            account.health = NotPolled()
            await self.key_watch.compare(resource, account, key)
            account.poll_due = self.clock.monotonic()
            account.pauses.hasten()

    async def _report(self, resource: NovitaAccount, account: Account, users: tuple[str, ...], key: Key) -> None:
        now = self.clock.now()
        counted, prices = await self._census(account)
        creates, events = self._creates(resource, account)
        events += await self.latecomers.end(account)
        account.pauses.requested(resource.meta.reconcile_requested_at)
        account.losses.confirm(resource.meta.annotations.get(meta.CONFIRM_LOSSES))
        facts = status.Facts(
            account.health,
            creates=creates,
            users=users,
            unread=holding.unread(account),
            missing=account.losses.explain(),
            losses_confirmed=account.losses.confirmed,
            fingerprint=None if account.losses.key_changed else account.fingerprint,
            renamed=self.accounts.renamed.explain(account.name, self.poller.names.cluster),
            departed=self.collector.departed(resource),
            adoptions=self._adoptions(resource, account),
            paused=tuple(account.pauses.standing()),
            polled_every=timedelta(seconds=self.poller.pace.settled),
        )
        events += status.begun(resource.status, facts)
        if counted is not None and account.snapshot is not None:
            checked = await self.collector.check(resource, account, counted, len(users))
            events += checked.take_events()
            facts = replace(
                facts,
                polled_at=account.snapshot.started_at,
                balance=account.balance.available if account.balance else None,
                census=counted,
                orphans=tuple(collector.wire(each, prices.per_hour(each.instance)) for each in checked.verdict.orphans),
                retained=checked.verdict.retained,
                brake=checked.verdict.brake,
                baseline=checked.verdict.baseline,
                confirmed=checked.confirmed or checked.spent,
            )
        measuring.measure(self.poller.metrics, account, facts)
        await self._write_status(resource, facts, now, key)
        self.recorder.record("NovitaAccount", resource.meta, events, now)

    async def _write_status(self, resource: NovitaAccount, facts: status.Facts, now: datetime, key: Key) -> None:
        wanted = status.report(resource, facts, now)
        if wanted != resource.status.to_wire():
            newest = self.cache.find(key) or {}
            self.cache.put(key, await self.kube.patch_status(KIND, resource.meta, newest.get("status") or {}, wanted))

    async def _census(self, account: Account) -> tuple[census.Census | None, census.Prices]:
        if account.everything is None or account.snapshot is None:
            return None, census.Prices({})
        try:
            products = await account.client.products(max_age_seconds=self._price_seconds(account.name))
            self._remember(products, account)
            prices = census.Prices.of(products)
        except errors.NovitaError:
            # Prices only estimate; the poll reports why Novita cannot be reached.
            prices = census.Prices({})
        marks = census.Marks(self.poller.names, account.adopted, self.accounts.claims, self._recorded(account.name))
        shown = account.snapshot.instances  # Novita's filter takes names in another case, too: none counts twice
        others = [
            each for each in account.everything if each.id not in shown and not self.poller.is_ours(each, account)
        ]
        return census.take([*others, *account.snapshot.instances.values()], marks, prices), prices

    def _price_seconds(self, name: str) -> float:
        """Whoever has set a limit wants to hear soon of a price that has risen above it."""
        limited = any((body.get("spec") or {}).get("maxPricePerHour") is not None for _, body in self._using(name))
        return _LIMITED_PRICE_SECONDS if limited else _PRICE_SECONDS

    def _remember(self, products: Sequence[Product], account: Account) -> None:
        known = {product.id: product for product in products}
        if account.products and account.products != known:
            account.products = known
            self._wake_users(account.name)
        account.products = known

    def _creates(self, resource: NovitaAccount, account: Account) -> tuple[Creates | None, list[Event]]:
        """The money breaker: frozen durably, thawed by an annotation with a new value."""
        old = resource.status.creates or Creates()
        asked = resource.meta.annotations.get(meta.THAW_CREATES)
        if old.frozen_at is not None and asked is not None and asked != old.thawed_by:
            account.money.thaw()
            self._wake_users(account.name)
            return Creates(thawed_by=asked), []
        if old.frozen_at is not None and account.losses.may_have_caused(old.frozen_at):
            account.money.thaw()
            self._wake_users(account.name)
            return Creates(thawed_by=old.thawed_by), []
        if account.money.frozen and old.frozen_at is None:
            text = (
                "Instances were rented too often for the same objects; nothing is rented until a person sets the "
                f"annotation {meta.THAW_CREATES} on the account."
            )
            frozen = Creates(frozen_at=self.clock.now(), thawed_by=asked)
            return frozen, [Event("Warning", EventReason.CREATES_FROZEN, text)]
        return resource.status.creates, []

    def _adoptions(self, resource: NovitaAccount, account: Account) -> tuple[Adoption, ...]:
        """What the status records counts from now on, also in a process that has just started."""
        taken = adoptions.of((body for _, body in self._using(account.name)), resource, account)
        recorded = adoptions.by_id(resource.status.adoptions)
        if recorded != account.adoptions:
            account.adopt(recorded)
            self._wake_users(account.name)
        return taken

    def _users(self, name: str) -> tuple[str, ...]:
        return tuple(f"{key.namespace}/{key.name}" for key, _ in self._using(name))

    def _recorded(self, name: str) -> frozenset[str]:
        """The ids that objects of the account have in their status."""
        return frozenset(str((body.get("status") or {}).get("instanceId")) for _, body in self._using(name))

    def _wake_users(self, name: str) -> None:
        for key, _ in self._using(name):
            self.wake(key)

    def _using(self, name: str) -> Iterator[tuple[Key, Body]]:
        """The objects that refer to the account, as the watch has brought them."""
        return ((key, body) for key, body in self.cache.of_kind(_USERS.plural) if account_of(body) == name)


def _go_on(account: Account, held: Account | None, resource: NovitaAccount) -> None:
    """What is known of the account outlives its connections, and the part that its status holds the process, too."""
    if held is None:
        account.losses.spent = resource.status.losses_confirmed
        if (paused := pauses.recorded(resource.status)) is not None:
            account.pauses.recall(*paused)
        return
    account.losses, account.fingerprint = held.losses, held.fingerprint
    account.usage, account.products = held.usage, held.products
    account.pauses = held.pauses
    account.pauses.hasten()
