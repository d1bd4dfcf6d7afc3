"""What a user needs to get in: to see the instance, and to read its one Secret."""

from __future__ import annotations

import re

from tests.plugin.login.conftest import ONLY_WITNESS, Machine
from tests.support import kube


@ONLY_WITNESS
async def test_who_may_not_read_the_secret_is_told_the_right_and_gets_in_with_it(machine: Machine) -> None:
    plugin, workspace = machine.plugin, machine.workspace
    user = await plugin.become_reader()
    another = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "another", "namespace": workspace.namespace}}
    await workspace.plane.kube.create(kube.SECRETS, another)

    refused = await machine.exec("true")
    commands = re.findall(r"`kubectl ([^`]+)`", refused.err)
    given = [await workspace.plane.kubectl(*command.replace("YOU", user).split()) for command in commands]
    allowed = await machine.exec("echo", "in")
    others = await workspace.kubectl("get", "secret", "another", "--as", user)

    assert (refused.code, len(commands)) == (1, 2)
    assert [each.code for each in given] == [0, 0]
    assert (allowed.code, allowed.out) == (0, "in\n")
    assert others.code == 1
