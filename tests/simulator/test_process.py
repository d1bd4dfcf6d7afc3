"""The program: starts, says where, keeps its keys to itself, stops."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.simulator.tenant import V1

_KEY = "sk_canary_0123456789"


@contextmanager
def _started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A simulator as a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "novita_operator.simulator", "--port", "0", *arguments],
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
