"""`cp`: files and folders, both ways."""

from __future__ import annotations

from tests.plugin.login.conftest import ONLY_WITNESS, Machine
from tests.support.plane import Output

_DATA = bytes(range(256)) * 4000  # a million bytes of every kind
_NAMES = ["plain", "with a space", "a:b", "-rf", "[x]*?", "grüße 日本", 'it\'s "quoted" $HOME']


async def test_a_folder_goes_there_and_comes_back_with_all_that_is_in_it(machine: Machine) -> None:
    here = machine.plugin.home
    folder = here / "data"
    (folder / "deep").mkdir(parents=True)
    for name in _NAMES:
        (folder / "deep" / name).write_bytes(_DATA)
    (folder / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (folder / "run.sh").chmod(0o755)

    up = await _cp(machine, "data", "gpu:")
    ran = await machine.exec("data/run.sh")
    down = await _cp(machine, "gpu:data", "back")

    assert (up.code, up.err, down.code, down.err) == (0, "", 0, "")
    assert ran.out == "ran\n"
    assert {path.name: path.read_bytes() for path in (here / "back" / "deep").iterdir()} == dict.fromkeys(_NAMES, _DATA)


@ONLY_WITNESS
async def test_a_file_of_any_name_is_that_file_and_no_other(machine: Machine) -> None:
    """There it would be a pattern, which the other name fits; here an option, or a machine with a path."""
    here, name = machine.plugin.home, '-rf a:b [x]*? \\ grüße 日本 it\'s "quoted" $HOME `id`'
    (here / name).write_text("this")
    (here / "back").mkdir()
    (machine.home / name.replace("[x]*?", "xyz")).write_text("another")

    up = await _cp(machine, f"./{name}", f"gpu:{name}")
    down = await _cp(machine, f"gpu:{name}", "back")

    assert (up.code, up.err, down.code, down.err) == (0, "", 0, "")
    assert (machine.home / name).read_text() == "this"
    assert {path.name: path.read_text() for path in (here / "back").iterdir()} == {name: "this"}


@ONLY_WITNESS
async def test_a_folder_that_exists_takes_it_in(machine: Machine) -> None:
    models = machine.home / "models"
    models.mkdir()
    (machine.plugin.home / "weights").write_bytes(_DATA)

    done = [await _cp(machine, "weights", "gpu:models"), await _cp(machine, "weights", "gpu:models/two")]

    assert [each.code for each in done] == [0, 0]
    assert {path.name for path in models.iterdir()} == {"weights", "two"}


@ONLY_WITNESS
async def test_what_is_missing_there_is_said(machine: Machine) -> None:
    missing = await _cp(machine, "gpu:nothing", "here")

    assert (missing.code, "nothing" in missing.err) == (1, True)
    assert not (machine.plugin.home / "here").exists()


@ONLY_WITNESS
async def test_a_terminal_shows_how_far_it_is(machine: Machine) -> None:
    (machine.plugin.home / "weights").write_bytes(_DATA)

    with machine.plugin.on_a_terminal("cp", "-n", machine.workspace.namespace, "weights", "gpu:") as terminal:
        code = await terminal.ended()

    assert code == 0, terminal.shown
    assert "weights" in terminal.shown
    assert "100%" in terminal.shown


async def _cp(machine: Machine, *paths: str) -> Output:
    return await machine.plugin.run("cp", *paths)
