"""`ssh`, `open`, `logs`."""

from __future__ import annotations

import pytest
from tests.local.programs import program
from tests.plugin.conftest import Plugin

from novita_operator.plugin import connect
from novita_operator.plugin.cluster import Wrong


async def test_the_command_alone_can_be_printed(plugin: Plugin) -> None:
    await plugin.workspace.create()
    body = await plugin.workspace.until_ready()

    printed = await plugin.run("ssh", "gpu", "--print")

    assert (printed.code, printed.out) == (0, body["status"]["connection"]["ssh"] + "\n")


async def test_what_cannot_be_reached_yet_is_a_sentence(plugin: Plugin) -> None:
    await plugin.workspace.create(powerState="Stopped")
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    for verb in ("ssh", "open"):
        refused = await plugin.run(verb, "gpu")
        assert refused.code == 1
        assert "gpu cannot be reached now (Stopped)" in refused.err


async def test_open_gives_the_address_of_jupyter_to_the_browser_and_prints_it(plugin: Plugin) -> None:
    browser = program(plugin.home / "browser", f'echo "$1" > {plugin.home}/opened')
    await plugin.workspace.create()
    body = await plugin.workspace.until_ready()
    address = body["status"]["connection"]["jupyter"]

    done = await plugin.run("open", "gpu", BROWSER=str(browser))

    assert (done.code, done.out) == (0, f"{address}\n")
    assert (plugin.home / "opened").read_text() == f"{address}\n"


async def test_log_addresses_come_from_novita_and_without_a_key_that_is_said(plugin: Plugin) -> None:
    await plugin.workspace.create()
    await plugin.workspace.until_ready()
    (instance,) = await plugin.workspace.novita.instances()

    without = await plugin.run("logs", "gpu")
    with_key = await plugin.asking_novita("logs", "gpu", "-n", plugin.workspace.namespace)

    assert without.code == 1
    assert "NOVITA_API_KEY" in without.err
    assert with_key.code == 0, with_key.err
    assert instance["connectComponentLog"]["instanceLogAddress"] in with_key.out
    assert instance["connectComponentLog"]["systemLogAddress"] in with_key.out


@pytest.mark.parametrize(
    "told",
    ["ssh -oProxyCommand=evil", "ssh -p 22 root@-oProxyCommand=evil", "ssh -p 22", ""],
    ids=["an option alone", "an option as the host", "no host", "nothing"],
)
def test_an_ssh_command_without_user_and_host_is_not_run(told: str) -> None:
    with pytest.raises(Wrong, match="no user and host"):
        connect.ssh_command(told, "gpu")


def test_options_that_novita_adds_to_its_ssh_command_are_left_out() -> None:
    command = connect.ssh_command("ssh -oProxyCommand=evil -p 2200 root@host.example -oX=y", "gpu")

    assert command == ["ssh", "-p", "2200", "root@host.example"]
