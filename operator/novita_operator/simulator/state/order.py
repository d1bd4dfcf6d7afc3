"""A create request, checked against the limits that novita-api 2A.1 documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from novita_operator.simulator import refusal

_RESERVED = frozenset({2222, 2223, 2224})
_JUPYTER_PORT = 8888
_MOST_PORTS = 15  # ports and tools together
_PORTS_FORM = 'write ports as "80/http, 3306/tcp"'
_SMALLEST_ROOTFS_GB = 10  # less is raised to it and not refused


class _Sent(BaseModel):
    """Unknown fields are ignored; numbers are taken as sent: `"1"` is no integer."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Port(_Sent):
    """An exposed port."""

    port: StrictInt = Field(ge=1, le=65535)
    type: Literal["tcp", "http"]


class Env(_Sent):
    """One environment variable; the value is a secret."""

    key: str = Field(min_length=1, max_length=511)
    value: str = Field(max_length=4095, repr=False)


class Tool(_Sent):
    """A tool of an official image; its port is a string."""

    name: str
    port: str = ""
    type: str = "http"

    @property
    def number(self) -> int:
        """Jupyter's, unless another one was asked for."""
        return int(self.port) if self.port.isdecimal() else _JUPYTER_PORT


class StorageMount(_Sent):
    """A network volume; note the capital letter."""

    id: str = Field(alias="Id")
    mount_point: str = Field("/network", min_length=1, max_length=4095)


def _ports_of(text: object) -> object:
    """Reads `"80/http, 3306/tcp"`. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(_PORTS_FORM)  # noqa: TRY004 - pydantic turns ValueError into a refusal, TypeError into a crash
    return tuple(_port_of(each.strip()) for each in text.split(",")) if text.strip() else ()


def _port_of(text: str) -> Port:
    match = re.fullmatch(r"(\d{1,5})/(tcp|http)", text)
    if match is None:
        raise ValueError(_PORTS_FORM)
    return Port.model_validate({"port": int(match[1]), "type": match[2]})


_PortsText = Annotated[tuple[Port, ...], BeforeValidator(_ports_of)]


class Order(_Sent):
    """What is to be rented."""

    name: str = Field("", max_length=255)
    product_id: str = Field(min_length=1, max_length=255)
    gpu_num: StrictInt = Field(ge=1, le=8)
    rootfs_size: StrictInt = Field(le=6144)
    image_url: str = Field(min_length=1, max_length=500)
    image_auth: str = Field("", max_length=10239, repr=False)
    image_auth_id: str = ""
    ports: _PortsText = ()
    envs: list[Env] = Field(default_factory=list, max_length=100)
    tools: list[Tool] = Field(default_factory=list)
    command: str = Field("", max_length=2047)
    entrypoint: str = Field("", max_length=2047)
    cluster_id: str = ""
    network_storages: list[StorageMount] = Field(default_factory=list, max_length=30)
    network_id: str = ""
    kind: Literal["gpu", "cpu"] = "gpu"  # documented as required; a client that works omits it
    month: StrictInt = Field(0, ge=0)
    billing_mode: Literal["", "onDemand", "monthly", "spot"] = ""
    auto_renew: bool = False
    auto_renew_month: int = Field(0, ge=0, le=12)
    min_cuda_version: str = ""

    @property
    def mode(self) -> Literal["onDemand", "monthly", "spot"]:
        """`month` > 0 forces a subscription (novita-api 1.11)."""
        return "monthly" if self.month > 0 else self.billing_mode or "onDemand"

    @property
    def rootfs_gb(self) -> int:
        return max(_SMALLEST_ROOTFS_GB, self.rootfs_size)

    @property
    def tool_names(self) -> frozenset[str]:
        return frozenset(tool.name.lower() for tool in self.tools)


_EDITED_PORTS = TypeAdapter(list[Port])
_ENVS = TypeAdapter(list[Env])


def parse(body: Mapping[str, Any]) -> Order:
    """Raises VALIDATOR_PARAM that names the first field at fault."""
    try:
        order = Order.model_validate(body)
    except ValidationError as error:
        raise _refused(error) from None
    check_ports(order.ports, len(order.tools))
    return order


def parse_ports(value: object) -> tuple[Port, ...]:
    """The array form of the edit call: `[{port, type}]`."""
    try:
        return tuple(_EDITED_PORTS.validate_python(value))
    except ValidationError as error:
        raise _refused(error, "ports") from None


def parse_envs(value: object) -> list[Env]:
    """The envs of an upgrade."""
    try:
        return _ENVS.validate_python(value)
    except ValidationError as error:
        raise _refused(error, "envs") from None


def check_ports(ports: tuple[Port, ...], tools: int) -> None:
    """Reserved numbers, doubles, and the limit that ports share with tools."""
    numbers = [port.port for port in ports]
    if reserved := _RESERVED.intersection(numbers):
        raise refusal.invalid("ports", f"{sorted(reserved)} are reserved")
    if len(set(numbers)) != len(numbers):
        raise refusal.invalid("ports", "each port may be named once")
    if len(numbers) + tools > _MOST_PORTS:
        raise refusal.invalid("ports", f"ports and tools together may be at most {_MOST_PORTS}")


def _refused(error: ValidationError, prefix: str = "") -> refusal.Refusal:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in (*([prefix] if prefix else []), *first["loc"]))
    return refusal.invalid(field or "request", first["msg"])
