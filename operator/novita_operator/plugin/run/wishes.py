"""What the command line wishes for, as a part of a spec. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import typer

_SOURCES = {"secret": "secretKeyRef", "configmap": "configMapKeyRef"}
_FROM = re.compile(r"(?:(?P<variable>[^=/]+)=)?(?P<kind>secret|configmap)/(?P<name>[^/]+)/(?P<key>[^/]+)")


@dataclass(frozen=True, slots=True)
class Wishes:
    """None and empty: nothing is wished for. `env`: entries of `spec.env`."""

    gpu: str | None = None
    count: int | None = None
    spot: bool = False
    max_price: str | None = None
    image: str | None = None
    account: str | None = None
    env: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def of_the_offer(self) -> list[str]:
        """The options that say which machine it is to be, which a file says, too."""
        given = {"--gpu": self.gpu, "--count": self.count, "--spot": self.spot or None, "--max-price": self.max_price}
        return [option for option, value in given.items() if value is not None]

    def to_spec(self) -> dict[str, Any]:
        """The fields that are wished for."""
        said = {
            "productName": self.gpu,
            "gpuCount": self.count,
            "billing": "Spot" if self.spot else None,
            "maxPricePerHour": self.max_price,
            "image": self.image,
            "accountRef": {"name": self.account} if self.account is not None else None,
        }
        return {name: value for name, value in said.items() if value is not None}


def env(values: Iterable[str], sources: Iterable[str]) -> tuple[Mapping[str, Any], ...]:
    """Of `--env` and `--env-from`. Raises BadParameter, which never repeats a value."""
    return (*map(_value, values), *map(_source, sources))


def _value(said: str) -> Mapping[str, Any]:
    name, equals, value = said.partition("=")
    if not name or not equals:
        raise typer.BadParameter("--env is written NAME=VALUE.")
    return {"name": name, "value": value}


def _source(said: str) -> Mapping[str, Any]:
    """The operator reads the entry when it rents; here only its name is known."""
    found = _FROM.fullmatch(said)
    if found is None:
        raise typer.BadParameter(
            f'--env-from is "{said}": write secret/NAME/KEY or configmap/NAME/KEY, or VARIABLE=secret/NAME/KEY.'
        )
    reference = {"name": found["name"], "key": found["key"]}
    return {"name": found["variable"] or found["key"], "valueFrom": {_SOURCES[found["kind"]]: reference}}
