"""The record of retained instances at a real API server: several writers, and its bounds."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.support import builders, kube
from tests.support.plane import OPERATOR_NAMESPACE, Plane
from tests.support.workspace import Workspace

from novita_operator.clock import SystemClock
from novita_operator.kube import client, errors
from novita_operator.kube.cache import Cache
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts import retention
from novita_operator.runtime.accounts.retained import Full, Retained
from novita_operator.runtime.accounts.retention import Left

_EACH = 15


@pytest.fixture
async def writers(plane: Plane, workspace: Workspace) -> AsyncIterator[tuple[Retained, Retained]]:
    """Two processes, with one account."""
    workspace.leaves(kube.CONFIG_MAPS, retention.config_map_name(workspace.account_name), OPERATOR_NAMESPACE)
    clients = [await client.connect(plane.operator_kubeconfig) for _ in range(2)]
    names = naming.Names("retained")
    first, second = (Retained(each, Cache(), names, OPERATOR_NAMESPACE, SystemClock()) for each in clients)
    yield first, second
    for each in clients:
        await each.aclose()


def _left(namespace: str = "team") -> Left:
    uid = str(uuid.uuid4())
    name = naming.instance_name("retained", uid)
    return Left(uid, namespace, "gpu", name, "i-1", adopted=False, reason="Retain", at="2026-01-01T12:00:00Z", key="k1")


async def _kept(writer: Retained, account: str, left: Left) -> bool:
    try:
        await writer.keep(account, left)
    except errors.Conflict:
        return False
    return True


async def test_two_processes_that_write_at_once_lose_nothing_of_each_other(
    writers: tuple[Retained, Retained], workspace: Workspace
) -> None:
    account, entries = workspace.account_name, [[_left() for _ in range(_EACH)] for _ in writers]

    async def write(writer: Retained, theirs: list[Left]) -> None:
        for each in theirs:
            while not await _kept(writer, account, each):
                pass  # it lost several races in a row: the pass of its object starts over

    await asyncio.gather(*(write(*pair) for pair in zip(writers, entries, strict=True)))

    assert set((await writers[0].read(account)).left) == {each.uid for both in entries for each in both}


async def test_a_namespace_that_leaves_too_many_waits_and_is_in_nobody_elses_way(
    writers: tuple[Retained, Retained], workspace: Workspace
) -> None:
    account, mine = workspace.account_name, _left()
    full = {each.uid: each.to_text() for each in [mine, *(_left() for _ in range(retention.MOST_PER_NAMESPACE - 1))]}
    body = builders.config_map(retention.config_map_name(account), OPERATOR_NAMESPACE, **full)
    await workspace.plane.kube.create(kube.CONFIG_MAPS, body)

    with pytest.raises(Full, match=f"{retention.MOST_PER_NAMESPACE} of them of this namespace"):
        await writers[0].keep(account, _left())
    await writers[0].keep(account, mine)
    await writers[0].keep(account, _left("another"))
    await writers[0].revise(account, [mine.uid], {})
    await writers[0].keep(account, _left())


async def test_what_is_written_again_or_dropped_leaves_the_others_as_they_are(
    writers: tuple[Retained, Retained], workspace: Workspace
) -> None:
    account, (gone, kept, unknown) = workspace.account_name, (_left(), _left(), _left())
    for each in (gone, kept):
        await writers[0].keep(account, each)

    await writers[1].revise(account, [gone.uid], {kept.uid: "k2", unknown.uid: "k2"})

    assert (await writers[0].read(account)).left == {kept.uid: replace(kept, key="k2")}
