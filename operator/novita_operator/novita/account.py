"""The door that controllers see: one account at Novita."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr

from novita_operator.clock import SystemClock, WaitingClock
from novita_operator.novita import errors
from novita_operator.novita.billing import Billing
from novita_operator.novita.caching import FreshValues
from novita_operator.novita.catalog import Asked, Catalog
from novita_operator.novita.instances import Instances
from novita_operator.novita.limits import Priority, RateLimiter
from novita_operator.novita.logs import LogAddresses, Logs
from novita_operator.novita.models import (
    Balance,
    Cluster,
    CreateRequest,
    Curve,
    Instance,
    NetworkVolume,
    PortSpec,
    Product,
    Template,
    Usage,
)
from novita_operator.novita.snapshot import oldest_first
from novita_operator.novita.templates import Templates
from novita_operator.novita.transport import Observe, Transport
from novita_operator.novita.utilization import UtilizationReader
from novita_operator.novita.volumes import Volumes

# Calls that may be made at once before the rate counts: an object's look-up, create and read (novita-api 1.6).
_BURST = 10


class NovitaAccountClient:
    """Calls to one account. Raises the tree of `novita.errors`, nothing else."""

    def __init__(
        self, transport: Transport, *, catalog_max_age_seconds: float, clock: WaitingClock | None = None
    ) -> None:
        """`catalog_max_age_seconds`: how long products, regions and templates are believed, if a call does not say."""
        self._transport = transport
        self._catalog = Catalog(transport)
        self._templates = Templates(transport)
        self._billing = Billing(transport)
        self._utilization = UtilizationReader(transport)
        self._logs = Logs(transport)
        self._network_volumes = Volumes(transport)
        self._max_age = catalog_max_age_seconds
        clock = clock or SystemClock()
        self._instances = Instances(transport, clock)
        self._products: FreshValues[tuple[Product, ...]] = FreshValues(clock)
        self._offers: FreshValues[tuple[Product, ...]] = FreshValues(clock)
        self._clusters: FreshValues[tuple[Cluster, ...]] = FreshValues(clock)
        self._found: FreshValues[Template | None] = FreshValues(clock)

    @classmethod
    def open(  # noqa: PLR0913 - each is a setting of its own
        cls,
        *,
        base_url: str,
        api_key: SecretStr,
        timeout_seconds: float = 30.0,
        max_retries: int = 3,
        retry_delay_seconds: float = 1.0,
        requests_per_minute: int = 100,
        catalog_max_age_seconds: float = 60.0,
        observe: Observe | None = None,
        clock: WaitingClock | None = None,
    ) -> NovitaAccountClient:
        """A client with its own connection pool, rate limit and breakers. Raises Invalid where the URL is none."""
        clock = clock or SystemClock()
        transport = Transport(
            base_url,
            api_key,
            timeout_seconds=timeout_seconds,
            max_retries=max_retries,
            retry_delay_seconds=retry_delay_seconds,
            limiter=RateLimiter(requests_per_minute, _BURST, clock),
            observe=observe,
            clock=clock,
        )
        return cls(transport, catalog_max_age_seconds=catalog_max_age_seconds, clock=clock)

    async def aclose(self) -> None:
        """Close the connections, after the calls under way have ended."""
        await self._transport.aclose()

    def replace_key(self, api_key: SecretStr) -> bool:
        """Use this key from now on. True if it is another one."""
        return self._transport.replace_key(api_key)

    def breaker_states(self) -> Mapping[str, str]:
        """closed, half-open or open, per class of calls."""
        return self._transport.breaker_states()

    async def list_instances(self, *, name: str = "", priority: Priority = Priority.POLL) -> tuple[Instance, ...]:
        """Everything whose name contains `name`, over all pages, complete or an error.

        Still no proof of absence: an instance can be missed while another one vanishes from an earlier page, and a
        new one may show late (novita-api 1.8). Look at the instance itself before its absence has consequences.
        """
        return await self._instances.list(name, priority)

    async def find_by_name(self, name: str, *, priority: Priority = Priority.READ_FOR_USER) -> tuple[Instance, ...]:
        """The instances of exactly this name, oldest first; removed ones, which linger in lists, are left out."""
        listed = await self._instances.list(name, priority)
        return oldest_first(found for found in listed if found.name == name and not found.state.is_gone)

    async def get_instance(self, instance_id: str, *, priority: Priority = Priority.READ_FOR_USER) -> Instance:
        """One instance with its connection details. Raises NotFound.

        `priority`: DELETE for a look without which nothing is ended: other reads that fail do not hold it back.
        """
        return await self._instances.get(instance_id, priority)

    async def create_instance(self, request: CreateRequest, *, not_after: float | None = None) -> str:
        """Rent. Exactly one POST; returns the id.

        `not_after`: a `time.monotonic()` after which the call is not sent any more. Raises NotSent, RateLimited or a
        subtype of Refused where it was surely not carried out, and OutcomeUnknown in every other case (timeout,
        reset, any 5xx, an answer that cannot be read or names no id).
        """
        return await self._instances.create(request, not_after=not_after)

    async def start_instance(self, instance_id: str) -> None:
        """Start a stopped instance. Raises OutOfCapacity where its GPU is taken."""
        await self._instances.start(instance_id)

    async def stop_instance(self, instance_id: str) -> None:
        """Stop a running instance: the GPU is free and no longer billed, the disk is kept."""
        await self._instances.stop(instance_id)

    async def delete_instance(self, instance_id: str) -> None:
        """Delete. Raises NotFound where it is gone already; only later looks prove that it went."""
        await self._instances.delete(instance_id)

    async def edit_instance(self, instance_id: str, *, ports: Sequence[PortSpec], expand_root_gb: int = 0) -> None:
        """Replace the port list, grow the root disk by so many GB."""
        await self._instances.edit(instance_id, ports, expand_root_gb)

    async def products(
        self, *, max_age_seconds: float | None = None, since: float = float("-inf")
    ) -> tuple[Product, ...]:
        """All GPU products of all regions, from one call for everybody who asks; their stock is that for on demand.

        `since`: a monotonic time; an older answer does not count.
        """
        return await self._products.get("all", self._catalog.products, self._age(max_age_seconds), since)

    async def offers(
        self, asked: Asked, *, max_age_seconds: float | None = None, since: float = float("-inf")
    ) -> tuple[Product, ...]:
        """The products that are offered with this billing, with the stock for so many GPUs, from one call for all.

        `since`: a monotonic time; an older answer does not count.
        """
        return await self._offers.get(asked, lambda: self._catalog.offers(asked), self._age(max_age_seconds), since)

    async def products_in(self, cluster_id: str) -> tuple[Product, ...]:
        """The GPU products of one region with their stock there, read anew."""
        return await self._catalog.products(cluster_id)

    async def clusters(self, *, max_age_seconds: float | None = None) -> tuple[Cluster, ...]:
        """All regions, from one call for everybody who asks."""
        return await self._clusters.get("all", self._catalog.clusters, self._age(max_age_seconds))

    async def get_template(self, template_id: str) -> Template:
        """The template of this id, read anew. Raises NotFound."""
        return await self._templates.get(template_id)

    async def find_template(
        self, name: str | None = None, *, template_id: str | None = None, max_age_seconds: float | None = None
    ) -> Template | None:
        """The template of this exact name, else the one of this id, else None. Kept like the catalogue."""

        async def fetch() -> Template | None:
            found = await self._templates.find(name) if name else None
            if found is not None or not template_id:
                return found
            try:
                return await self._templates.get(template_id)
            except errors.NotFound:
                return None

        return await self._found.get((name, template_id), fetch, self._age(max_age_seconds))

    async def gpu_utilization(self, instance_id: str, since: datetime, until: datetime) -> Curve:
        """How busy the instance's GPUs were between two moments, as far as Novita has recorded it."""
        return await self._utilization.gpu_utilization(instance_id, since, until)

    async def usage(self, instance_id: str, since: datetime, every_seconds: int) -> Usage:
        """GPUs, CPU, memory and disk up to now, as far as Novita has recorded them. Raises NotFound."""
        return await self._utilization.usage(instance_id, since, every_seconds)

    async def log_addresses(self, instance_id: str) -> LogAddresses:
        """Where the logs of one instance can be read. Raises NotFound."""
        return await self._logs.addresses(instance_id)

    async def network_volumes(self) -> tuple[NetworkVolume, ...]:
        """All network volumes of the account, read anew: they are asked for once per create."""
        return await self._network_volumes.list()

    async def balance(self) -> Balance:
        """The account's money."""
        return await self._billing.balance()

    def _age(self, max_age_seconds: float | None) -> float:
        return self._max_age if max_age_seconds is None else max_age_seconds
