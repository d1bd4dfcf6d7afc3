"""The account poll: one paged list for all instances, compared with the last; what changed is enqueued."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from novita_operator.clock import Clock
from novita_operator.kube.cache import Key
from novita_operator.metrics import Metrics
from novita_operator.novita import errors, snapshot
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Balance, Instance, InstanceState
from novita_operator.reconciling import naming
from novita_operator.reconciling.account_health import Healthy, KeyMissing, KeyRejected, NotPolled, Unreachable
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts

logger = logging.getLogger(__name__)

_MOST_DOUBLINGS = 16  # beyond every pause that a setting takes


@dataclass(frozen=True, slots=True)
class Pace:
    """Periods of the poll, seconds: while anything moves, when nothing does, and while the key stays refused.

    A refusal may be a stray one: the key is tested again soon, and then ever more rarely.

    `everything`: how often the list is read without the filter by name, and the balance with it. Both say what the
    whole account costs, which moves slowly; with each fast poll they would be most of the traffic.
    """

    moving: float
    settled: float
    rejected: float
    everything: float = 60.0


@dataclass(frozen=True, slots=True)
class Poller:
    """Polls accounts when they are due."""

    accounts: Accounts
    names: naming.Names
    pace: Pace
    clock: Clock
    metrics: Metrics
    wake: Callable[[Key], None]

    async def tick(self, account: Account) -> bool:
        """Poll if it is time to. Called by the account's timer. True if a poll was made."""
        now = self.clock.monotonic()
        if isinstance(account.health, KeyRejected):
            account.poll_by(account.polled_at + self._until_tested(account))
        if account.moving and isinstance(account.health, Healthy):
            account.poll_by(account.polled_at + self.pace.moving)
        if account.polling or now < self._due(account) or isinstance(account.health, KeyMissing):
            return False
        before = account.health
        account.polling = True
        try:
            await self._poll(account)
        finally:
            account.polling = False
        pause = self._until_tested(account) if isinstance(account.health, KeyRejected) else self.pace.settled
        account.polled_at = self.clock.monotonic()
        account.poll_due = account.polled_at + (0.0 if isinstance(account.health, NotPolled) else pause)
        if type(before) is not type(account.health):
            logger.info("NovitaAccount %s is %s", account.name, type(account.health).__name__)
        return True

    def _due(self, account: Account) -> float:
        """When to poll next: however many objects ask for a poll at once, never faster than while anything moves.

        A tenant who makes and deletes objects without end would else use up the calls of all.
        """
        soonest = float("-inf") if isinstance(account.health, NotPolled) else account.polled_at + self.pace.moving
        return max(account.poll_due, soonest)

    def _until_tested(self, account: Account) -> float:
        """Seconds between two polls while the key is refused: from the fastest pace on, twice as long each time."""
        doublings = min(max(0, account.refusals - 1), _MOST_DOUBLINGS)
        return min(self.pace.rejected, self.pace.moving * float(2**doublings))

    async def _poll(self, account: Account) -> None:
        number, started = self.accounts.begin_poll(account), self.clock.now()
        begun, asked_with = self.clock.monotonic(), account.fingerprint
        try:
            instances = await self._read(account)
        except errors.CredentialsRejected as error:
            account.refusals = account.refusals + 1 if isinstance(account.health, KeyRejected) else 1
            account.health = KeyRejected(_rejected(account, error, self.pace.rejected))
        except errors.NovitaError as error:
            since = account.health.since if isinstance(account.health, Unreachable) else started
            account.health = Unreachable(_unreachable(account, error), since)
        else:
            if account.fingerprint != asked_with:
                return  # what another key has shown says nothing
            account.refusals = 0
            current = snapshot.Snapshot.of(account.name, instances, started)
            changed = snapshot.changes(account.snapshot, current)
            if account.snapshot is not None and _frees(account.snapshot.instances.values(), instances):
                account.pauses.hasten("quota")
            account.snapshot, account.snapshot_poll, account.health = current, number, Healthy()
            there = [each for each in current.instances.values() if _is_there(each)]
            account.listed(begun)
            account.losses.polled(len(there))
            account.losses.recognise({uid for each in there if (uid := naming.uid_in(each.name)) is not None})
            if any(each.id in account.adopted for each in there):
                account.losses.expect(())  # nobody else's account has an instance of that id
            self.metrics.snapshot_age.labels(account.name).set(started.timestamp())
            self._wake(changed)
        for key in account.take_waiting():
            self.wake(key)

    async def _read(self, account: Account) -> tuple[Instance, ...]:
        """The instances that carry our mark; now and then by way of everything that the account holds."""
        fresh = self.clock.monotonic() - account.everything_read_at < self.pace.everything
        one_mark = not self.names.former and not self.accounts.renamed.among(account.name)
        if fresh and one_mark and not account.adopted:
            await self._see_to_money(account)
            mark = naming.prefix(self.names.cluster)
            return await account.client.list_instances(name=mark, priority=Priority.POLL)
        everything = await account.client.list_instances(priority=Priority.POLL)
        others = [each for each in account.everything or () if not self.is_ours(each, account)]
        if _frees(others, everything):
            account.pauses.hasten("quota")
        account.everything = everything
        if not fresh:
            account.everything_read_at = self.clock.monotonic()
            await self._read_balance(account)
        else:
            await self._see_to_money(account)
        return tuple(each for each in everything if self.is_ours(each, account))

    def is_ours(self, instance: Instance, account: Account) -> bool:
        """Whether the snapshot holds it: by the mark in its name, or since an object has taken it over."""
        if self.names.marks(instance.name) or instance.id in account.adopted:
            return True
        return instance.name in self.accounts.claims and naming.uid_in(instance.name) is not None

    async def _see_to_money(self, account: Account) -> None:
        """While objects wait for more of it, what a person has paid in is seen with the next slow poll."""
        age = self.clock.monotonic() - account.balance_read_at
        if account.pauses.wait_for_money and age >= self.pace.settled:
            await self._read_balance(account)

    async def _read_balance(self, account: Account) -> None:
        before, account.balance_read_at = account.balance, self.clock.monotonic()
        try:
            account.balance = await account.client.balance()
            if before is not None and _left(account.balance) > _left(before):
                account.pauses.hasten("balance")
        except errors.CredentialsRejected:
            raise
        except errors.NovitaError as error:
            # The list is what counts; an account whose balance cannot be read still works.
            logger.warning("NovitaAccount %s: the balance could not be read: %s", account.name, error)

    def _wake(self, changed: frozenset[str]) -> None:
        for name in changed:
            key = self.accounts.claims.get(name)
            if key is not None:
                self.wake(key)


def _is_there(instance: Instance) -> bool:
    return not instance.state.is_leaving


def _frees(before: Iterable[Instance], now: Iterable[Instance]) -> bool:
    """Whether an instance that took GPUs takes none any more."""
    return bool({each.id for each in before if _runs(each)} - {each.id for each in now if _runs(each)})


def _runs(instance: Instance) -> bool:
    return _is_there(instance) and instance.state not in {InstanceState.EXITED, InstanceState.FROZEN}


def _left(balance: Balance) -> Decimal:
    return balance.available + balance.credit_limit


def _rejected(account: Account, error: errors.NovitaError, pause: float) -> str:
    return (
        f'Novita refuses the API key of NovitaAccount "{account.name}" ({error.reason or error.status}). '
        f"Put a valid key into its Secret; it is tested again within {pause:.0f} s, and at once when it changes."
    )


def _unreachable(account: Account, error: errors.NovitaError) -> str:
    return f'Novita could not be reached for NovitaAccount "{account.name}": {error.message or error.reason}.'
