"""`exec`: what is typed arrives, what comes out comes back."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal

from tests.plugin.login.conftest import ONLY_WITNESS, STAYS, Machine

_WORDS = [
    "a 'b' \"c\"",
    "$HOME `id` $(id)",
    "two\nlines",
    "grüße 日本 🚀",
    "",
    "back\\slash",
    "*",
    "~",
    "-x",
    ";exit 9",
]
# Where nobody listens any more, it ends by itself.
_CATCHES = "trap 'echo caught; exit 9' INT; echo begun; while sleep 0.1; do printf . || exit; done"


async def test_each_word_arrives_as_it_was_written(machine: Machine) -> None:
    done = await machine.exec("printf", "%s|", *_WORDS)

    assert (done.code, done.err) == (0, "")
    assert done.out == "".join(f"{word}|" for word in _WORDS)


async def test_exit_code_and_both_streams_are_those_of_the_program(machine: Machine) -> None:
    done = await machine.exec("sh", "-c", "echo out; echo err >&2; exit 7")

    assert (done.code, done.out, done.err) == (7, "out\n", "err\n")


@ONLY_WITNESS
async def test_what_cannot_be_started_is_127_and_255_may_be_sshs_own(machine: Machine) -> None:
    no_variable = await machine.exec("A=b", "echo", "ran")
    highest = await machine.exec("sh", "-c", "exit 255")

    assert (no_variable.code, no_variable.out, "not found" in no_variable.err) == (127, "", True)
    assert (highest.code, "255 is ssh's own code" in highest.err) == (255, True)


async def test_the_standard_input_is_passed_on(machine: Machine) -> None:
    data = os.urandom(3_000_000)

    passing = await machine.plugin.start(
        *("exec", "-n", machine.workspace.namespace, "-i", "gpu", "--", "sha256sum"),
        streams={"stdin": asyncio.subprocess.PIPE},
    )
    summed, _ = await passing.communicate(data)

    assert (passing.returncode, summed.split()[0].decode()) == (0, hashlib.sha256(data).hexdigest())


@ONLY_WITNESS
async def test_without_asking_for_them_there_is_neither_input_nor_terminal(machine: Machine) -> None:
    at = ("exec", "-n", machine.workspace.namespace)
    look = ("gpu", "--", "sh", "-c", "tty; wc -c")

    plain = await machine.plugin.anywhere(*at, *look, stdin="not for it")
    without = await machine.plugin.anywhere(*at, "-i", "-t", *look, stdin="for it")

    assert (plain.code, plain.out) == (0, "not a tty\n0\n")
    assert (without.out, "-t is left out" in without.err) == ("not a tty\n6\n", True)


async def test_a_program_has_a_terminal_of_its_own_where_that_is_asked_for(machine: Machine) -> None:
    shown = await machine.plugin.run("exec", "-t", "gpu", "--", "tty")

    assert (shown.code, shown.out.startswith("/dev/")) == (0, True)


async def test_what_runs_ends_with_whoever_is_told_to_end(machine: Machine) -> None:
    running = await machine.plugin.start("exec", "-n", machine.workspace.namespace, "gpu", "--", *STAYS)
    assert running.stdout is not None
    assert await running.stdout.readline() == b"up\n"

    running.send_signal(signal.SIGTERM)
    await running.communicate()

    assert running.returncode == 128 + signal.SIGTERM


async def test_on_a_terminal_of_its_own_ctrl_c_is_the_programs(machine: Machine) -> None:
    at = ("exec", "-n", machine.workspace.namespace, "-it", "gpu", "--", "sh", "-c", _CATCHES)

    with machine.plugin.on_a_terminal(*at) as terminal:
        await terminal.until_shown("begun")
        terminal.types("\x03")
        code = await terminal.ended()

    assert (code, "caught" in terminal.shown) == (9, True)


@ONLY_WITNESS
async def test_elsewhere_ctrl_c_breaks_off(machine: Machine) -> None:
    at = ("exec", "-n", machine.workspace.namespace, "gpu", "--", "sh", "-c", _CATCHES)

    with machine.plugin.on_a_terminal(*at) as terminal:
        await terminal.until_shown("begun")
        terminal.types("\x03")
        code = await terminal.ended()

    assert (code, "caught" in terminal.shown) == (130, False)
