"""Before the watch begins: waits until every kind that is served can be listed.

The API server needs some seconds for the storage of a CRD that was just applied or changed. One that is missing is
waited for only where nothing goes without it: no object does without its account.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from novita_operator.api import kinds as known
from novita_operator.api.kinds import Kind
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient
from novita_operator.runtime.serving import Serving

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0  # what the API server itself asks for in its Retry-After


async def until_served(
    kube: KubeClient, kinds: Iterable[Kind], namespaces: Sequence[str], stopping: asyncio.Event, serving: Serving
) -> bool:
    """Wait until they can be listed, or are not served. False where we are to stop before.

    Raises kube errors other than NotYet and NotServed.
    """
    for kind in kinds:
        while not await _listed(kube, kind, namespaces):
            await serving.look()
            if kind is not known.NOVITA_ACCOUNT and not serving.serves(kind.plural):
                break
            try:
                await asyncio.wait_for(stopping.wait(), _PAUSE_SECONDS)
            except TimeoutError:
                continue
            return False
    return True


async def _listed(kube: KubeClient, kind: Kind, namespaces: Sequence[str]) -> bool:
    """Whether it can be listed in every namespace. Raises Forbidden where none may be read.

    One of several that is forbidden does not count: it may have been deleted, and our Role with it.
    """
    places = namespaces if kind.namespaced and namespaces else ("",)
    forbidden: list[errors.Forbidden] = []
    for place in places:
        try:
            await anext(kube.each(kind, (place,) if place else ()), None)
        except (errors.NotYet, errors.NotServed) as error:
            logger.info("%s cannot be listed yet (%s); asked again in %.0f s", kind.plural, error, _PAUSE_SECONDS)
            return False
        except errors.Forbidden as error:
            logger.warning("namespace %s is left out until it can be read: %s", place, error)
            forbidden.append(error)
    if len(forbidden) == len(places):
        raise forbidden[0]
    return True
