"""The health scripts and expressions over recorded objects, and the samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.packaging import judging
from tests.packaging.rendering import ROOT
from tests.support.kube import Body

from novita_operator.api import crd

RECORDED = Path(__file__).parent / "recorded"
SAMPLES = ROOT / "deploy" / "gitops" / "samples"
KINDS = sorted(body["spec"]["names"]["kind"] for body in crd.manifests().values())
_VERDICTS = {"Current": "Healthy", "InProgress": "Progressing", "Failed": "Degraded"}


def _recorded(kind: str) -> list[Body]:
    return list(yaml.safe_load_all((RECORDED / f"{kind}.yaml").read_text()))


def _word(body: Body, condition: str) -> tuple[str, str]:
    found = (body.get("status") or {}).get("conditions", [])
    return next(((each["status"], each["reason"]) for each in found if each["type"] == condition), ("", ""))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_script_an_expression_and_recordings(kind: str) -> None:
    assert (judging.SCRIPTS / kind / "health.lua").exists()
    assert kind in {each["kind"] for each in yaml.safe_load(judging.EXPRESSIONS.read_text())}
    assert len(_recorded(kind)) >= 3


@pytest.mark.parametrize("kind", KINDS)
def test_argo_and_flux_agree_about_everything_that_was_recorded(kind: str) -> None:
    bodies = [body for body in _recorded(kind) if judging.argo(body).status != "Suspended"]
    different = [
        (_word(body, "Ready"), judging.argo(body).status, judging.flux(body))
        for body in bodies
        if _VERDICTS[judging.flux(body)] != judging.argo(body).status
    ]

    assert bodies
    assert different == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "NovitaAccount"])
def test_both_say_what_kstatus_says_so_that_kubectl_helm_and_gitops_tell_one_story(kind: str) -> None:
    bodies = [body for body in _recorded(kind) if "status" in body and judging.argo(body).status != "Suspended"]

    assert [judging.flux(body) for body in bodies] == [judging.kstatus(body) for body in bodies]


def _find(kind: str, ready: tuple[str, str]) -> Body:
    """A recorded object with this Ready condition of its newest spec."""
    return next(
        body
        for body in _recorded(kind)
        if _word(body, "Ready") == ready
        and body["status"]["observedGeneration"] == body["metadata"]["generation"]
        and "deletionTimestamp" not in body["metadata"]
    )


EXPECTED = [
    ("GPUInstance", ("True", "Ready"), "Healthy"),
    ("GPUInstance", ("True", "Stopped"), "Healthy"),
    ("GPUInstance", ("False", "Stopping"), "Progressing"),
    ("GPUInstanceSet", ("True", "Ready"), "Healthy"),
    ("GPUInstanceSet", ("False", "Creating"), "Progressing"),
    ("GPUJob", ("False", "Running"), "Progressing"),
    ("NovitaAccount", ("True", "Ready"), "Healthy"),
    ("NovitaAccount", ("False", "KeyMissing"), "Degraded"),
]


@pytest.mark.parametrize(("kind", "ready", "health"), EXPECTED, ids=str)
def test_what_a_user_sees_in_argo(kind: str, ready: tuple[str, str], health: str) -> None:
    body = _find(kind, ready)
    message = next(each["message"] for each in body["status"]["conditions"] if each["type"] == "Ready")

    assert judging.argo(body) == judging.Health(health, message)


def test_a_hopeless_instance_is_degraded_and_says_why() -> None:
    body = next(body for body in _recorded("GPUInstance") if _word(body, "Stalled")[0] == "True")

    assert judging.argo(body).status == "Degraded"
    assert "No Such GPU" in judging.argo(body).message
    assert judging.flux(body) == "Failed"


@pytest.mark.parametrize(
    ("condition", "health"), [("Complete", "Healthy"), ("Failed", "Degraded"), ("Suspended", "Suspended")]
)
def test_a_job_that_has_ended_or_is_held_is_not_waited_for(condition: str, health: str) -> None:
    body = next(body for body in _recorded("GPUJob") if _word(body, condition)[0] == "True")

    assert judging.argo(body).status == health


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_without_a_status_is_waited_for(kind: str) -> None:
    body: dict[str, Any] = {"kind": kind, "metadata": {"name": "new", "generation": 1}, "spec": {}}

    assert judging.argo(body).status == "Progressing"
    assert judging.flux(body) == "InProgress"


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_is_waited_for_until_the_operator_has_seen_it(kind: str) -> None:
    body = next(body for body in _recorded(kind) if _word(body, "Ready")[0] == "True" and not _deleting(body))
    body["metadata"]["generation"] += 1

    assert judging.argo(body).status == "Progressing"
    assert judging.flux(body) == "InProgress"


def _deleting(body: Body) -> bool:
    return "deletionTimestamp" in body["metadata"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_patch_for_argo_holds_the_same_scripts(kind: str) -> None:
    patch = yaml.safe_load((ROOT / "deploy" / "gitops" / "argocd" / "argocd-cm-patch.yaml").read_text())
    script = patch["data"][f"resource.customizations.health.gpu.novita.ai_{kind}"]

    assert script.split() == (judging.SCRIPTS / kind / "health.lua").read_text().split()


def test_the_flux_sample_holds_the_same_expressions() -> None:
    (sample,) = yaml.safe_load_all((SAMPLES / "flux-kustomization.yaml").read_text())

    assert sample["spec"]["healthCheckExprs"] == yaml.safe_load(judging.EXPRESSIONS.read_text())
    assert sample["spec"]["prune"] is False
    assert sample["spec"]["wait"] is True


def test_no_sample_prunes_a_gpu_or_a_crd_by_itself() -> None:
    operator, gpus = yaml.safe_load_all((SAMPLES / "argocd-application.yaml").read_text())
    (instance,) = yaml.safe_load_all((SAMPLES / "gpuinstance-in-git.yaml").read_text())
    waves = [int(body["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) for body in (operator, gpus)]
    on_crds = operator["spec"]["source"]["helm"]["valuesObject"]["crds"]["annotations"]

    assert waves == sorted(set(waves))
    assert on_crds == {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
    assert gpus["spec"]["syncPolicy"]["automated"]["prune"] is False
    assert instance["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"


def test_the_instance_in_git_holds_back_no_commit_and_says_who_decides_about_its_power() -> None:
    (instance,) = yaml.safe_load_all((SAMPLES / "gpuinstance-in-git.yaml").read_text())

    # With more than one wave, Argo CD waits for the health of an instance before it takes the next commit.
    assert "argocd.argoproj.io/sync-wave" not in instance["metadata"]["annotations"]
    # Server-side apply reverts only fields that Git sets.
    assert instance["spec"]["powerState"] == "Running"
