"""`ssh`: a shell as a person has it, and who is let in nowhere."""

from __future__ import annotations

import pytest
from tests.plugin.login.conftest import Machine

_SHOWN_AS = {"yes": "true", "no": "false"}  # by `ssh -G`, for some of its options
_ONLY_WITNESS = pytest.mark.parametrize("machine", ["witness"], indirect=True)


async def test_a_person_gets_a_shell_without_being_asked_for_anything(machine: Machine) -> None:
    with machine.plugin.on_a_terminal("ssh", "-n", machine.workspace.namespace, "gpu") as terminal:
        terminal.types("echo $((6 * 7)) is shown; exit 5\n")
        code = await terminal.ended()

    assert "42 is shown" in terminal.shown
    assert "assword" not in terminal.shown
    assert code == 5


async def test_what_stands_behind_two_dashes_is_options_and_a_command_of_ssh(machine: Machine) -> None:
    done = await machine.plugin.run("ssh", "gpu", "--", "-o", "LogLevel=ERROR", "echo", "$HOME", "&&", "exit", "4")

    assert (done.code, done.out) == (4, f"{await machine.home()}\n")


async def test_another_host_key_than_that_of_the_secret_gets_no_password(machine: Machine) -> None:
    other = machine.host_key[:-8] + ("AAAAAAAA" if machine.host_key[-8:] != "AAAAAAAA" else "BBBBBBBB")
    await machine.say(**{"host-key": other})

    refused = await machine.exec("true")
    trusting = await machine.plugin.run("exec", "--trust-new-host-key", "gpu", "--", "true")

    assert (refused.code, trusting.code) == (255, 255)
    assert "Host key verification failed" in refused.err
    assert "the password was not sent" in refused.err


async def test_without_a_recorded_host_key_only_a_flag_trusts_and_the_next_login_remembers(machine: Machine) -> None:
    await machine.say(**{"host-key": None})

    before = await machine.exec("true")
    trusting = await machine.plugin.run("exec", "--trust-new-host-key", "gpu", "--", "echo", "in")
    after = await machine.exec("echo", "in again")

    assert before.code == 1
    assert "has no entry host-key" in before.err
    assert "--trust-new-host-key" in before.err
    assert (trusting.code, trusting.out) == (0, "in\n")
    assert "is trusted" in trusting.err
    assert (after.code, after.out, after.err) == (0, "in again\n", "")
    known = (machine.plugin.home / ".ssh" / "known_hosts").read_text()
    assert known.split()[1:] == machine.host_key.split()


@_ONLY_WITNESS
async def test_a_remembered_host_key_that_changes_is_refused(machine: Machine) -> None:
    await machine.say(**{"host-key": None})
    assert (await machine.plugin.run("exec", "--trust-new-host-key", "gpu", "--", "true")).code == 0
    known = machine.plugin.home / ".ssh" / "known_hosts"
    known.write_text(known.read_text().replace(machine.host_key[-12:], "AAAAAAAAAAAA"))

    refused = await machine.plugin.run("exec", "--trust-new-host-key", "gpu", "--", "true")

    assert refused.code == 255
    assert "Host key verification failed" in refused.err


async def test_a_wrong_password_is_refused_at_once(machine: Machine) -> None:
    await machine.say(password="another one")

    refused = await machine.exec("true")

    assert refused.code == 255
    assert "Permission denied" in refused.err


@_ONLY_WITNESS
@pytest.mark.parametrize(
    ("entry", "value", "said"),
    [
        ("host", "-oProxyCommand=evil", "entry host"),
        ("port", "22 -oX=y", "entry port"),
        ("username", "-l", "entry username"),
        ("username", "root@x", "entry username"),
        ("host-key", "* ssh-ed25519 AAAA\n@cert-authority * ssh-ed25519 AAAA", "no public key"),
        ("password", "two\nlines", "entry password"),
        ("password", "", "entry password"),
        ("instance-id", "another", "another instance"),
    ],
)
async def test_a_secret_cannot_smuggle_in_options(machine: Machine, entry: str, value: str, said: str) -> None:
    await machine.say(**{entry: value})

    refused = await machine.exec("true")

    assert refused.code == 1
    assert said in refused.err


@_ONLY_WITNESS
async def test_of_the_users_own_configuration_only_how_to_get_there_counts(machine: Machine) -> None:
    config = machine.plugin.home / "config"
    theirs = {
        "ForwardAgent": "yes",
        "ForwardX11": "yes",
        "ControlMaster": "auto",
        "ControlPath": "/nowhere/%C",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/nowhere/known",
        "KnownHostsCommand": "/nowhere/command",
        "VerifyHostKeyDNS": "yes",
        "NoHostAuthenticationForLocalhost": "yes",
        "RemoteCommand": "tmux",
        "ProxyJump": "jump.example.com",
    }
    config.write_text("Host *\n" + "".join(f"  {name} {value}\n" for name, value in theirs.items()))

    shown = await machine.plugin.run("ssh", "gpu", "--", "-F", str(config), "-G")

    assert shown.code == 0, shown.err
    counts = dict(line.split(" ", 1) for line in shown.out.splitlines() if " " in line)
    kept = {name for name, value in theirs.items() if counts.get(name.lower()) in {value, _SHOWN_AS.get(value, value)}}
    assert kept == {"ProxyJump"}
