"""The command line itself: exit codes, where options may stand, completion, other clusters, hostile text."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from tests.cluster.owners import JOBS, owners
from tests.plugin.conftest import Plugin
from tests.support import processes
from tests.support.processes import REPOSITORY

from novita_operator.plugin import options, printing


async def test_wrong_usage_is_exit_code_2(plugin: Plugin) -> None:
    for arguments in (("no-such-verb",), ("status", "--no-such-option"), ("explain",), ("status", "-o", "xml")):
        assert (await plugin.anywhere(*arguments)).code == 2, arguments
    assert (await plugin.run("status", "--watch", "-o", "json")).code == 2


async def test_a_cluster_that_is_not_there_is_a_sentence_and_exit_code_1(plugin: Plugin) -> None:
    nowhere = await plugin.anywhere("status", "--kubeconfig", str(plugin.home / "none"))
    context = await plugin.anywhere("status", "--context", "nope")

    assert (nowhere.code, context.code) == (1, 1)
    assert "no cluster is configured" in nowhere.err
    assert "nope" in context.err


async def test_the_options_of_the_cluster_may_stand_behind_the_verb(plugin: Plugin) -> None:
    shown = await plugin.anywhere(
        "status", "-n", plugin.workspace.namespace, "--kubeconfig", str(plugin.kubeconfig), KUBECONFIG="/nowhere"
    )

    assert (shown.code, shown.out) == (0, "No GPUInstances found; -A looks everywhere.\n")


async def test_kubectl_finds_the_plugin_and_its_completion(plugin: Plugin) -> None:
    scripts = str(processes.Path(sys.executable).parent)
    plugin.path = f"{scripts}:{plugin.path}"
    await plugin.workspace.create("train-1", powerState="Stopped")
    environment = {**processes.BARE_ENVIRONMENT, **plugin.environment()}

    async def output(*command: str) -> str:
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    version = await output("kubectl", "novita", "version")
    verbs = await output("kubectl_complete-novita", "st")

    assert version.strip()
    assert verbs.splitlines() == ["status", "start", "stop", ":4"]


async def test_machines_are_completed_by_name_and_kind_in_the_namespace_that_was_typed(plugin: Plugin) -> None:
    scripts = processes.Path(sys.executable).parent
    template = {"accountRef": {"name": plugin.workspace.account_name}, "command": "evaluate"}
    environment = {**processes.BARE_ENVIRONMENT, **plugin.environment()}
    await plugin.workspace.create("train-1", powerState="Stopped")

    async def offered(typed: str) -> list[str]:
        command = (scripts / "kubectl_complete-novita", "logs", "-n", plugin.workspace.namespace, typed)
        done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True)
        return done.stdout.split()  # where nothing is offered, an empty line is printed

    async with owners(plugin.workspace, JOBS) as jobs:
        await jobs.create("evaluate", template=template, suspend=True)
        found = [await offered(typed) for typed in ("", "tr", "gpujob/", "gpujobs/e", "pod/")]

    assert found == [
        ["train-1", "gpujob/evaluate", ":4"],
        ["train-1", ":4"],
        ["gpujob/evaluate", ":4"],
        ["gpujobs/evaluate", ":4"],
        [":4"],
    ]


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("status --context a -n b", "--context a status -n b"),
        ("status --kubeconfig=x -A", "--kubeconfig=x status -A"),
        ("ssh gpu -- --context a", "ssh gpu -- --context a"),
        ("status --context", "--context status"),
    ],
    ids=["behind the verb", "with an equals sign", "not after two dashes", "without its value"],
)
def test_options_of_the_cluster_come_first(typed: str, taken: str) -> None:
    assert options.hoisted(typed.split()) == taken.split()


def test_text_of_the_cluster_can_neither_move_the_cursor_nor_draw() -> None:
    assert printing.cell("a\x1b[2Jb\rc [red]d[/]\u202e").plain == "a?[2Jb?c [red]d[/]?"


def test_the_operator_runs_without_its_plugin() -> None:
    script = "import sys, novita_operator.process, novita_operator.cli; print('novita_operator.plugin' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", script],
        env=dict(processes.BARE_ENVIRONMENT),
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )

    assert done.stdout.strip() == "False"
