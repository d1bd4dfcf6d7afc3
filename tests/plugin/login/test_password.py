"""The password goes from the Secret to ssh, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.local.programs import program
from tests.plugin.login.conftest import ONLY_WITNESS, STAYS, Machine
from tests.support import processes


async def test_a_running_login_shows_the_password_to_nobody(machine: Machine) -> None:
    """Neither in arguments, nor in variables, nor in files; of all programs that it has started."""
    temporary = machine.plugin.home / "temporary"
    temporary.mkdir()
    running = await machine.plugin.start(
        *("exec", "-n", machine.workspace.namespace, "gpu", "--", *STAYS),
        TMPDIR=str(temporary),
    )
    assert running.stdout is not None
    assert await running.stdout.readline() == b"up\n"

    seen = list(_of_all(running.pid))
    files = {path.name: path.read_bytes() for path in _regular(machine.plugin.home)}
    running.terminate()
    await running.communicate()

    assert any(b"ssh" in Path(os.fsdecode(said.split(b"\0")[0])).name.encode() for said in seen)
    assert [said for said in seen if machine.password.encode() in said] == []
    assert {"askpass", "known_hosts"} <= files.keys()
    assert [name for name, content in files.items() if machine.password.encode() in content] == []
    assert list(temporary.iterdir()) == []


@ONLY_WITNESS
async def test_nor_do_programs_that_have_ended_again(machine: Machine) -> None:
    """ssh and what it asks note their arguments and variables before they begin."""
    notes = machine.plugin.home / "notes"
    notes.mkdir()
    for name in ("ssh", "cat", "printf"):
        real = next(path for path in (Path("/usr/bin") / name, Path("/bin") / name) if path.exists())
        program(machine.plugin.home / "bin" / name, f'{{ echo "$0 $*"; env; }} > {notes}/{name}-$$\nexec {real} "$@"')
    machine.plugin.path = f"{machine.plugin.home / 'bin'}{os.pathsep}{machine.plugin.path}"

    done = await machine.exec("echo", "in")

    assert (done.code, done.out) == (0, "in\n")
    written = {path.name: path.read_text() for path in notes.iterdir()}
    assert any(name.startswith("ssh-") for name in written)
    assert [name for name, text in written.items() if machine.password in text] == []


@ONLY_WITNESS
async def test_no_other_machine_on_the_way_gets_it(machine: Machine) -> None:
    """The witness is its own jump host: it would let everybody in who is given the password."""
    jump = "ssh -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -W %h:%p -p %p root@127.0.0.1"

    refused = await machine.plugin.run("ssh", "gpu", "--", "-o", f"ProxyCommand={jump}", "true")

    assert refused.code == 255
    assert "root@127.0.0.1: Permission denied" in refused.err


def _of_all(pid: int) -> Iterator[bytes]:
    """Arguments and variables of a process and of what it has started, now."""
    place = Path(f"/proc/{pid}")
    yield (place / "cmdline").read_bytes()
    yield (place / "environ").read_bytes()
    for child in processes.children(pid):
        yield from _of_all(child)


def _regular(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "sshd" not in path.relative_to(folder).parts]
