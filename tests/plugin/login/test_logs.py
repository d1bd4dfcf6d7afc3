"""`logs gpujob/NAME`: what a program prints, while it prints it, and over the end of its machine."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.owners import JOBS, owners
from tests.plugin.conftest import Plugin
from tests.plugin.login.conftest import ONLY_WITNESS, SECRET, Machine
from tests.support import kube, processes, waiting
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.attending import keeping

# What the operator would leave on a machine. It prints what it is given, and ends when nothing more comes.
_PROGRAM = """
dir=$HOME/.gpu-job/$1; mkdir -p "$dir"; : >"$dir/output"
set -- $(sed 's/.*) //' /proc/$$/stat); echo "$$ ${20}" >"$dir/supervisor"
echo up; cat >>"$dir/output"; echo 'code 3
ended 5' >"$dir/exit"
"""
_PAUSED = {"gpu.novita.ai/paused": "true"}
_SAID = "Nothing is done while the annotation gpu.novita.ai/paused is true; remove it to go on."
_RUNS = {"attempts": 1, "active": 1, "instanceName": "gpu", "completionSignal": "ExitCode"}
_STARTED = {"startedAt": "2026-06-01T12:00:00Z"}


@dataclass
class Job:
    """A job that nobody but the test works on, whose program runs on the machine."""

    machine: Machine
    body: Body
    program: asyncio.subprocess.Process

    async def prints(self, data: bytes) -> None:
        assert self.program.stdin is not None
        self.program.stdin.write(data)
        await self.program.stdin.drain()

    async def ends(self) -> None:
        """The program, and what the operator is told of it is not told yet."""
        assert self.program.stdin is not None
        self.program.stdin.close()
        await self.program.wait()

    async def status(self, **status: Any) -> None:
        await _write(self.machine, status)

    async def over(self, kept: bytes | None, size: int = 0) -> None:
        """What the operator writes in the end."""
        if kept is not None:
            body = keeping.config_map(GPUJob.parse(self.body).meta, 1, kept, size or len(kept))
            await self.machine.workspace.plane.kube.create(kube.CONFIG_MAPS, body)
        why = {"attempt": 1, "reason": "ExitCode", "message": "It ended with exit code 3.", "at": _STARTED["startedAt"]}
        await self.status(instanceName=None, active=0, failed=1, failures=[why])
        await self.status(conditions=[_condition("FailureTarget", "BackoffLimitExceeded", "It failed too often.")])

    async def logs(self, *options: str) -> tuple[int, str, str]:
        done = await self.machine.plugin.run("logs", "gpujob/train", *options)
        return done.code, done.out, done.err

    async def followed(self, *options: str) -> asyncio.subprocess.Process:
        at = ("logs", "-n", self.machine.workspace.namespace, "gpujob/train", "-f")
        return await self.machine.plugin.start(*at, *options)


def _condition(kind: str, reason: str, message: str) -> Body:
    times = {"lastTransitionTime": _STARTED["startedAt"], "observedGeneration": 1}
    return {"type": kind, "status": "True", "reason": reason, "message": message, **times}


async def _write(machine: Machine, status: Body) -> None:
    workspace = machine.workspace
    await workspace.plane.kube.patch(JOBS, "train", {"status": status}, workspace.namespace, subresource="status")


@asynccontextmanager
async def _running(machine: Machine) -> AsyncIterator[Job]:
    workspace, plugin = machine.workspace, machine.plugin
    spec = {"template": {"command": "train", "accountRef": {"name": workspace.account_name}}}
    at = {"name": "train", "namespace": workspace.namespace, "annotations": _PAUSED}
    body = {"apiVersion": "gpu.novita.ai/v1alpha1", "kind": "GPUJob", "metadata": at, "spec": spec}
    made = await workspace.plane.kube.create(JOBS, body)
    await waiting.until(lambda: _is_paused(machine), "the operator leaves the job alone")
    await _write(machine, _RUNS | _STARTED)
    name = f"{made['metadata']['uid']}-1"
    program = await plugin.start(
        *("exec", "-n", workspace.namespace, "-i", "gpu", "--", "sh", "-c", _PROGRAM, "sh", name),
        streams={"stdin": asyncio.subprocess.PIPE},
    )
    assert program.stdout is not None
    assert await program.stdout.readline() == b"up\n"
    try:
        yield Job(machine, made, program)
    finally:
        if program.returncode is None:
            program.terminate()
            await program.wait()
        await workspace.plane.kube.delete(JOBS, "train", workspace.namespace)
        await workspace.kubectl("delete", "configmap", "train-1-output", "--ignore-not-found")
        await waiting.until(lambda: _is_gone(machine), "the job is gone")


async def _is_paused(machine: Machine) -> bool:
    body = await machine.workspace.plane.kube.get(JOBS, "train", machine.workspace.namespace)
    conditions = (body.get("status") or {}).get("conditions") or []
    return any(each["reason"] == "Paused" for each in conditions)


async def _is_gone(machine: Machine) -> bool:
    return await machine.workspace.plane.kube.find(JOBS, "train", machine.workspace.namespace) is None


@pytest.fixture
async def job(machine: Machine) -> AsyncIterator[Job]:
    async with _running(machine) as made:
        yield made


async def _read(following: asyncio.subprocess.Process, size: int) -> bytes:
    assert following.stdout is not None
    return await following.stdout.readexactly(size)


async def test_what_is_printed_is_shown_as_it_is_and_followed_to_its_end(job: Job) -> None:
    awkward = b"\x00\xff\x1b[31m state ended\nbytes 5\nno newline"
    await job.prints(b"one\ntwo\nthree\n")
    now = await job.logs()
    last = await job.logs("--tail", "2")

    following = await job.followed("--tail", "1")
    first = await _read(following, 6)
    await job.prints(awkward)
    second = await _read(following, len(awkward))
    await job.prints(b"\nend\n")
    await job.ends()
    third = await _read(following, 5)
    await job.over(None)
    rest, err = await following.communicate()

    assert now == (0, "one\ntwo\nthree\n", "")
    assert last == (0, "two\nthree\n", "")
    assert (first, second, third, rest) == (b"three\n", awkward, b"\nend\n", b"")
    assert (following.returncode, err) == (
        0,
        b"gpujob/train has failed (BackoffLimitExceeded): It failed too often.\n",
    )


@ONLY_WITNESS
async def test_a_connection_that_breaks_loses_and_repeats_nothing(job: Job) -> None:
    await job.prints(b"before\n")
    following = await job.followed()
    before = await _read(following, 7)

    for ssh in processes.children(following.pid):
        os.kill(ssh, signal.SIGKILL)
    await job.prints(b"meanwhile\n")
    await job.ends()
    after = await _read(following, 10)
    await job.over(None)
    rest, err = await following.communicate()

    assert (before, after, rest) == (b"before\n", b"meanwhile\n", b"")
    assert b"gpu: ssh ended with 137. It is tried again until the attempt is over." in err


@ONLY_WITNESS
async def test_what_the_machine_could_not_tell_any_more_comes_from_what_is_kept(job: Job) -> None:
    shown, missed = b"shown\n" * 3, b"shown\nmissed [redacted]\nend\n"
    await job.prints(shown)
    following = await job.followed()
    begin = await _read(following, len(shown))

    await job.machine.say(port="1")
    for ssh in processes.children(following.pid):
        os.kill(ssh, signal.SIGKILL)
    await job.over(shown + missed, size=len(shown + missed) + 40)
    rest, err = await following.communicate()

    assert (begin, rest) == (shown, missed)
    assert (following.returncode, b"has failed" in err) == (0, True)


@ONLY_WITNESS
async def test_when_the_machine_is_away_ssh_says_why_and_what_is_kept_is_shown_where_it_is_there(job: Job) -> None:
    await job.machine.say(port="1")

    away = await job.logs()
    await job.over(b"one\ntwo\n", size=50)
    kept = await job.logs("--attempt", "1")
    last = await job.logs("--tail", "1")
    beyond = await job.logs("--attempt", "2")

    assert (away[:2], "Connection refused" in away[2], "ssh did not get in to gpu" in away[2]) == ((1, ""), True, True)
    assert kept == (0, "one\ntwo\n", "The first 42 bytes are not kept.\n")
    assert last == (0, "two\n", "")
    assert beyond[:2] == (1, "")
    assert "gpujob/train has begun 1 attempt; there is no attempt 2." in beyond[2]


@ONLY_WITNESS
async def test_before_its_program_runs_it_is_said_what_is_waited_for_and_following_waits(job: Job) -> None:
    await job.status(startedAt=None)
    await job.prints(b"begun\n")

    early = await job.logs()
    following = await job.followed()
    assert following.stderr is not None
    waits = await following.stderr.readline()
    await job.status(**_STARTED)
    begun = await _read(following, 6)
    following.send_signal(signal.SIGINT)
    await following.communicate()

    assert early[:2] == (1, "")
    assert f"the program of attempt 1 does not run yet. {_SAID} -f waits for it." in early[2]
    assert (waits, begun) == (f"{_SAID}\n".encode(), b"begun\n")
    assert following.returncode == 130


@ONLY_WITNESS
async def test_without_the_right_to_a_secret_or_a_config_map_it_is_said_who_gives_it(job: Job) -> None:
    await job.prints(b"secret\n")
    plugin, workspace = job.machine.plugin, job.machine.workspace
    user = await plugin.become_reader()
    await workspace.kubectl("create", "role", "jobs", "--verb=get", "--resource=gpujobs.gpu.novita.ai")
    await workspace.kubectl("create", "rolebinding", "jobs", "--role=jobs", f"--user={user}")

    live = await job.logs()
    await job.over(b"kept\n")
    kept = await job.logs()
    for command in re.findall(r"`kubectl ([^`]+)`", kept[2]):
        assert (await workspace.plane.kubectl(*command.replace("YOU", user).split())).code == 0
    allowed = await job.logs()
    for name in ("reader", "jobs", "train-1-output"):
        await workspace.kubectl("delete", "role,rolebinding", name)
    await workspace.kubectl("delete", "serviceaccount", "reader")

    assert (live[:2], f"--resource-name={SECRET}" in live[2]) == ((1, ""), True)
    assert (kept[:2], "the output of attempt 1 is in ConfigMap train-1-output" in kept[2]) == ((1, ""), True)
    assert allowed == (0, "kept\n", "")


async def test_every_attempt_of_a_job_is_followed_from_its_first_line_to_its_last(
    plane: Plane, machines: Simulator, operator: OperatorProcess, tmp_path: Path
) -> None:
    """Nothing is made up: the operator, machines that go away by themselves, and attempts that follow each other."""
    workspace = await Workspace.make(plane, machines, "followed")
    workspace.operator = operator
    plugin = Plugin(workspace, tmp_path, plane.kubeconfig)
    account = {"accountRef": {"name": workspace.account_name}}
    text = 'echo "attempt $GPU_JOB_ATTEMPT"; for at in 1 2 3; do echo $at; sleep 0.5; done; echo last; exit 7'
    template = {**account, "entrypoint": "sh -c", "command": f"'{text}'"}
    async with owners(workspace, JOBS) as jobs:
        await jobs.create("train", template=template, completion={"signal": "ExitCode"}, backoffLimit=1)

        following = await plugin.start("logs", "-n", workspace.namespace, "gpujob/train", "-f")
        out, err = await following.communicate()
        first = await plugin.run("logs", "gpujob/train", "--attempt", "1")
        last = await plugin.run("logs", "gpujob/train", "--tail", "1")
    await workspace.close()

    assert out.decode() == "".join(f"attempt {number}\n1\n2\n3\nlast\n" for number in (1, 2)), err
    assert following.returncode == 0
    assert err.decode().splitlines()[-1].startswith("gpujob/train has failed (BackoffLimitExceeded): ")
    assert (first.out, first.code) == ("attempt 1\n1\n2\n3\nlast\n", 0)
    assert (last.out, last.code) == ("last\n", 0)
