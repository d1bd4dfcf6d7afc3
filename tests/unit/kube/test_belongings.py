"""What belongs to an object is written as it should be, and what takes no change is told as that."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support.cluster import ApiServer

from novita_operator.kube import errors
from novita_operator.kube.belongings import Belongings

_OWNER = {"apiVersion": "gpu.novita.ai/v1alpha1", "kind": "GPUInstance", "name": "demo", "uid": "u1"}


def a_secret(entry: str = "cmlnaHQ=", **parts: Any) -> dict[str, Any]:
    at = {"name": "demo-connection", "namespace": "team", "labels": {"a": "b"}, "ownerReferences": [_OWNER]}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": at, "data": {"password": entry}}
    return body | parts


def held(**parts: Any) -> ApiServer:
    body = a_secret(**parts)
    return ApiServer(body | {"metadata": body["metadata"] | {"resourceVersion": "1", "uid": "s1"}})


async def test_of_one_that_is_immutable_another_content_is_not_even_asked_for() -> None:
    server = held(entry="d3Jvbmc=", immutable=True)

    with pytest.raises(errors.Immutable, match="demo-connection was made immutable"):
        await Belongings(server.client).write(a_secret())

    assert server.writes == []


async def test_of_one_that_is_immutable_what_is_no_content_is_still_put_right() -> None:
    server = held(immutable=True)
    server.touch("team/demo-connection", metadata=server.objects["team/demo-connection"]["metadata"] | {"labels": {}})

    await Belongings(server.client).write(a_secret())

    (write,) = server.writes
    assert write["metadata"]["labels"] == {"a": "b"}
    assert "data" not in write


async def test_one_that_is_not_gets_its_content_back() -> None:
    server = held(entry="d3Jvbmc=")

    await Belongings(server.client).write(a_secret())

    assert server.objects["team/demo-connection"]["data"] == {"password": "cmlnaHQ="}
