"""Programs on simulated machines that are real: what was written arrives, how it ends is known, it starts once."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal

import pytest
from tests.machines.conftest import Rented, dialer, rented
from tests.simulator import landlord
from tests.simulator.landlord import Landlord

from novita_operator.machines import errors
from novita_operator.machines.pool import Pool
from novita_operator.machines.programs import program
from novita_operator.machines.programs.program import Program
from novita_operator.machines.programs.programs import Programs
from novita_operator.machines.programs.state import Ended, Lost, NotStarted, Running

NAME = "uid-1"
_OWN = [{"key": "GPU_JOB_ID", "value": NAME}]
_LONG = 60


@pytest.fixture
async def machine(home: Landlord) -> Rented:
    return await rented(home, envs=_OWN)


@pytest.fixture
def programs(pool: Pool) -> Programs:
    return Programs(pool)


def asked(*words: str) -> Program:
    return Program(NAME, words)


def shell(text: str) -> Program:
    return asked("sh", "-c", text)


async def ended(programs: Programs, machine: Rented, asked: Program) -> Ended:
    await programs.start(machine.login, asked)
    found = await programs.wait(machine.login, asked.name, _LONG)
    assert isinstance(found, Ended), found
    return found


async def printed(programs: Programs, machine: Rented) -> bytes:
    return (await programs.output(machine.login, NAME, 1024 * 1024)).end


# --- What was written arrives ---------------------------------------------------------------------------------------

_AWKWARD: dict[str, str] = {
    "single quotes": "it's 'all' ''right''",
    "double quotes": 'say "hello" to "x"',
    "both quotes": """a'b"c'"d""",
    "a dollar": "$HOME ${PATH} $(id) $$ $1 $@",
    "backticks": "`id` and `echo x`",
    "backslashes": r"\ \\ \n \t \' \" end\\",
    "a newline": "one\ntwo\n\nfour\n",
    "carriage returns": "one\r\ntwo\r",
    "tabs and blanks": "\ta  b \t ",
    "an empty word": "",
    "unicode": "grüße 日本 🚀 \u200b\u2028é",
    "a glob": "* ? [a-z]* ~ ~root {a,b}",
    "redirections": "a > b < c | d & e && f || g ; h",
    "a comment": "# not a comment",
    "a here document": "<<EOF\nx\nEOF\n",
    "an option": "--help",
    "two dashes": "--",
    "an assignment": "A=b",
    "control characters": "\x01\x07\x1b[31mred\x1b[0m\x7f",
    "a long word": "x" * 100_000,
    "percent signs": "100% %s %d %n",
    "an exclamation mark": "!! !x wow!",
    "the launcher's own words": 'program=x\nmain "$@"\nexit 9\n}\n',
}


@pytest.mark.parametrize("what", _AWKWARD)
async def test_a_word_arrives_as_it_was_written(machine: Rented, programs: Programs, what: str) -> None:
    word = _AWKWARD[what]

    found = await ended(programs, machine, asked("sh", "-c", 'printf "%s" "$1" > arrived', "sh", word))

    assert found.code == 0
    assert (machine.folder / "arrived").read_bytes() == word.encode()


@pytest.mark.parametrize("word", [word for word in _AWKWARD.values() if len(word) < 1000], ids=shlex.quote)
def test_a_text_is_split_as_a_containers_command_is(word: str) -> None:
    assert program.words(None, "", f"python -c {shlex.quote(word)} end") == ("python", "-c", word, "end")


@pytest.mark.parametrize(("text", "says"), [("echo 'x", "cannot be split"), ("", "no program"), ("a\0b", "NUL")])
def test_what_no_program_can_be_is_refused(text: str, says: str) -> None:
    with pytest.raises(program.NoProgram, match=says):
        Program(NAME, program.words(text))


async def test_the_environment_is_the_containers_with_every_value_as_it_was_written(
    home: Landlord, programs: Programs
) -> None:
    values = {f"V{at}": value for at, value in enumerate(_AWKWARD.values()) if len(value) < 1000}
    machine = await rented(home, envs=[*_OWN, *({"key": key, "value": value} for key, value in values.items())])

    found = await ended(programs, machine, shell("cat /proc/self/environ > environ; umask > mask; pwd > place"))

    pairs = (machine.folder / "environ").read_bytes().decode().rstrip("\0").split("\0")
    seen = dict(pair.split("=", 1) for pair in pairs)
    assert found.code == 0
    assert {key: seen[key] for key in values} == values
    assert (seen["GPU_JOB_ID"], seen["HOME"]) == (NAME, str(machine.folder))
    assert (machine.folder / "mask").read_text() == "0022\n"
    assert (machine.folder / "place").read_text().strip() == str(machine.folder)


