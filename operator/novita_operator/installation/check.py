"""Looks at an installation until nothing is wrong any more, or the time is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from novita_operator.api import kinds, operator_class
from novita_operator.installation import judging
from novita_operator.installation.judging import Body, Verdict
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient

_ACCOUNTS = kinds.NOVITA_ACCOUNT
_DEPLOYMENT = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
_LOOK_SECONDS = 2.0  # between looks; a fresh account is Ready after one poll


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the operator's Deployment is, and the class of the operator; accounts of other classes are not its own."""

    namespace: str
    name: str
    class_name: str


async def run(kube: KubeClient, installation: Installation, seconds: float, say: Callable[[str], None]) -> int:
    """Say how it is at last; 0 where nothing is wrong. Raises kube errors."""
    end = time.monotonic() + seconds
    found = await _check(kube, installation)
    while any(each.wrong for each in found) and time.monotonic() < end:
        await asyncio.sleep(_LOOK_SECONDS)
        found = await _check(kube, installation)
    for each in found:
        say(str(each))
    return int(any(each.wrong for each in found))


async def _check(kube: KubeClient, at: Installation) -> list[Verdict]:
    deployment = await _deployment(kube, at.namespace, at.name)
    served = await kube.served()
    verdicts = [judging.operator(deployment, f"{at.namespace}/{at.name}"), judging.kinds(served)]
    return verdicts + (judging.accounts(await _accounts(kube, at.class_name)) if _ACCOUNTS.plural in served else [])


async def _deployment(kube: KubeClient, namespace: str, name: str) -> Body | None:
    try:
        return await kube.request("GET", _DEPLOYMENT, namespace=namespace, name=name)
    except errors.NotFound:
        return None


async def _accounts(kube: KubeClient, class_name: str) -> list[Body]:
    return [body async for body in kube.each(_ACCOUNTS) if operator_class.class_of(body) == class_name]
