"""What `run` rents: of options, of a file, and with its own ends."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.run import manifest, wishes
from novita_operator.plugin.run.manifest import Asked
from novita_operator.plugin.run.wishes import Wishes


def _document(kind: str = "GPUInstance", name: str = "one", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "gpu.novita.ai/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _machine(**spec: Any) -> dict[str, Any]:
    made: dict[str, Any] = manifest.machine(Asked(name="run-1", namespace="default", spec=spec), "run-a", 3600)["spec"]
    return made


def test_it_ends_with_its_run_and_where_that_is_lost() -> None:
    spec = _machine()

    idle = {"afterSeconds": 300, "action": "Delete", "gpuUtilizationBelow": None}
    assert spec["lifetime"] == {"maxSeconds": 3600, "action": "Delete", "idle": idle}
    assert (spec["deletionPolicy"], spec["startup"]["onTimeout"]) == ("Delete", "Delete")
    assert (spec["restartPolicy"], spec["onSpotReclaim"]) == ({"maxAttempts": 0}, "Stop")


def test_what_a_file_says_of_these_ends_does_not_count_and_all_else_does() -> None:
    spec = _machine(
        lifetime={"maxSeconds": 60, "action": "Stop", "schedule": {"stop": "0 20 * * *"}},
        startup={"timeoutSeconds": 120, "onTimeout": "Keep"},
        rootfsSizeGB=100,
    )

    assert spec["lifetime"]["schedule"] == {"stop": "0 20 * * *"}
    assert (spec["lifetime"]["maxSeconds"], spec["lifetime"]["action"]) == (3600, "Delete")
    assert spec["startup"] == {"timeoutSeconds": 120, "onTimeout": "Delete"}
    assert spec["rootfsSizeGB"] == 100


def test_its_container_waits_unless_it_is_said_what_it_runs() -> None:
    assert (_machine()["entrypoint"], _machine()["command"]) == ("tail", "-f /dev/null")
    assert (_machine(command="serve").get("entrypoint"), _machine(command="serve")["command"]) == (None, "serve")


def test_its_variables_are_what_was_asked_for_and_the_mark_of_the_run() -> None:
    mine = [{"name": "A", "value": "1"}, {"name": "GPU_JOB_ID", "value": "another"}]

    assert _machine(env=mine)["env"] == [
        {"name": "A", "value": "1"},
        {"name": "PYTHONUNBUFFERED", "value": "1"},
        {"name": "GPU_JOB_ID", "value": "run-a"},
    ]


def test_options_become_fields_and_of_a_variable_the_option_counts() -> None:
    env = wishes.env(["A=b=c"], ["secret/keys/TOKEN", "HF=configmap/more/hf.token"])
    wished = Wishes("RTX 4090 24GB", 2, True, "0.50", "docker.io/me/a:1", "team", env)

    merged = manifest.merged({"env": [{"name": "A", "value": "old"}, {"name": "B", "value": "kept"}]}, wished)

    assert merged == {
        "productName": "RTX 4090 24GB",
        "gpuCount": 2,
        "billing": "Spot",
        "maxPricePerHour": "0.50",
        "image": "docker.io/me/a:1",
        "accountRef": {"name": "team"},
        "env": [
            {"name": "B", "value": "kept"},
            {"name": "A", "value": "b=c"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "TOKEN"}}},
            {"name": "HF", "valueFrom": {"configMapKeyRef": {"name": "more", "key": "hf.token"}}},
        ],
    }


@pytest.mark.parametrize("said", ["secret/keys", "keys/TOKEN", "secret/a/b/c", "", "=secret/a/b"])
def test_a_source_that_is_none_is_refused_with_the_forms_that_are(said: str) -> None:
    with pytest.raises(typer.BadParameter, match="write secret/NAME/KEY"):
        wishes.env([], [said])


def test_a_value_that_is_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(typer.BadParameter, match="NAME=VALUE") as refused:
        wishes.env(["a-secret-that-was-mistyped"], [])

    assert "mistyped" not in str(refused.value)


def test_the_one_gpu_instance_of_a_file_counts_and_what_else_is_in_it_is_named() -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}

    found = manifest.of_file([None, other, _document(gpuCount=2)], "file")

    assert (found.name, found.spec, found.left_out) == ("one", {"gpuCount": 2}, ("ConfigMap settings",))


@pytest.mark.parametrize(
    ("documents", "named"),
    [
        ([], "holds nothing"),
        ([_document("GPUJob")], "holds GPUJob one"),
        ([_document(), _document(name="two")], "holds GPUInstance one, GPUInstance two"),
    ],
    ids=["none", "another kind", "several"],
)
def test_a_file_with_none_or_several_is_refused(documents: list[Any], named: str) -> None:
    with pytest.raises(Wrong, match=named):
        manifest.of_file(documents, "file")


@pytest.mark.parametrize(
    "spec",
    [{"deletionPolicy": "Retain"}, {"powerState": "Stopped"}, {"adopt": {"instanceId": "i-1"}}],
    ids=lambda spec: str(next(iter(spec))),
)
def test_what_would_outlive_its_run_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(Wrong, match=f"spec.{next(iter(spec))} is"):
        manifest.of_file([_document(**spec)], "file")


def test_a_job_runs_the_same_words_once_and_ends_in_the_same_time() -> None:
    asked = Asked(name="train", namespace="default", spec={"gpuCount": 2, "entrypoint": "serve", "command": "x"})

    spec = manifest.job(asked, ("sh", "-c", "echo 'a b' $HOME"), "run-a", 3600)["spec"]

    assert spec["template"]["command"] == "sh -c 'echo '\"'\"'a b'\"'\"' $HOME'"
    assert "entrypoint" not in spec["template"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 3600)
    assert spec["completion"] == {"signal": "ExitCode"}
