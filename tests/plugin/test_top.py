"""`top`: how busy machines are, by Novita's metrics."""

from __future__ import annotations

import json

from tests.cluster.owners import JOBS, SETS, owners
from tests.plugin.conftest import Plugin
from tests.support import waiting
from tests.support.plane import Output

_BARS = set("▁▂▃▄▅▆▇█")


async def test_a_line_says_how_busy_each_machine_is_and_since_when(plugin: Plugin) -> None:
    await plugin.workspace.create(gpuCount=2)
    body = await plugin.workspace.until_ready()
    await plugin.workspace.novita.force(body["status"]["instanceId"], utilisation=80)
    await plugin.workspace.novita.pass_seconds(600)

    shown = await _top(plugin)
    piped = await _top(plugin, "--watch")
    (told,) = json.loads((await _top(plugin, "-o", "json")).out)

    assert shown.code == 0, shown.err
    header, line = shown.out.splitlines()
    assert header.split()[0] == "NAME"
    assert line.startswith("gpu    2x ")
    assert _BARS & set(line)
    assert line.endswith(" ago")
    assert "\x1b" not in shown.out
    assert (piped.code, len(piped.out.splitlines())) == (0, 2)
    assert told["name"] == "gpu"
    assert 70 <= told["gpu"] <= 90
    assert 55 <= told["gpuMemory"] <= 72
    assert [gpu["id"] for gpu in told["gpus"]] == ["0", "1"]
    assert None not in (told["cpu"], told["memory"], told["disk"], told["measuredAt"])


async def test_it_takes_names_of_sets_and_jobs_labels_or_all_that_runs(plugin: Plugin) -> None:
    account = {"accountRef": {"name": plugin.workspace.account_name}}
    async with owners(plugin.workspace, SETS) as sets, owners(plugin.workspace, JOBS) as jobs:
        await plugin.workspace.create("off", powerState="Stopped")
        await sets.create("workers", replicas=2, template={"spec": account})
        await jobs.create("train", template={**account, "command": "train"})
        await waiting.until(lambda: _running(plugin, 3), "three run", explain=plugin.workspace.explain)

        everything = await _names(plugin)
        of_the_set = await _names(plugin, "gpuset/workers")
        one_and_a_job = await _names(plugin, "workers-1", "gpujob/train", "workers-1")
        labelled = await _names(plugin, "-l", "gpu.novita.ai/job=train")
        stopped = json.loads((await _top(plugin, "off", "-o", "json")).out)
        neither = await _top(plugin, "off", "-l", "a=b")

    assert everything == ["train-1", "workers-0", "workers-1"]
    assert of_the_set == ["workers-0", "workers-1"]
    assert one_and_a_job == ["workers-1", "train-1"]
    assert labelled == ["train-1"]
    assert [(each["gpu"], each["remark"] != "") for each in stopped] == [(None, True)]
    assert neither.code == 2


async def test_without_a_key_or_with_that_of_another_account_it_says_so(plugin: Plugin) -> None:
    await plugin.workspace.create()
    body = await plugin.workspace.until_ready()
    nothing = await plugin.run("top", "-l", "no=such")
    without = await plugin.run("top")
    await plugin.workspace.novita.fault(
        "status", route="metrics", status=404, reason="RESOURCE_NOT_FOUND", message="no instance"
    )
    unknown = await _top(plugin)

    assert (nothing.code, nothing.out) == (0, "Nothing runs here; -A looks everywhere.\n")
    assert (without.code, "set NOVITA_API_KEY" in without.err) == (1, True)
    assert body["status"]["phase"] == "Running"
    assert (unknown.code, "Novita does not know it by this key" in unknown.out) == (0, True)


async def _top(plugin: Plugin, *arguments: str) -> Output:
    return await plugin.asking_novita("top", "-n", plugin.workspace.namespace, *arguments)


async def _names(plugin: Plugin, *arguments: str) -> list[str]:
    printed = await _top(plugin, *arguments, "-o", "json")
    return [each["name"] for each in json.loads(printed.out)]


async def _running(plugin: Plugin, count: int) -> bool:
    return len(await _names(plugin)) == count
