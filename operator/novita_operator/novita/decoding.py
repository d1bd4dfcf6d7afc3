"""Wire JSON -> strict values (novita-api 2A).

Unknown keys are ignored, odd values become empty ones. Only what cannot be told apart raises InvalidResponse: an
instance without an id. One such item fails the whole list: it may be ours, and a list that hides an instance leads
to a second rental or to one that nobody deletes. With an id, an instance is listed however odd the rest is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from novita_operator.novita import errors, fields, ssh_command
from novita_operator.novita.fields import Wire
from novita_operator.novita.models import (
    Balance,
    Cluster,
    Instance,
    NetworkVolume,
    PortMapping,
    PortSpec,
    Product,
    Protocol,
    Ssh,
    Template,
    WebTerminal,
    state_of,
)
from novita_operator.novita.paging import Page

_PRICE_UNIT = Decimal(100_000)  # products: 1/100 000 USD (novita-api 1.10)
# No GPU costs less than a cent or more than this an hour: a number below it was meant in USD already.
_LOWEST_PRICE = Decimal(1000)
_CENTS = Decimal("0.00")  # added to a price: people read 0.40 and not 0.4; what is finer than a cent stays
_LAST_PORT = 65_535
# What documented list items lack, and live ones have (novita-api 10).
_LIVE_TIMES = frozenset({"lastStartedAt", "startedAt"})
_SPOT = frozenset({"spotStatus", "spotReclaimTime"})
_MONEY_UNIT = Decimal(10_000)  # balance: 1/10 000 USD (novita-api 1.10)


def instances(raw: object) -> Page[Instance]:
    """A page of the list, which may be null. Raises InvalidResponse where it is no list, or an item has no id."""
    null = _is_null(raw, "instances")
    listed = [] if null else _list(raw, "instances")
    return Page([instance(item) for item in listed], _total(raw), null)


def instance(raw: object) -> Instance:
    """An item of a list, or a detail, bare or in an envelope. Raises InvalidResponse where there is no id."""
    wire = _object(raw, "instance")
    instance_id = fields.text(wire, "id")
    if not instance_id:
        raise errors.InvalidResponse("Novita answered with an instance that has no id")
    word = fields.shared(wire, "status")
    return Instance(
        id=instance_id,
        name=fields.text(wire, "name"),
        word=word,
        state=state_of(word),
        error=_status_error(wire),
        cluster_id=fields.shared(wire, "clusterId"),
        cluster_name=fields.shared(wire, "clusterName"),
        product_id=fields.shared(wire, "productId"),
        product_name=fields.shared(wire, "productName"),
        gpu_count=fields.number(wire, "gpuNum"),
        price_per_hour=_price(wire, "instancePrice"),
        image=fields.shared(wire, "imageUrl"),
        billing_mode=fields.shared(wire, "billingMode"),
        rootfs_gb=fields.number(wire, "rootfsSize"),
        spot_status=fields.shared(wire, "spotStatus"),
        spot_reclaim_at=fields.moment(wire, "spotReclaimTime"),
        created_at=fields.moment(wire, "createdAt"),
        started_at=fields.moment(wire, "lastStartedAt") or fields.moment(wire, "startedAt"),
        stopped_at=fields.moment(wire, "lastStoppedAt") or fields.moment(wire, "stoppedAt"),
        ports=_port_mappings(wire),
        ssh=_ssh(wire),
        jupyter=fields.line(fields.part(wire, "connectComponentJupyter"), "address"),
        web_terminal=_web_terminal(wire),
        bare=_LIVE_TIMES.isdisjoint(wire) or _SPOT.isdisjoint(wire),
        jobs=tuple(fields.shared(job, "type") for job in fields.parts(wire, "jobs")),
    )


def created_id(raw: object) -> str:
    """The id in the answer to a create call; "" where there is none."""
    wire = raw if isinstance(raw, dict) else {}
    return fields.text(wire, "id") or fields.text(wire, "instanceId")


def products(raw: object) -> tuple[Product, ...]:
    """The product list; items without an id are left out. Raises InvalidResponse where it is no list."""
    return tuple(
        _product(item) for item in _list_or_null(raw, "data") if isinstance(item, dict) and fields.text(item, "id")
    )


def clusters(raw: object) -> tuple[Cluster, ...]:
    """The region list; items without an id are left out. Raises InvalidResponse where it is no list."""
    listed = (item for item in _list(raw, "data") if isinstance(item, dict) and fields.text(item, "id"))
    return tuple(Cluster(id=fields.text(item, "id"), name=fields.line(item, "name")) for item in listed)


def templates(raw: object) -> Page[Template]:
    """A page of templates; items without an id are left out. Raises InvalidResponse where it is no list."""
    decoded = (template(item) for item in _list_or_null(raw, "template") if isinstance(item, dict))
    return Page([item for item in decoded if item.id], _total(raw))


def template(raw: object) -> Template:
    """A template; `id` and `image` may be empty. Commands and variables may hold secrets: values stay wrapped."""
    wire = _object(raw, "template")
    tools = {fields.text(tool, "name").lower() for tool in fields.parts(wire, "tools")}
    return Template(
        id=fields.text(wire, "Id") or fields.text(wire, "id"),
        name=fields.text(wire, "name"),
        image=fields.line(wire, "image"),
        image_auth_id=fields.text(wire, "imageAuth") or None,
        command=fields.text(wire, "startCommand"),
        entrypoint=fields.text(wire, "entrypoint"),
        rootfs_gb=fields.number(wire, "rootfsSize"),
        ports=_template_ports(wire),
        env=tuple(
            (fields.text(env, "key"), SecretStr(fields.text(env, "value")))
            for env in fields.parts(wire, "envs")
            if fields.text(env, "key")
        ),
        jupyter="jupyter" in tools,
        channel=fields.line(wire, "channel"),
    )


def balance(raw: object) -> Balance:
    """The account's money. Raises InvalidResponse where the available balance is no number."""
    wire = raw if isinstance(raw, dict) else {}
    available = fields.amount(wire, "availableBalance")
    if available is None:
        raise errors.InvalidResponse("Novita answered with a balance that is no number")
    credit = fields.amount(wire, "creditLimit") or Decimal(0)
    return Balance(available / _MONEY_UNIT, credit / _MONEY_UNIT)


