"""The program of a run against OpenSSH's own server, which no code of ours has a part in."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support import needs, sshd

from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login import access, session, sharing
from novita_operator.plugin.run import transfer
from novita_operator.plugin.run.remote import Output, Remote

_NAME = "run-1"


@dataclass(frozen=True)
class Witness:
    """`home`: of the machine. `here`: the current folder."""

    remote: Remote
    home: Path
    here: Path


@pytest.fixture
async def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Witness]:
    for each in ("ssh", "scp"):
        needs.program(each, package="openssh-client")
    folder, here = tmp_path / "sshd", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(here))
    async with sshd.serving(folder, GPU_JOB_ID=_NAME, GREETING="it's me") as server:
        machine = access.of("gpu", "gpu-connection", {**server.entries, "instance-id": "i-1"})
        with session.on(machine, trust_new=False) as alone, sharing.shared(alone) as there:
            yield Witness(Remote(there, _NAME, lambda: None), server.home, here)


async def test_files_go_there_the_program_runs_among_them_and_what_it_makes_comes_back(witness: Witness) -> None:
    remote, here = witness.remote, witness.here
    (here / "code" / "deep").mkdir(parents=True)
    (here / "code" / "deep" / "a name").write_text("1 2 3\n")
    printed = io.BytesIO()

    environment = remote.environment()
    folder = remote.folder(environment, "work")
    transfer.upload(remote.session, here / "code", folder)
    words = ("sh", "-c", 'echo "$GREETING"; echo "$1" >&2; cat "deep/a name" > model; exit 3', "sh", "grüße $HOME")
    remote.start(words, folder, environment)
    remote.start(words, folder, environment)
    ended = remote.follow(Output(printed))
    transfer.download(remote.session, ["model"], folder)

    assert folder == str(witness.home.resolve() / "work")
    assert ended.code == 3
    assert printed.getvalue().decode() == "it's me\ngrüße $HOME\n"
    assert (here / "model").read_text() == "1 2 3\n"


async def test_without_files_it_runs_where_the_containers_program_does(witness: Witness) -> None:
    environment = witness.remote.environment()

    assert witness.remote.folder(environment, None) == str(witness.home.resolve())


async def test_all_that_can_be_fetched_is_and_what_is_missing_is_named(witness: Witness) -> None:
    (witness.home / "there").write_text("x")

    with pytest.raises(Wrong, match="missing could not be fetched"):
        transfer.download(witness.remote.session, ["missing", "there"], str(witness.home))

    assert (witness.here / "there").read_text() == "x"


async def test_a_machine_that_does_not_show_its_variables_says_so(witness: Witness) -> None:
    another = Remote(witness.remote.session, "run-2", lambda: None)

    with pytest.raises(Wrong, match="does not show the variables of its container"):
        another.environment()
