"""The program: starts, says where, keeps its keys to itself, stops."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.simulator.tenant import V1, an_order

from novita_operator.simulator.machines import ending

_KEY = "sk_canary_0123456789"


@contextmanager
def _started(*arguments: str, starter: tuple[str, ...] = ()) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A simulator as a process of its own, and its address."""
    process = subprocess.Popen(
        [*starter, sys.executable, "-m", "novita_operator.simulator", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


def test_it_listens_knows_its_keys_and_stops_on_sigterm_without_having_named_them(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    with _started("--keys", f"{_KEY},sk_other", "--port-file", str(port_file)) as (process, url):
        with httpx.Client(base_url=url, trust_env=False) as client:
            listed, other = (
                client.get(f"{V1}/clusters", headers={"Authorization": f"Bearer {key}"}).status_code
                for key in (_KEY, "sk_unlisted")
            )
            unknown = client.get("/_simulator/ledger", headers={"X-Simulator-Account": "sk_unlisted"}).status_code
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)

    assert (listed, other, unknown) == (200, 401, 404)
    assert port_file.read_text().strip() == url.rpartition(":")[2]
    assert process.returncode == 0
    assert output == ""


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with _started() as (_, url):
        port = url.rpartition(":")[2]
        second = subprocess.run(
            [sys.executable, "-m", "novita_operator.simulator", "--port", port],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    told = f"cannot listen on 127.0.0.1:{port}: Address already in use. Choose another --port (0 takes a free one) or"
    assert second.returncode == 2
    assert told in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_file_that_cannot_be_written_is_not_taken_for_a_port_in_use(tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / "port"

    ended = subprocess.run(
        [sys.executable, "-m", "novita_operator.simulator", "--port", "0", "--port-file", str(nowhere)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert ended.returncode == 2
    assert f"--port-file: {nowhere} cannot be written: No such file or directory" in ended.stderr


def test_real_machines_are_for_this_computer_alone_unless_it_is_said() -> None:
    refused = _run("--machines", "real", "--host", "0.0.0.0")  # noqa: S104 - that is what is refused
    needless = _run("--machines-dir", "/tmp")

    assert refused.returncode == 2
    assert "--host 0.0.0.0 with --machines real lets everybody who reaches that address run programs" in refused.stderr
    assert needless.returncode == 2
    assert "--machines-dir and --machines-beyond-loopback are about real machines" in needless.stderr


def test_a_folder_that_machines_cannot_be_in_is_told_in_a_sentence(tmp_path: Path) -> None:
    ended = _run("--machines", "real", "--machines-dir", str(tmp_path / "missing"))

    assert ended.returncode == 2
    assert "missing is no folder that can be written: name another --machines-dir" in ended.stderr


def test_nothing_of_ssh_is_loaded_where_machines_are_not_asked_for() -> None:
    code = (
        "import sys; from novita_operator.simulator import options, server; "
        "server.create_app(options.parse([]).config); sys.exit('asyncssh' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_no_machine_stays(number: signal.Signals) -> None:
    with tempfile.TemporaryDirectory(prefix="novita-test-") as made:
        folder = Path(made)
        folder.chmod(0o711)  # an unprivileged user passes, too
        with _started("--machines", "real", "--machines-dir", made, "--acceleration", "1000") as (process, url):
            with httpx.Client(base_url=url, trust_env=False, headers={"Authorization": f"Bearer {_KEY}"}) as client:
                order = an_order(command="sh -c 'setsid sleep 300 & sleep 300'")
                client.post(f"{V1}/gpu/instance/create", json=order).raise_for_status()
                _until(lambda: client.get(f"{V1}/gpu/instances").json()["instances"][0]["status"] == "running")
                _until(lambda: len(list(ending.inside(folder))) >= 2)
            process.send_signal(number)
            process.wait(timeout=60)
            _until(lambda: list(folder.iterdir()) == [])

        assert list(ending.inside(folder)) == []


def test_programs_of_machines_meet_the_signals_of_a_fresh_machine_whoever_started_the_simulator() -> None:
    deaf = ("sh", "-c", "trap '' HUP INT QUIT; exec \"$@\"", "sh")
    with tempfile.TemporaryDirectory(prefix="novita-test-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        given = ("--machines", "real", "--machines-dir", made, "--acceleration", "1000")
        with _started(*given, starter=deaf) as (process, url):
            with httpx.Client(base_url=url, trust_env=False, headers={"Authorization": f"Bearer {_KEY}"}) as client:
                order = an_order(command="sh -c 'exec sleep 300'")
                client.post(f"{V1}/gpu/instance/create", json=order).raise_for_status()
                _until(lambda: client.get(f"{V1}/gpu/instances").json()["instances"][0]["status"] == "running")
                _until(lambda: list(ending.inside(folder)) != [])
            program = next(iter(ending.inside(folder)))
            ignored, itself = _ignored(program), _ignored(process.pid)

    assert ignored == set()
    assert itself == {signal.SIGPIPE, signal.SIGXFSZ}  # Python's own; it catches the others, and does nothing


def _ignored(pid: int) -> set[int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    mask = int(next(line.split()[1] for line in lines if line.startswith("SigIgn:")), 16)
    return {number for number in range(1, 32) if mask >> (number - 1) & 1}


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "novita_operator.simulator", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _until(fact: Callable[[], bool]) -> None:
    """What another process does takes its time."""
    deadline = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.01)
