"""`--detach` and `--attach`: the same without this computer, and its output and exit code afterwards."""

from __future__ import annotations

import asyncio
import signal

from tests.plugin.run.conftest import Runs
from tests.support import waiting


async def test_a_detached_run_is_a_job_whose_output_and_exit_code_are_those_of_whoever_attaches(runs: Runs) -> None:
    made = await runs.run("--detach", "--", "sh", "-c", 'echo "it\'s begun"; sleep 3; echo ended; exit 5', name="train")
    live = await runs.plugin.run("run", "--attach", "train")
    late = await runs.plugin.run("run", "--attach", "gpujob/train")

    assert (made.code, made.out) == (0, "gpujob/train\n"), made.err
    assert (live.code, live.out) == (5, "it's begun\nended\n"), live.err
    assert (late.code, late.out) == (5, "it's begun\nended\n"), late.err
    assert "kubectl novita logs gpujob/train -n " in late.err


async def test_whoever_leaves_an_attached_job_leaves_it_alone(runs: Runs) -> None:
    await runs.run("--detach", "--", "sh", "-c", "echo begun; sleep 600", name="train")
    attached = await runs.plugin.start("run", "--attach", "train", "-n", runs.workspace.namespace)
    assert attached.stdout is not None
    assert await asyncio.wait_for(attached.stdout.readline(), waiting.DEADLINE_SECONDS) == b"begun\n"

    attached.send_signal(signal.SIGINT)
    _, err = await attached.communicate()

    assert (attached.returncode, b"train goes on" in err) == (130, True)
    assert len((await runs.workspace.novita.ledger()).billing) == 1


async def test_what_needs_this_computer_is_refused(runs: Runs) -> None:
    refused = await runs.run("--detach", "--download", "model", "--", "true")

    assert (refused.code, "--detach goes on without this computer" in refused.err) == (2, True)
    assert await runs.nothing_is_left(rented=0)
