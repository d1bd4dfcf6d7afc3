"""Lenient wire decoding -> strict values.

Numbers come as strings, absent enums as "", keys in two casings (novita-api 5). An instance with an id is always
listed, however odd its other fields are: an instance that we do not see is one that nobody deletes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import SecretStr

from novita_operator.novita import errors
from novita_operator.novita.models import (
    Balance,
    Cluster,
    Instance,
    PortMapping,
    PortSpec,
    Product,
    Protocol,
    Ssh,
    Template,
    WebTerminal,
    state_of,
)

Wire = Mapping[str, Any]
_PRICE_UNIT = Decimal(100_000)  # products: 1/100 000 USD (novita-api 1.10)
_MONEY_UNIT = Decimal(10_000)  # balance: 1/10 000 USD (novita-api 1.10)
_LATEST = 32_503_680_000  # the year 3000 in unix seconds: beyond it a number is no time
_TEXT_CHARS = 4096  # no honest field is longer


def instance(raw: Wire) -> Instance:
    """An instance of a list or a detail. Raises InvalidResponse where there is no id."""
    raw = _unwrapped(raw, "instance")
    instance_id = text(raw, "id")
    if not instance_id:
        raise errors.InvalidResponse("an instance without an id")
    word = text(raw, "status")
    return Instance(
        id=instance_id,
        name=text(raw, "name"),
        word=sys.intern(word),
        state=state_of(word),
        error=_status_error(raw),
        cluster_id=sys.intern(text(raw, "clusterId")),
        cluster_name=sys.intern(text(raw, "clusterName")),
        product_id=sys.intern(text(raw, "productId")),
        product_name=sys.intern(text(raw, "productName")),
        gpu_count=number(raw, "gpuNum"),
        image=sys.intern(text(raw, "imageUrl")),
        billing_mode=sys.intern(text(raw, "billingMode")),
        rootfs_gb=number(raw, "rootfsSize"),
        spot_status=sys.intern(text(raw, "spotStatus")),
        spot_reclaim_at=moment(raw, "spotReclaimTime"),
        created_at=moment(raw, "createdAt"),
        started_at=moment(raw, "lastStartedAt") or moment(raw, "startedAt"),
        stopped_at=moment(raw, "lastStoppedAt") or moment(raw, "stoppedAt"),
        ports=tuple(_mappings(raw)),
        ssh=_ssh(raw),
        jupyter=text(part(raw, "connectComponentJupyter"), "address"),
        web_terminal=_web_terminal(raw),
        jobs=tuple(text(job, "type") for job in parts(raw, "jobs")),
    )


def product(raw: Wire) -> Product:
    return Product(
        id=text(raw, "id"),
        name=text(raw, "name"),
        regions=_words(raw, "regions"),
        available=raw.get("availableDeploy") is not False,
        inventory=text(raw, "inventoryState").lower(),
        min_rootfs_gb=number(raw, "minRootFS"),
        max_rootfs_gb=number(raw, "maxRootFS"),
        price_per_gpu_hour=_price(raw, "price"),
        spot_price_per_gpu_hour=_price(raw, "spotPrice"),
        billing_methods=_words(raw, "billingMethods"),
        memory_per_gpu=number(raw, "memoryPerGpu"),
        cpu_per_gpu=number(raw, "cpuPerGpu"),
    )


def cluster(raw: Wire) -> Cluster:
    return Cluster(id=text(raw, "id"), name=text(raw, "name"))


def template(raw: Wire) -> Template:
    """A template. Its commands and variables may hold secrets: the values stay wrapped."""
    raw = _unwrapped(raw, "template")
    tools = {text(tool, "name").lower() for tool in parts(raw, "tools")}
    return Template(
        id=text(raw, "Id") or text(raw, "id"),
        name=text(raw, "name"),
        image=text(raw, "image"),
        image_auth_id=text(raw, "imageAuth") or None,
        command=text(raw, "startCommand"),
        entrypoint=text(raw, "entrypoint"),
        rootfs_gb=number(raw, "rootfsSize"),
        ports=tuple(_template_ports(raw)),
        env=tuple((text(env, "key"), SecretStr(text(env, "value"))) for env in parts(raw, "envs") if text(env, "key")),
        jupyter="jupyter" in tools,
        channel=text(raw, "channel"),
    )


def balance(raw: Wire) -> Balance:
    if "availableBalance" not in raw:
        raise errors.InvalidResponse("a balance without availableBalance")
    return Balance(_money(raw, "availableBalance"), _money(raw, "creditLimit"))


def text(raw: Wire, key: str) -> str:
    """A text field; "" where it is absent, null, or something else."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)[:_TEXT_CHARS]


def number(raw: Wire, key: str) -> int:
    """An integer, also in a string; 0 where there is none."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return 0
    try:
        return int(str(value).strip().split(".")[0][:20] or "0")
    except ValueError:
        return 0


def moment(raw: Wire, key: str) -> datetime | None:
    """Unix seconds in a string; "0", "-1" and "" are never (novita-api 1.9)."""
    seconds = number(raw, key)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST else None


def part(raw: Wire, key: str) -> Wire:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def parts(raw: Wire, key: str) -> Sequence[Wire]:
    value = raw.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _unwrapped(raw: Wire, name: str) -> Wire:
    """Details come bare or inside an envelope (novita-api 2A.1)."""
    return part(raw, name) if isinstance(raw.get(name), dict) else raw


def _words(raw: Wire, key: str) -> tuple[str, ...]:
    value = raw.get(key)
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()


def _decimal(raw: Wire, key: str) -> Decimal:
    try:
        value = Decimal(text(raw, key) or "0")
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() else Decimal(0)


def _price(raw: Wire, key: str) -> Decimal | None:
    """USD per GPU and hour; "0", "" and absence mean that there is no such offer (novita-api 1.10)."""
    value = _decimal(raw, key)
    return value / _PRICE_UNIT if value > 0 else None


def _money(raw: Wire, key: str) -> Decimal:
    return _decimal(raw, key) / _MONEY_UNIT


def _protocol(word: str) -> Protocol:
    return "HTTP" if word.lower().startswith("http") else "TCP"


def _mappings(raw: Wire) -> list[PortMapping]:
    return [
        PortMapping(number(port, "port"), _protocol(text(port, "type")), text(port, "endpoint"))
        for port in parts(raw, "portMappings")
    ]


def _template_ports(raw: Wire) -> list[PortSpec]:
    return [
        PortSpec(number({"port": port}, "port"), _protocol(text(group, "type")))
        for group in parts(raw, "ports")
        for port in (group.get("ports") if isinstance(group.get("ports"), list) else [])
        if number({"port": port}, "port")
    ]


def _status_error(raw: Wire) -> str:
    error = part(raw, "statusError")
    return ": ".join(word for word in (text(error, "state"), text(error, "message")) if word)[:300]


def _ssh(raw: Wire) -> Ssh | None:
    block = part(raw, "connectComponentSSH")
    command = text(block, "sshCommand") or text(raw, "sshCommand")
    password = text(block, "password") or text(raw, "sshPassword")
    return Ssh(command, SecretStr(password)) if command else None


def _web_terminal(raw: Wire) -> WebTerminal | None:
    block = part(raw, "connectComponentWebTerminal")
    address = text(block, "address")
    if not address:
        return None
    return WebTerminal(address, text(block, "username"), SecretStr(text(block, "password")))
