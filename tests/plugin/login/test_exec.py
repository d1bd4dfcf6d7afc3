"""`exec`: what is typed arrives, what comes out comes back."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal

from tests.plugin.login.conftest import Machine

_INPUT = {"stdin": asyncio.subprocess.PIPE}
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


async def test_each_word_arrives_as_it_was_written(machine: Machine) -> None:
    done = await machine.exec("printf", "%s|", *_WORDS)

    assert (done.code, done.err) == (0, "")
    assert done.out == "".join(f"{word}|" for word in _WORDS)


async def test_exit_codes_and_both_streams_are_those_of_the_program(machine: Machine) -> None:
    codes = [(await machine.exec("sh", "-c", f"exit {code}")).code for code in (0, 3, 255)]
    both = await machine.exec("sh", "-c", "echo out; echo err >&2; exit 7")
    missing = await machine.exec("no-such-program")
    no_variable = await machine.exec("A=b", "echo", "ran")

    assert codes == [0, 3, 255]
    assert (both.code, both.out, both.err) == (7, "out\n", "err\n")
    assert (missing.code, "not found" in missing.err) == (127, True)
    assert (no_variable.code, no_variable.out) == (127, "")


async def test_the_standard_input_is_passed_on_only_if_asked_for(machine: Machine) -> None:
    data = os.urandom(3_000_000)
    namespace = machine.workspace.namespace

    passing = await machine.plugin.start("exec", "-n", namespace, "-i", "gpu", "--", "sha256sum", streams=_INPUT)
    summed, _ = await passing.communicate(data)
    without = await machine.plugin.anywhere("exec", "-n", namespace, "gpu", "--", "wc", "-c", stdin="not for it")

    assert (passing.returncode, summed.split()[0].decode()) == (0, hashlib.sha256(data).hexdigest())
    assert (without.code, without.out.strip()) == (0, "0")


async def test_a_terminal_is_one_only_if_asked_for(machine: Machine) -> None:
    namespace = machine.workspace.namespace
    plain = await machine.exec("tty")
    shown = await machine.plugin.run("exec", "-t", "gpu", "--", "tty")
    without = await machine.plugin.anywhere("exec", "-n", namespace, "-i", "-t", "gpu", "--", "tty", stdin="")

    assert (plain.code, plain.out) == (1, "not a tty\n")
    assert (shown.code, shown.out.startswith("/dev/")) == (0, True)
    assert (without.out, "-t is left out" in without.err) == ("not a tty\n", True)


async def test_what_runs_ends_with_whoever_is_told_to_end(machine: Machine) -> None:
    home = await machine.home()
    running = await machine.plugin.start(
        "exec", "-n", machine.workspace.namespace, "gpu", "--", "sh", "-c", "echo begun; exec sleep 300"
    )
    assert running.stdout is not None
    assert await running.stdout.readline() == b"begun\n"

    running.send_signal(signal.SIGTERM)
    await running.communicate()

    assert running.returncode == 128 + signal.SIGTERM
    assert home.exists()


async def test_on_a_terminal_ctrl_c_is_the_programs_own_and_elsewhere_it_breaks_off(machine: Machine) -> None:
    namespace = machine.workspace.namespace
    script = "trap 'echo caught; exit 9' INT; echo begun; while :; do sleep 0.1; done"
    with machine.plugin.on_a_terminal("exec", "-n", namespace, "-it", "gpu", "--", "sh", "-c", script) as terminal:
        await terminal.until_shown("begun")
        terminal.types("\x03")
        inside = await terminal.ended()
    assert (inside, "caught" in terminal.shown) == (9, True)

    with machine.plugin.on_a_terminal("exec", "-n", namespace, "gpu", "--", "sh", "-c", script) as terminal:
        await terminal.until_shown("begun")
        terminal.types("\x03")
        outside = await terminal.ended()
    assert (outside, "caught" in terminal.shown) == (130, False)


async def test_without_a_program_it_says_how_to_name_one(machine: Machine) -> None:
    said = await machine.plugin.run("exec", "gpu")

    assert said.code == 2
    assert "after two dashes" in said.err
