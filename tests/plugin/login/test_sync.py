"""`sync`: what is in a folder here is there, and stays so."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from tests.plugin.login.conftest import Machine
from tests.support import processes

_WITHOUT_RSYNC = ("ssh", "scp", "sftp", "ssh-keygen", "sh")


@pytest.fixture(params=["rsync", "scp"])
def way(request: pytest.FixtureRequest, machine: Machine) -> str:
    """With rsync, or on a computer that has none."""
    found: str = request.param
    if found == "rsync" and shutil.which("rsync") is None:
        pytest.skip("there is no rsync here (Debian: rsync)")
    if found == "scp":
        programs = machine.plugin.home / "bin"
        programs.mkdir()
        for name in _WITHOUT_RSYNC:
            (programs / name).symlink_to(str(shutil.which(name)))
        machine.plugin.path = str(programs)
    return found


async def test_a_folder_is_sent_with_all_that_is_in_it_and_nothing_there_is_removed(machine: Machine, way: str) -> None:
    home = await machine.home()
    project = _project(machine)
    await machine.exec("mkdir", "-p", "code/deep")
    (home / "code" / "checkpoint").write_text("theirs")

    done = await machine.plugin.run("sync", "project", "gpu:code")

    assert done.code == 0, done.err
    assert _content(home / "code") == {**_content(project), "checkpoint": "theirs"}
    assert (home / "code" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (home / "code" / "empty").is_dir()
    assert ("sending incremental file list" in done.out) is (way == "rsync")


async def test_what_changes_is_sent_until_ctrl_c(machine: Machine, way: str) -> None:
    home = await machine.home()
    project, code = _project(machine), home / "code"
    running = await machine.plugin.start("sync", "-n", machine.workspace.namespace, "-w", "project", "gpu:code")
    await _until_sent(running)

    (project / "train.py").write_text("print(2)")
    (project / "new" / "deeper").mkdir(parents=True)
    (project / "new" / "deeper" / "file with a space").write_text("new")
    await _until_sent(running)
    sent = _content(code)
    running.send_signal(signal.SIGINT)
    _, err = await running.communicate()

    assert sent == _content(project)
    assert (running.returncode, err) == (130, b"")
    assert way in {"rsync", "scp"}


@pytest.mark.parametrize("way", ["scp"], indirect=True)
async def test_a_connection_that_breaks_is_made_again(machine: Machine, way: str) -> None:
    home = await machine.home()
    project, code = _project(machine), home / "code"
    running = await machine.plugin.start("sync", "-n", machine.workspace.namespace, "-w", "project", "gpu:code")
    await _until_sent(running)

    for ssh in processes.children(running.pid):
        os.kill(ssh, signal.SIGKILL)
    (project / "train.py").write_text("print(3)")
    await _until_sent(running)
    sent = _content(code)
    running.send_signal(signal.SIGINT)
    await running.communicate()

    assert sent == _content(project)
    assert running.returncode == 130
    assert way == "scp"


async def test_what_cannot_be_sent_is_said(machine: Machine) -> None:
    _project(machine)
    (await machine.home() / "file").write_text("")

    nothing = await machine.plugin.run("sync", "nothing", "gpu:code")
    here = await machine.plugin.run("sync", "project", "code")
    taken = await machine.plugin.run("sync", "project", "gpu:file")

    assert (nothing.code, here.code, taken.code) == (1, 2, 1)
    assert "nothing is no folder here" in nothing.err
    assert "NAME:PATH" in here.err
    assert "the folder file cannot be made" in taken.err


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


def _content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def _until_sent(running: asyncio.subprocess.Process) -> None:
    assert running.stdout is not None
    while not (line := await running.stdout.readline()).endswith(b" is up to date\n"):
        assert line, "it has ended"