async def test_a_container_whose_environment_is_not_shown_is_told(home: Landlord, programs: Programs) -> None:
    machine = await rented(home, envs=[{"key": "GPU_JOB_ID", "value": "another"}])

    with pytest.raises(errors.NoEnvironment):
        await programs.start(machine.login, shell("touch ran"))

    assert await programs.look(machine.login, NAME) == NotStarted()


# --- How it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("exit 0", 0, None),
        ("exit 3", 3, None),
        ("exit 255", 255, None),
        ("kill -9 $$", 137, "KILL"),
        ("kill -TERM $$", 143, "TERM"),
        ("kill -SEGV $$", 139, "SEGV"),
        ("sleep 0.05", 0, None),
        ("exec no-such-program", 127, None),
        ("exec /", 126, None),
    ],
)
async def test_the_exit_code_is_that_of_the_program(
    machine: Rented, programs: Programs, text: str, code: int, name: str | None
) -> None:
    found = await ended(programs, machine, shell(text))

    assert (found.code, found.signal) == (code, name)
    assert found.started_at <= found.ended_at


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
async def test_a_signal_adds_nothing_to_the_output(machine: Rented, programs: Programs, name: str) -> None:
    found = await ended(programs, machine, shell(f"echo printed; kill -{name} $$"))

    assert found.signal == name
    assert await printed(programs, machine) == b"printed\n"


async def test_a_program_that_is_not_there_says_so_in_its_output(machine: Rented, programs: Programs) -> None:
    found = await ended(programs, machine, asked("no-such-program", "x"))

    assert found.code == 127
    assert b"no-such-program" in await printed(programs, machine)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("printf end", b"end"),
        ("echo out; echo err >&2; echo out", b"out\nerr\nout\n"),
        ("true", b""),
        (r"printf '\000\001\377\n\n\nx\000'", b"\x00\x01\xff\n\n\nx\x00"),
        ("printf 'gpu-job 1\\n\\nstate none\\n'", b"gpu-job 1\n\nstate none\n"),
    ],
    ids=["no newline", "both streams", "nothing", "bytes", "words of our own"],
)
async def test_output_comes_as_it_was_printed(machine: Rented, programs: Programs, text: str, expected: bytes) -> None:
    await ended(programs, machine, shell(text))

    assert await printed(programs, machine) == expected


async def test_of_much_output_the_end_is_read(machine: Rented, programs: Programs) -> None:
    found = await ended(programs, machine, shell("head -c 100000000 /dev/zero; printf end"))

    output = await programs.output(machine.login, NAME, 1024 * 1024)
    assert (found.code, len(output.end), output.end[-4:]) == (0, 1024 * 1024, b"\0end")
    assert output.size == 100_000_003


async def test_what_is_left_on_the_machine_can_be_read_by_its_owner_alone_and_holds_no_environment(
    home: Landlord, programs: Programs
) -> None:
    machine = await rented(home, envs=[*_OWN, {"key": "TOKEN", "value": "canary-of-the-container"}])
    await ended(programs, machine, shell("echo done"))

    folder = machine.folder / ".gpu-job" / NAME
    assert folder.stat().st_mode & 0o077 == 0
    assert not [path for path in folder.iterdir() if b"canary-of-the-container" in path.read_bytes()]


# --- Exactly once ---------------------------------------------------------------------------------------------------

_COUNTED = "echo started >> ran; while ! [ -e go ]; do sleep 0.1; done; exit 5"


def runs(machine: Rented) -> int:
    ran = machine.folder / "ran"
    return ran.read_text().count("started\n") if ran.exists() else 0


async def test_it_is_started_once_however_many_ask_at_the_same_time(machine: Rented) -> None:
    pools = [Pool(dialer()) for _ in range(4)]

    found = await asyncio.gather(*(Programs(pool).start(machine.login, shell(_COUNTED)) for pool in pools))
    await landlord.until(lambda: runs(machine))
    again = await Programs(pools[0]).start(machine.login, shell(_COUNTED))
    (machine.folder / "go").touch()
    ends = await asyncio.gather(*(Programs(pool).wait(machine.login, NAME, _LONG) for pool in pools))
    after = await Programs(pools[1]).start(machine.login, shell(_COUNTED))
    for pool in pools:
        await pool.aclose()

    assert not [state for state in found if isinstance(state, Ended | Lost | NotStarted)]
    assert isinstance(again, Running)
    assert {state.code for state in ends if isinstance(state, Ended)} == {5}
    assert isinstance(after, Ended)
    assert runs(machine) == 1


