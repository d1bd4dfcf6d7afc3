"""Which machine is meant: of a name, of a set, of a job."""

from __future__ import annotations

import pytest
from tests.cluster.owners import JOBS, SETS, Owners, owners
from tests.plugin.conftest import Plugin
from tests.support import waiting

from novita_operator.plugin import targets
from novita_operator.plugin.cluster import Wrong


async def test_of_a_set_it_is_the_first_that_can_be_reached_or_the_one_that_is_named(plugin: Plugin) -> None:
    async with owners(plugin.workspace, SETS) as sets:
        await _ready(sets, "workers", 2)
        first, second = [await _address(plugin, f"workers-{index}") for index in (0, 1)]

        any_of_them = await plugin.run("ssh", "gpuset/workers", "--print")
        named = await plugin.run("ssh", "gpuinstanceset/workers-1", "--print")
        beyond = await plugin.run("ssh", "gpuset/workers-7", "--print")
        await plugin.workspace.edit("workers-0", powerState="Stopped")
        await plugin.workspace.until_condition("Ready", reason="Stopped", name="workers-0")
        then = await plugin.run("ssh", "gpuset/workers", "--print")

    assert (any_of_them.out, named.out, then.out) == (first, second, second)
    assert "gpuset/workers has 2 instances; this is workers-0" in any_of_them.err
    assert (beyond.code, "gpuset/workers-7 has no instance" in beyond.err) == (1, True)


async def test_a_set_whose_name_ends_as_an_index_is_that_set(plugin: Plugin) -> None:
    async with owners(plugin.workspace, SETS) as sets:
        await _ready(sets, "gen", 2)
        await _ready(sets, "gen-1", 1)

        shown = await plugin.run("ssh", "gpuset/gen-1", "--print")
        address = await _address(plugin, "gen-1-0")

    assert shown.out == address


async def test_of_a_job_it_is_the_attempt_that_is_under_way(plugin: Plugin) -> None:
    async with owners(plugin.workspace, JOBS) as jobs:
        await jobs.create("train", template={"accountRef": {"name": plugin.workspace.account_name}, "command": "train"})
        await waiting.until(lambda: _reachable(jobs), "the attempt can be reached", explain=jobs.explain("train"))

        shown = await plugin.run("ssh", "gpujob/train", "--print")
        address = await _address(plugin, "train-1")
        await jobs.edit("train", suspend=True)
        await jobs.until("train", lambda body: "instanceName" not in body["status"], "no attempt is under way")
        suspended = await plugin.run("ssh", "gpujob/train", "--print")
        missing = await plugin.run("ssh", "gpujob/other", "--print")

    assert shown.out == address
    assert (suspended.code, "gpujob/train has no machine now" in suspended.err) == (1, True)
    assert (missing.code, 'there is no GPUJob "other"' in missing.err) == (1, True)


@pytest.mark.parametrize("said", ["pod/x", "gpuset/", "a/b/c", "/x"])
def test_what_names_no_machine_is_refused_with_the_forms_that_do(said: str) -> None:
    with pytest.raises(Wrong, match=r"gpuset/NAME-N or gpujob/NAME"):
        targets.target(said)


async def _ready(sets: Owners, name: str, replicas: int) -> None:
    template = {"spec": {"accountRef": {"name": sets.workspace.account_name}}}
    await sets.create(name, replicas=replicas, template=template)
    await sets.until(
        name,
        lambda body: (body.get("status") or {}).get("readyReplicas") == replicas,
        f"{replicas} of {name} are Ready",
    )


async def _address(plugin: Plugin, name: str) -> str:
    return str((await plugin.workspace.get(name))["status"]["connection"]["ssh"]) + "\n"


async def _reachable(jobs: Owners) -> bool:
    return any("connection" in (body.get("status") or {}) for body in await jobs.instances())
