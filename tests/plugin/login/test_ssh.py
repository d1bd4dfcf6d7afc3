"""`ssh`: a shell as a person has it, and who is let in nowhere."""

from __future__ import annotations

import pytest
from tests.plugin.login.conftest import ONLY_WITNESS, SECRET, Machine

_SHOWN_AS = {"yes": "true", "no": "false"}  # by `ssh -G`, for some of its options


async def test_a_person_gets_a_shell_without_being_asked_for_anything(machine: Machine) -> None:
    with machine.plugin.on_a_terminal("ssh", "-n", machine.workspace.namespace, "gpu") as terminal:
        terminal.types("echo $((6 * 7)) is shown; exit 5\n")
        code = await terminal.ended()

    assert "42 is shown" in terminal.shown
    assert "assword" not in terminal.shown
    assert code == 5


@ONLY_WITNESS
async def test_what_stands_behind_two_dashes_is_options_and_a_command_of_ssh(machine: Machine) -> None:
    done = await machine.plugin.run("ssh", "gpu", "--", "-o", "LogLevel=ERROR", "echo", "$HOME", "&&", "exit", "4")

    assert (done.code, done.out) == (4, f"{machine.home}\n")


@pytest.mark.parametrize("machine", ["simulated"], indirect=True)
async def test_the_host_key_that_the_operator_has_recorded_is_accepted_and_a_changed_one_refused(
    machine: Machine,
) -> None:
    novita = machine.workspace.novita
    accepted = await machine.exec("echo", "in")
    # Not only once: the operator looks at the key, too.
    fault = await novita.fault("ssh-host-key-changed")
    refused = await machine.exec("true")
    await novita.end_faults(fault)

    assert (accepted.code, accepted.out, accepted.err) == (0, "in\n", "")
    assert (refused.code, "Host key verification failed" in refused.err) == (255, True)
    assert f"gpu shows another one than Secret {SECRET} says; the password was not sent" in refused.err


async def test_another_host_key_than_that_of_the_secret_gets_no_password(machine: Machine) -> None:
    other = machine.host_key[:-8] + ("AAAAAAAA" if machine.host_key[-8:] != "AAAAAAAA" else "BBBBBBBB")
    await machine.say(**{"host-key": other})

    refused = await machine.plugin.run("exec", "--trust-new-host-key", "gpu", "--", "true")

    assert refused.code == 255
    assert "Host key verification failed" in refused.err
    assert "the password was not sent" in refused.err


@ONLY_WITNESS
async def test_without_a_recorded_host_key_only_a_flag_trusts_and_what_it_trusted_is_remembered(
    machine: Machine,
) -> None:
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
    known = machine.plugin.home / ".ssh" / "known_hosts"
    assert known.read_text().split()[1:] == machine.host_key.split()

    known.write_text(known.read_text().replace(machine.host_key[-12:], "AAAAAAAAAAAA"))
    changed = await machine.plugin.run("exec", "--trust-new-host-key", "gpu", "--", "true")

    assert (changed.code, "Host key verification failed" in changed.err) == (255, True)


async def test_a_wrong_password_is_refused_at_once(machine: Machine) -> None:
    await machine.say(password="another one")

    refused = await machine.exec("true")

    assert refused.code == 255
    assert "Permission denied" in refused.err


@ONLY_WITNESS
async def test_a_secret_of_another_instance_leads_nowhere(machine: Machine) -> None:
    await machine.say(**{"instance-id": "another"})

    refused = await machine.exec("true")

    assert (refused.code, "another instance" in refused.err) == (1, True)


@ONLY_WITNESS
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
