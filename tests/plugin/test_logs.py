"""`logs` where the operator does not run the program, and of jobs without an attempt."""

from __future__ import annotations

from tests.cluster.owners import JOBS, owners
from tests.plugin.conftest import Plugin


async def test_of_a_job_whose_container_runs_the_program_it_says_what_there_is(plugin: Plugin) -> None:
    template = {"accountRef": {"name": plugin.workspace.account_name}, "command": "train"}
    async with owners(plugin.workspace, JOBS) as jobs:
        await jobs.create("train", template=template, backoffLimit=0)
        await jobs.until("train", lambda body: (body.get("status") or {}).get("phase") == "Running", "it runs")
        (instance,) = await plugin.workspace.novita.instances()

        without = await plugin.run("logs", "gpujob/train", "-f")
        with_key = await plugin.asking_novita("logs", "gpujob/train", "-n", plugin.workspace.namespace)
        by_name = await plugin.run("logs", "train-1")
        await plugin.workspace.novita.force(instance["id"], status="exited")
        await jobs.until_condition("train", "Complete")
        over = await plugin.run("logs", "gpujob/train")

    assert (without.code, "what that prints is neither read nor kept" in without.err) == (1, True)
    assert "NOVITA_API_KEY" in without.err
    assert (with_key.code, instance["connectComponentLog"]["instanceLogAddress"] in with_key.out) == (0, True)
    assert "prints: kubectl novita logs gpujob/train\n" in by_name.err
    assert (over.code, over.out) == (1, "")
    assert "attempt 1 is over, and nothing that it printed is kept." in over.err
    assert "completion.signal ExitCode" in over.err


async def test_a_job_that_is_not_there_or_has_begun_nothing_is_a_sentence(plugin: Plugin) -> None:
    template = {"accountRef": {"name": plugin.workspace.account_name}, "command": "train"}
    async with owners(plugin.workspace, JOBS) as jobs:
        await jobs.create("train", template=template, suspend=True)
        await jobs.until_condition("train", "Suspended")

        missing = await plugin.run("logs", "gpujob/other", "-f")
        held = await plugin.run("logs", "gpujob/train")
        of_an_instance = await plugin.run("logs", "gpu", "--tail", "3")

    assert (missing.code, 'there is no GPUJob "other"' in missing.err) == (1, True)
    assert held.code == 1
    assert "gpujob/train has begun no attempt. spec.suspend is true" in held.err
    assert "-f waits for it." in held.err
    assert (of_an_instance.code, "are for gpujob/NAME" in of_an_instance.err) == (2, True)