def network_volumes(raw: object) -> Page[NetworkVolume]:
    """A page of the list. Raises InvalidResponse where it is no list."""
    listed = [item for item in _list_or_null(raw, "data") if isinstance(item, dict)]
    return Page([_network_volume(item) for item in listed], _total(raw))


def _network_volume(raw: Wire) -> NetworkVolume:
    return NetworkVolume(
        id=fields.text(raw, "storageId"),
        name=fields.line(raw, "storageName"),
        cluster_id=fields.text(raw, "clusterId"),
        size_gb=fields.number(raw, "storageSize"),
    )


def _product(raw: Wire) -> Product:
    return Product(
        id=fields.text(raw, "id"),
        name=fields.line(raw, "name"),
        regions=fields.words(raw, "regions"),
        available=raw.get("availableDeploy") is not False,
        inventory=fields.line(raw, "inventoryState").lower(),
        min_rootfs_gb=fields.number(raw, "minRootFS"),
        max_rootfs_gb=fields.number(raw, "maxRootFS"),
        price_per_gpu_hour=_price(raw, "price"),
        spot_price_per_gpu_hour=_price(raw, "spotPrice"),
        billing_methods=fields.words(raw, "billingMethods"),
        memory_per_gpu=fields.number(raw, "memoryPerGpu"),
        cpu_per_gpu=fields.number(raw, "cpuPerGpu"),
    )


def _price(raw: Wire, key: str) -> Decimal | None:
    """USD an hour; "0", "" and absence mean that there is no such offer (novita-api 1.10)."""
    value = fields.amount(raw, key)
    if value is None or value <= 0:
        return None
    return (value if value < _LOWEST_PRICE else value / _PRICE_UNIT) + _CENTS


def _list(raw: object, key: str) -> list[Any]:
    listed = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(listed, list):
        raise errors.InvalidResponse(f"Novita answered with a list that has no `{key}`")
    return listed


def _is_null(raw: object, key: str) -> bool:
    """Null in place of an empty list, or no list beside a total of nothing: some servers write neither."""
    if not isinstance(raw, dict):
        return False
    return raw[key] is None if key in raw else _total(raw) == 0


def _list_or_null(raw: object, key: str) -> list[Any]:
    """Where nothing costs money if the list is empty, null is that."""
    return [] if _is_null(raw, key) else _list(raw, key)


def _object(raw: object, envelope: str) -> Wire:
    """Details come bare or inside an envelope (novita-api 2A.1, 2A.4)."""
    wire: Wire = raw if isinstance(raw, dict) else {}
    return fields.part(wire, envelope) if isinstance(wire.get(envelope), dict) else wire


def _total(raw: object) -> int | None:
    """A number, possibly in a string (novita-api 5, 28); None where it is none."""
    total = fields.integer(raw.get("total")) if isinstance(raw, dict) else None
    return total if total is not None and total >= 0 else None


def _protocol(word: str) -> Protocol:
    return "HTTP" if word.lower().startswith("http") else "TCP"


def _port_mappings(raw: Wire) -> tuple[PortMapping, ...]:
    return tuple(
        PortMapping(fields.number(port, "port"), _protocol(fields.text(port, "type")), fields.line(port, "endpoint"))
        for port in fields.parts(raw, "portMappings")
    )


def _template_ports(raw: Wire) -> tuple[PortSpec, ...]:
    return tuple(
        PortSpec(port, _protocol(fields.text(group, "type")))
        for group in fields.parts(raw, "ports")
        for port in map(fields.integer, fields.items(group, "ports"))
        if port
    )


def _status_error(raw: Wire) -> str:
    error = fields.part(raw, "statusError")
    said = ": ".join(word for word in (fields.line(error, "state"), fields.line(error, "message")) if word)
    return errors.shortened(said)


def _ssh(raw: Wire) -> Ssh | None:
    """The component, and for what it lacks the top level: answers mix them (novita-api 4, 10)."""
    block = fields.part(raw, "connectComponentSSH")
    said = (fields.line(block, "sshCommand").strip(), fields.line(raw, "sshCommand").strip())
    command = next(filter(None, said), "") or _ssh_command(block)
    passwords = (fields.text(block, "password"), fields.text(raw, "sshPassword"), fields.text(raw, "password"))
    return Ssh(command, SecretStr(next(filter(None, passwords), ""))) if command else None


def _ssh_command(block: Wire) -> str:
    """Out of address and port, where those are told and no command; "" where they are not."""
    named, _, place = fields.line(block, "address").strip().rpartition("://")[2].rpartition("@")
    joined = ssh_command.HOST_AND_PORT.fullmatch(place)
    host = joined["host"] if joined is not None else place
    port = fields.number(block, "port") or (int(joined["port"]) if joined is not None else 0)
    user = fields.line(block, "username") or fields.line(block, "user") or named or "root"
    return f"ssh -p {port} {user}@{host}" if host and 0 < port <= _LAST_PORT else ""


def _web_terminal(raw: Wire) -> WebTerminal | None:
    block = fields.part(raw, "connectComponentWebTerminal")
    address = fields.line(block, "address")
    if not address:
        return None
    return WebTerminal(address, fields.line(block, "username"), SecretStr(fields.text(block, "password")))
