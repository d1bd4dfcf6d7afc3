"""`sync`: what is in a folder here is there, and stays so."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from tests.plugin.login.conftest import ONLY_WITNESS, Machine
from tests.support import needs, processes

_WITHOUT_RSYNC = ("ssh", "scp", "sftp", "ssh-keygen", "sh")


@pytest.fixture(params=["rsync", "scp"])
def way(request: pytest.FixtureRequest, machine: Machine) -> str:
    """With rsync, or on a computer that has none."""
    found: str = request.param
    if found == "rsync":
        needs.program("rsync", package="rsync")
    if found == "scp":
        programs = machine.plugin.home / "bin"
        programs.mkdir()
        for name in _WITHOUT_RSYNC:
            (programs / name).symlink_to(str(shutil.which(name)))
        machine.plugin.path = str(programs)
    return found


async def test_a_folder_is_sent_with_all_that_is_in_it_and_nothing_there_is_removed(machine: Machine, way: str) -> None:
    project, code = _project(machine), machine.home / "code"
    for made in (code, code / "deep"):
        made.mkdir()
        # Whoever logs in to a simulated machine may be another user than this one.
        os.chown(made, machine.home.stat().st_uid, machine.home.stat().st_gid)
    (code / "checkpoint").write_text("theirs")

    done = await machine.plugin.run("sync", "project", "gpu:code")

    assert done.code == 0, done.err
    assert _content(code) == {**_content(project), "checkpoint": "theirs"}
    assert (code / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (code / "empty").is_dir()
    assert ("sending incremental file list" in done.out) is (way == "rsync")


async def test_what_changes_is_sent_until_ctrl_c(machine: Machine, way: str) -> None:
    project, code = _project(machine), machine.home / "code"
    running = await machine.plugin.start("sync", "-n", machine.workspace.namespace, "-w", "project", "gpu:code")
    await _until_sent(running)

    draft = machine.plugin.home / "new"
    (draft / "deeper").mkdir(parents=True)
    (draft / "deeper" / "file with a space").write_text("new")
    draft.rename(project / "new")
    await _until_sent(running)
    _write_at_once(machine, "print(2)")
    await _until_sent(running)
    sent = _content(code)
    running.send_signal(signal.SIGINT)
    _, err = await running.communicate()

    assert sent == _content(project)
    assert (running.returncode, err) == (130, b"")
    assert way in {"rsync", "scp"}


@ONLY_WITNESS
@pytest.mark.parametrize("way", ["scp"], indirect=True)
async def test_a_connection_that_breaks_is_made_again(machine: Machine, way: str) -> None:
    project, code = _project(machine), machine.home / "code"
    running = await machine.plugin.start("sync", "-n", machine.workspace.namespace, "-w", "project", "gpu:code")
    await _until_sent(running)

    for ssh in processes.children(running.pid):
        os.kill(ssh, signal.SIGKILL)
    _write_at_once(machine, "print(3)")
    await _until_sent(running)
    sent = _content(code)
    running.send_signal(signal.SIGINT)
    await running.communicate()

    assert sent == _content(project)
    assert running.returncode == 130
    assert way == "scp"


@ONLY_WITNESS
async def test_what_cannot_be_sent_is_said(machine: Machine) -> None:
    _project(machine)
    (machine.home / "file").write_text("")

    taken = await machine.plugin.run("sync", "project", "gpu:file")

    assert (taken.code, "the folder file cannot be made" in taken.err) == (1, True)


def _project(machine: Machine) -> Path:
    folder = machine.plugin.home / "project"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "train.py").write_text("print(1)")
    (folder / "deep" / "grüße '日本'").write_text("deep")
    (folder / "deep" / "deeper" / "[x]*").write_text("deeper")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    return folder


def _write_at_once(machine: Machine, text: str) -> None:
    """The program, so that nobody sees half of it."""
    draft = machine.plugin.home / "draft"
    draft.write_text(text)
    draft.replace(machine.plugin.home / "project" / "train.py")


def _content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def _until_sent(running: asyncio.subprocess.Process) -> None:
    assert running.stdout is not None
    while not (line := await running.stdout.readline()).endswith(b" is up to date\n"):
        assert line, "it has ended"
