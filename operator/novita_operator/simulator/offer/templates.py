"""Templates: official ones, the community's, and the account's own (novita-api 2A.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import ConfigDict, Field

from novita_operator.simulator import refusal
from novita_operator.simulator.settings import Dials

Channel = Literal["official", "community", "private"]


class PortGroup(Dials):
    """Ports of one type."""

    type: Literal["tcp", "http", "udp"] = "http"
    ports: list[int] = Field(default_factory=list)


class TemplateTool(Dials):
    """A tool; the port is a string here too, and a number is taken for one."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: str
    describe: str = ""
    port: str = ""
    type: str = "http"


class Template(Dials):
    """Frozen; `Id` has a capital letter on the wire. `foreign`: private to somebody else."""

    id: str = Field(alias="Id")
    name: str
    channel: Channel = "private"
    image: str
    user: str = ""
    readme: str = ""
    logo: str = ""
    type: str = "instance"
    image_auth: str = ""
    start_command: str = ""
    entrypoint: str = ""
    rootfs_size: int = 60
    volumes: list[dict[str, Any]] = Field(default_factory=list)
    ports: list[PortGroup] = Field(default_factory=list)
    envs: list[dict[str, str]] = Field(default_factory=list)
    tools: list[TemplateTool] = Field(default_factory=list)
    create_time: str = "1735689600"
    min_cuda_version: str = ""
    recommend_cards: list[str] = Field(default_factory=list)
    foreign: bool = Field(default=False, exclude=True)

    def to_wire(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)


class Templates:
    """In order of their making; names are not unique."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._by_id = {template.id: template for template in templates}

    def __iter__(self) -> Iterator[Template]:
        return iter(self._by_id.values())

    def put(self, template: Template) -> None:
        self._by_id[template.id] = template

    def remove(self, template_id: str) -> None:
        """Raises Gone."""
        self.get(template_id)
        del self._by_id[template_id]

    def get(self, template_id: str) -> Template:
        """Raises Gone, or TEMPLATE_IS_PRIVATE where it is somebody else's."""
        found = self._by_id.get(template_id)
        if found is None:
            raise refusal.Gone("template not found", "TEMPLATE_NOT_FOUND")
        if found.foreign:
            raise refusal.Refusal("TEMPLATE_IS_PRIVATE", "the template is private")
        return found

    def list(self, *, name: str = "", channel: str = "", kind: str = "") -> list[Template]:
        """Fuzzy name, exact channel and type; "" = any. Other people's private ones are never listed."""
        return [
            template
            for template in self
            if not template.foreign
            and name.lower() in template.name.lower()
            and channel in ("", template.channel)
            and kind in ("", template.type)
        ]
