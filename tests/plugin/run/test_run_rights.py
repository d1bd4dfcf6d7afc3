"""What a user needs for `run`, said before anything is rented."""

from __future__ import annotations

import re

from tests.plugin.run.conftest import Runs


async def test_missing_rights_are_said_and_with_the_commands_of_the_message_it_works(runs: Runs) -> None:
    user = await runs.plugin.become_reader()

    refused = await runs.run("--", "echo", "ran")
    commands = re.findall(r"`kubectl ([^`]+)`", refused.err)
    given = [await runs.workspace.plane.kubectl(*command.replace("YOU", user).split()) for command in commands]
    allowed = await runs.run("--", "echo", "ran")

    assert (refused.code, "may not create, patch, delete gpuinstances" in refused.err) == (1, True), refused.err
    assert ("Secret gpu-connection" in refused.err, len(commands)) == (True, 4)
    assert [each.code for each in given] == [0, 0, 0, 0], given
    assert (allowed.code, allowed.out) == (0, "ran\n"), allowed.err
    assert await runs.nothing_is_left(rented=1)
