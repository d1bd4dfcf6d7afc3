"""`run`: rented, used, and let go, whatever the program does."""

from __future__ import annotations

import pytest
import yaml
from tests.plugin.run.conftest import Runs
from tests.support import builders, kube

_TRAIN = """\
echo "$GREETING $TOKEN_LENGTH in $(basename "$PWD")"
echo beside >&2
test ${#TOKEN} = "$TOKEN_LENGTH" && mkdir out && cat data/numbers > out/model
"""


async def test_a_folder_goes_there_the_program_runs_in_it_and_what_it_made_comes_back(runs: Runs) -> None:
    (runs.home / "code" / "data").mkdir(parents=True)
    (runs.home / "code" / "train.sh").write_text(_TRAIN)
    (runs.home / "code" / "data" / "numbers").write_text("1 2 3\n")
    secret = builders.secret("keys", runs.workspace.namespace, token="canary-token-of-the-user")
    await runs.workspace.apply(kube.SECRETS, secret)

    done = await runs.run(
        *("--gpu", "RTX 4090 24GB", "--count", "2", "--max-price", "5"),
        *("--env", "GREETING=it's me", "--env", "TOKEN_LENGTH=24", "--env-from", "TOKEN=secret/keys/token"),
        *("--upload", "code", "--download", "out", "--", "sh", "train.sh"),
    )

    assert done.code == 0, done.err
    assert sorted(done.out.splitlines()) == ["beside", "it's me 24 in work"]
    assert (runs.home / "out" / "model").read_text() == "1 2 3\n"
    assert "2x RTX 4090 24GB" in done.err
    assert "0.70 USD/h" in done.err
    assert "Rented for " in done.err
    assert "canary-token" not in done.out + done.err
    assert await runs.nothing_is_left(rented=1)


async def test_the_exit_code_is_the_programs_and_what_it_made_comes_back_although_it_failed(runs: Runs) -> None:
    body = runs.workspace.instance_body("from-file", gpuCount=1)
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    text = yaml.safe_dump_all([other, body])

    failed = await runs.plugin.anywhere(
        *("run", "-f", "-", "--download", "log", "--download", "nothing", "--"),
        *("sh", "-c", "echo why > log; exit 3"),
        stdin=text,
    )

    assert (failed.code, failed.out) == (3, ""), failed.err
    assert (runs.home / "log").read_text() == "why\n"
    assert "nothing could not be fetched" in failed.err
    assert "ConfigMap settings is in -, too, and is left as it is" in failed.err
    assert await runs.nothing_is_left(rented=1)


async def test_a_signal_that_ends_the_program_is_told_as_a_shell_does_and_a_failed_machine_is_kept_if_asked_for(
    runs: Runs,
) -> None:
    done = await runs.run("--keep-on-failure", "--timeout", "2h", "--", "sh", "-c", "kill -9 $$")
    kept = await runs.workspace.get()

    assert done.code == 137, done.err
    assert kept["spec"]["lifetime"] == {"maxSeconds": 7200, "action": "Delete"}
    assert "gpu is kept" in done.err
    assert len((await runs.workspace.novita.ledger()).billing) == 1


async def test_what_is_missing_in_the_end_is_an_error_of_its_own(runs: Runs) -> None:
    done = await runs.run("--download", "model", "--", "true")

    assert (done.code, "model could not be fetched" in done.err) == (1, True)
    assert await runs.nothing_is_left(rented=1)


async def test_a_connection_that_breaks_loses_no_output_and_no_exit_code(runs: Runs) -> None:
    await runs.workspace.novita.fault("ssh-cut", bytes=70_000)

    done = await runs.run("--", "sh", "-c", "i=0; while [ $i -lt 6000 ]; do echo line $i; i=$((i+1)); done; exit 4")

    assert done.code == 4, done.err
    assert done.out == "".join(f"line {number}\n" for number in range(6000))
    assert "has broken" in done.err
    assert await runs.nothing_is_left(rented=1)


async def test_above_the_price_limit_nothing_is_rented_and_nothing_is_left(runs: Runs) -> None:
    done = await runs.run("--max-price", "0.01", "--", "true")

    assert (done.code, "is above your limit of 0.01" in done.err) == (1, True), done.err
    assert await runs.nothing_is_left(rented=0)


async def test_an_object_of_that_name_is_somebody_elses_and_stays(runs: Runs) -> None:
    there = await runs.workspace.create(powerState="Stopped")

    done = await runs.run("--", "true")

    assert (done.code, 'there is a GPUInstance "gpu"' in done.err) == (1, True), done.err
    assert (await runs.workspace.get())["metadata"]["uid"] == there["metadata"]["uid"]
    assert (await runs.workspace.novita.ledger()).created == 0


@pytest.mark.parametrize("more", [("--upload", "nowhere"), ("-f", "nowhere")], ids=["a folder", "a file"])
async def test_what_is_not_here_is_said_before_anything_is_rented(runs: Runs, more: tuple[str, ...]) -> None:
    done = await runs.run(*more, "--", "true")

    assert (done.code, "nowhere" in done.err) == (1, True)
    assert await runs.nothing_is_left(rented=0)
