"""File transfers by the system's own scp and sftp: on the root disk, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.simulator.landlord import Landlord

_DATA = bytes(range(256)) * 4000  # a million bytes of every kind
_ENV = Path("/usr/bin/env")
_ENV_SIZE = _ENV.stat().st_size


@pytest.mark.parametrize("protocol", [[], ["-O"]], ids=["scp by sftp", "scp as it was before"])
async def test_scp_carries_files_and_folders_both_ways(home: Landlord, protocol: list[str]) -> None:
    instance_id, guest = await home.running()
    folder = home.files / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "data with a space").write_bytes(_DATA)
    (folder / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (folder / "run.sh").chmod(0o755)

    up = await guest.scp(*protocol, "-r", str(folder), ":")
    ran = await guest.ssh("sh folder/run.sh && mv folder/deep moved")
    down = await guest.scp(*protocol, "-r", ":moved", str(home.files / "back"))

    assert (up.code, up.err, down.code, down.err) == (0, "", 0, "")
    assert ran.text == "ran\n"
    assert (home.files / "back" / "data with a space").read_bytes() == _DATA
    owner = home.home(instance_id).stat().st_uid
    assert {path.stat().st_uid for path in home.home(instance_id).rglob("*")} == {owner}
    if not protocol:  # asyncssh's older scp leaves out rights, unless they are asked for by -p
        assert (home.home(instance_id) / "folder" / "run.sh").stat().st_mode & 0o777 == 0o755


async def test_sftp_lists_makes_renames_and_removes(home: Landlord) -> None:
    instance_id, guest = await home.running()
    (home.files / "model").write_bytes(_DATA)

    said = await guest.sftp(
        f"pwd\nmkdir models\nput {home.files}/model models/one\nrename models/one models/two\n"
        "chmod 600 models/two\nln -s two models/link\nls -1 models\n"
        f"get models/link {home.files}/again\nrm models/link\n"
    )

    assert (said.code, said.err) == (0, "")
    assert f"Remote working directory: {home.home(instance_id)}" in said.text
    assert {"models/link", "models/two"} <= set(said.text.splitlines())
    assert (home.files / "again").read_bytes() == _DATA
    left = home.home(instance_id) / "models"
    assert [path.name for path in left.iterdir()] == ["two"]
    assert (left / "two").stat().st_mode & 0o777 == 0o600


async def test_a_path_from_the_root_is_one_of_the_root_disk(home: Landlord) -> None:
    instance_id, guest = await home.running()
    (home.files / "model").write_bytes(_DATA)

    said = await guest.sftp(
        f"mkdir /workspace\nput {home.files}/model /workspace/../workspace/model\n"
        f"get {home.disk(instance_id)}/workspace/model {home.files}/back\nput {home.files}/model /../../../model\n"
    )

    assert (said.code, said.err) == (0, "")
    assert (home.disk(instance_id) / "workspace" / "model").read_bytes() == _DATA
    assert (home.disk(instance_id) / "model").read_bytes() == _DATA
    assert (home.files / "back").read_bytes() == _DATA


async def test_no_link_leads_a_transfer_off_the_disk(home: Landlord, tmp_path_factory: pytest.TempPathFactory) -> None:
    _, guest = await home.running()
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("canary")
    (outside / "secret").chmod(0o600)
    (home.files / "new").write_text("new")
    await guest.ssh(f"ln -s {outside} folder; ln -s {outside}/secret file; ln -s {_ENV} readable")

    tried = {
        "into a folder": await guest.sftp(f"put {home.files}/new folder/new\n"),
        "over a file": await guest.sftp(f"put {home.files}/new file\n"),
        "out of a file": await guest.sftp(f"get file {home.files}/stolen\n"),
        "its rights": await guest.sftp("chmod 777 file\n"),
    }
    listed = await guest.sftp("ls -1\nrm file\n")
    read = await guest.sftp(f"get readable {home.files}/env\n")

    assert {name for name, said in tried.items() if said.code == 0} == set()
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "canary"
    assert (outside / "secret").stat().st_mode & 0o777 == 0o600
    assert not (home.files / "stolen").exists() or b"canary" not in (home.files / "stolen").read_bytes()
    assert (listed.code, {"file", "folder", "readable"} <= set(listed.text.splitlines())) == (0, True)
    assert (read.code, (home.files / "env").stat().st_size) == (0, _ENV_SIZE)