@pytest.mark.parametrize("after", [3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 12_000, 14_000])
async def test_a_connection_that_is_cut_while_it_is_started_starts_it_once(
    machine: Rented, programs: Programs, after: int
) -> None:
    """Wherever the cut falls: nothing was begun, or the program runs; asked again, it is the same one."""
    (machine.folder / "go").touch()
    await machine.home.tenant.fault("ssh-cut", bytes=after, times=1)
    tries = 0
    while True:
        tries += 1
        try:
            await programs.start(machine.login, shell(_COUNTED))
            break
        except (errors.Unreachable, errors.Interrupted):
            assert tries < 5

    found = await programs.wait(machine.login, NAME, _LONG)

    assert isinstance(found, Ended)
    assert (found.code, runs(machine)) == (5, 1)


async def test_a_program_outlives_the_connection_and_whoever_has_started_it(machine: Rented) -> None:
    first, second = Pool(dialer()), Pool(dialer())
    await Programs(first).start(machine.login, shell(_COUNTED))
    waiting = asyncio.create_task(Programs(first).wait(machine.login, NAME, _LONG))
    await landlord.until(lambda: runs(machine))
    await machine.home.tenant.fault("ssh-refused")
    with pytest.raises(errors.MachineError):
        await waiting
    await first.aclose()
    await machine.home.tenant.control.delete("/faults")
    await landlord.until(lambda: landlord.can_connect(machine.login.place.host, machine.login.place.port))

    found = await Programs(second).look(machine.login, NAME)
    (machine.folder / "go").touch()
    ends = await Programs(second).wait(machine.login, NAME, _LONG)
    await second.aclose()

    assert isinstance(found, Running)
    assert isinstance(ends, Ended)
    assert (ends.code, runs(machine)) == (5, 1)


async def test_a_machine_that_is_restarted_has_lost_it_and_never_starts_it_again(
    machine: Rented, programs: Programs
) -> None:
    await programs.start(machine.login, shell(_COUNTED))
    await landlord.until(lambda: runs(machine))
    await machine.home.act("restart", machine.instance_id)
    await landlord.until(lambda: not machine.home.programs(machine.instance_id))
    await landlord.until(lambda: landlord.can_connect(machine.login.place.host, machine.login.place.port))

    found = await programs.look(machine.login, NAME)
    again = await programs.start(machine.login, shell(_COUNTED))

    assert (found, again) == (Lost(), Lost())
    assert runs(machine) == 1


async def test_a_program_whose_watcher_was_killed_is_lost(machine: Rented, programs: Programs) -> None:
    await programs.start(machine.login, shell(_COUNTED))
    await landlord.until(lambda: runs(machine))
    watcher = int((machine.folder / ".gpu-job" / NAME / "supervisor").read_text().split()[0])
    os.kill(watcher, signal.SIGKILL)

    async def look() -> bool:
        return await programs.look(machine.login, NAME) == Lost()

    await landlord.until(look)


# --- Ending it ------------------------------------------------------------------------------------------------------


async def test_it_gets_time_to_end_by_itself(machine: Rented, programs: Programs) -> None:
    await programs.start(
        machine.login, shell("trap 'echo bye > said; exit 4' TERM; touch up; while true; do sleep 0.1; done")
    )
    await landlord.until((machine.folder / "up").exists)

    found = await programs.end(machine.login, NAME, 30)

    assert isinstance(found, Ended)
    assert (found.code, (machine.folder / "said").read_text()) == (4, "bye\n")


async def test_who_does_not_listen_is_killed_with_all_that_it_has_started(machine: Rented, programs: Programs) -> None:
    stubborn = "trap '' TERM; (trap '' TERM; touch up; while true; do sleep 0.1; done) & while true; do sleep 0.1; done"
    await programs.start(machine.login, shell(stubborn))
    await landlord.until((machine.folder / "up").exists)

    found = await programs.end(machine.login, NAME, 1)

    assert isinstance(found, Ended)
    assert (found.code, found.signal) == (137, "KILL")
    await landlord.until(lambda: not machine.home.programs(machine.instance_id))


async def test_nothing_is_ended_twice_or_before_it_was_begun(machine: Rented, programs: Programs) -> None:
    before = await programs.end(machine.login, NAME, 1)
    first = await ended(programs, machine, shell("exit 3"))

    assert before == NotStarted()
    assert await programs.end(machine.login, NAME, 1) == first


async def test_it_can_be_interrupted_as_everywhere(machine: Rented, programs: Programs) -> None:
    """A shell lets what it starts in the background ignore SIGINT; a container's program does not."""
    found = await ended(programs, machine, shell("kill -INT $$; exit 0"))

    assert (found.code, found.signal) == (130, "INT")
