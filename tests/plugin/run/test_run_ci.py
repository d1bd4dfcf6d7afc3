"""The seed's CI sample as its workflow runs it: with kubectl, in the folder of the training."""

from __future__ import annotations

import asyncio
import sys
from asyncio import subprocess
from pathlib import Path

from tests.plugin.run.conftest import Runs
from tests.support import processes

_SAMPLE = processes.REPOSITORY / "deploy" / "samples" / "seed" / "ci" / "train.sh"
_SECONDS = 240.0  # on a loaded machine
_TRAINS = (
    "from pathlib import Path\nPath('model.safetensors').write_text(Path('data').read_text() * 2)\nprint('trained')\n"
)


async def _ci(runs: Runs, run: str, trains: str) -> tuple[int, str, str]:
    folder = runs.home / "training"
    folder.mkdir()
    (folder / "train.py").write_text(trains)
    (folder / "data").write_text("weights ")
    path = f"{Path(sys.executable).parent}:{runs.plugin.path}"
    environment = {**processes.BARE_ENVIRONMENT, **runs.plugin.environment(PATH=path, CI_PYTHON="python3")}
    at = ("-n", runs.workspace.namespace, "--account", runs.workspace.account_name)
    started = await asyncio.create_subprocess_exec(
        str(_SAMPLE), run, *at, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(started.communicate(), _SECONDS)
    return started.returncode or 0, out.decode(), err.decode()


async def test_the_ci_job_trains_fetches_the_model_and_lets_its_gpus_go(runs: Runs) -> None:
    code, out, err = await _ci(runs, "42", _TRAINS)

    assert (code, out) == (0, "trained\n"), err
    assert (runs.home / "training" / "model.safetensors").read_text() == "weights weights "
    assert await runs.nothing_is_left(rented=1)
    assert (await runs.workspace.novita.ledger()).records[0].gpu_count == 2


async def test_a_ci_job_whose_training_fails_fails_too_and_lets_its_gpus_go(runs: Runs) -> None:
    code, _, err = await _ci(runs, "43", "raise SystemExit(3)\n")

    assert code == 3, err
    assert await runs.nothing_is_left(rented=1)
