"""The body that a pass works with."""

from __future__ import annotations

from novita_operator.api.kinds import Kind
from novita_operator.kube import errors
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.kube.client import KubeClient


async def read(kind: Kind, key: Key, cache: Cache, kube: KubeClient) -> Body | None:
    """The newest body, with all that it says; None where there is none. Raises kube errors.

    Of a large object the cache holds only a part: it is read from the API server, for this pass alone.
    """
    held = cache.find(key)
    if held is None or not cache.holds_in_part(key):
        return held
    try:
        body = await kube.get(kind, key.namespace, key.name)
    except errors.NotFound:
        return None  # the watch is about to say so
    cache.put(key, body)
    return body
