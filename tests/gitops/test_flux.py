"""Flux's own controllers with the repository's samples, from an empty cluster to an empty cluster, in this order."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import yaml
from tests.gitops import flux, recorded, rest
from tests.gitops.inside import Inside
from tests.gitops.novita import Novita
from tests.gitops.recorded import State
from tests.gitops.repository import Repository
from tests.packaging import judging
from tests.packaging.rendering import ROOT
from tests.support import kube, waiting
from tests.support.kube import Body, Kind
from tests.support.seen import Seen

_DEPLOYMENTS = Kind("/apis/apps/v1", "deployments")
_INSTALL_SECONDS = 180.0


@pytest.fixture(scope="module")
async def running(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inside]:
    """Flux's controllers run; nothing of ours is installed but the CRDs."""
    await inside.kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
    folder = tmp_path_factory.mktemp("flux")
    await flux.start(inside, folder)
    yield inside
    for name in ("source", "kustomize", "helm"):
        inside.stop(name)


async def _find(inside: Inside, kind: Kind, name: str, namespace: str) -> Body | None:
    return await inside.kube.find(kind, name, namespace)


async def _until_ready(inside: Inside, kind: Kind, name: str, status: str, *, says: str = "") -> str:
    """Waits for the condition Ready of one of Flux's objects; its message."""

    async def probe() -> str | None:
        found = flux.ready(await _find(inside, kind, name, flux.OPERATOR_NAMESPACE))
        return found[1] or "-" if found[0] == status and says in found[1] else None

    async def explain() -> str:
        return str(flux.ready(await _find(inside, kind, name, flux.OPERATOR_NAMESPACE)))

    what = f"{kind.plural} {name} says Ready {status} {says}"
    return await waiting.until(probe, what, seconds=_INSTALL_SECONDS, explain=explain, pause=0.5)


async def _spec(inside: Inside, name: str) -> Body:
    spec: Body = (await inside.kube.get(kube.GPU_INSTANCES, name, flux.WORKLOADS))["spec"]
    return spec


def _instance(name: str, **spec: object) -> Body:
    return {"apiVersion": "gpu.novita.ai/v1alpha1", "kind": "GPUInstance", "metadata": {"name": name}, "spec": spec}


# --- Health, before anything of ours runs ---------------------------------------------------------------------------


async def test_flux_judges_every_recorded_state_as_its_expressions_promise(
    running: Inside, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("Flux judges every recorded state"):
        found = list(recorded.states())
        await running.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": recorded.NAMESPACE}})
        for state in found:
            await recorded.put(running, state)
            gpus_repository.write(f"recorded/{state.name}/object.yaml", state.manifest)
        gpus_repository.push("every recorded state")

        await running.apply(flux.git_source(gpus_repository), *(_watching(state) for state in found))
        said = {state.name: await _verdict(running, state) for state in found}

        assert len(found) > 20
        assert said == {state.name: judging.flux(state.judged) for state in found}
        for state in found:
            await running.kube.delete(flux.KUSTOMIZATIONS, state.name, flux.OPERATOR_NAMESPACE)
        await recorded.remove(running, found)


def _watching(state: State) -> Body:
    """A Kustomization for one object alone; it waits for a moment, since the status is there already."""
    body = flux.kustomization(path=f"./recorded/{state.name}", timeout="4s", interval="1h", retryInterval="1h")
    del body["spec"]["targetNamespace"]
    body["metadata"]["name"] = state.name
    return body


async def _verdict(inside: Inside, state: State) -> str:
    async def probe() -> str | None:
        status, message = flux.ready(await _find(inside, flux.KUSTOMIZATIONS, state.name, flux.OPERATOR_NAMESPACE))
        if status == "True":
            return "Current"
        word = re.search(r"status: '(\w+)'", message)
        return word[1] if status == "False" and word else None

    return await waiting.until(probe, f"a verdict on {state.name}", seconds=120, pause=0.5)


# --- From an empty cluster to Healthy -------------------------------------------------------------------------------


async def test_the_samples_lead_from_an_empty_cluster_to_a_running_instance(
    running: Inside, novita: Novita, operator_repository: Repository, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("Flux installs the chart and rents from Git"):
        (sample,) = yaml.safe_load_all((ROOT / "deploy/gitops/samples/gpuinstance-in-git.yaml").read_text())
        gpus_repository.write("instances/notebook.yaml", sample)
        gpus_repository.write("instances/plain.yaml", _instance("plain", maxPricePerHour="1.00"))
        gpus_repository.push("two instances")

        sources = (flux.git_source(operator_repository), flux.git_source(gpus_repository))
        await running.apply(flux.key(), *sources, flux.helm_release(), flux.kustomization())

        await _until_ready(running, flux.HELM_RELEASES, "novita-operator", "True")
        await _until_ready(running, flux.KUSTOMIZATIONS, "gpus", "True")
        assert len(await novita.live()) == 2


async def test_at_rest_neither_flux_nor_the_operator_writes_anything(running: Inside, seen: Seen) -> None:
    with seen("a minute of rest beside Flux: no write, no difference"):
        minute = await rest.rest(running)

        assert minute.writes == {}
        assert minute.polls <= 2, "lastPolledAt is written once a minute"


async def test_a_field_of_git_that_somebody_changes_is_put_back(running: Inside, seen: Seen) -> None:
    with seen("Flux puts back a field of Git"):
        change = {"spec": {"lifetime": {"maxSeconds": 7200}}}
        await running.kube.patch(kube.GPU_INSTANCES, "notebook", change, flux.WORKLOADS)

        async def reverted() -> bool:
            return (await _spec(running, "notebook"))["lifetime"]["maxSeconds"] == 28800

        await waiting.until(reverted, "the lifetime is the one of Git again", pause=0.5)


async def test_while_a_kustomization_is_suspended_a_change_stays(running: Inside) -> None:
    await running.kube.patch(flux.KUSTOMIZATIONS, "gpus", {"spec": {"suspend": True}}, flux.OPERATOR_NAMESPACE)
    change = {"spec": {"maxPricePerHour": "0.90"}}
    await running.kube.patch(kube.GPU_INSTANCES, "plain", change, flux.WORKLOADS)

    async def kept() -> bool:
        return (await _spec(running, "plain"))["maxPricePerHour"] == "0.90"

    await waiting.stays(kept, "the changed price stays", seconds=12)
    await running.kube.patch(flux.KUSTOMIZATIONS, "gpus", {"spec": {"suspend": False}}, flux.OPERATOR_NAMESPACE)

    async def reverted() -> bool:
        return (await _spec(running, "plain"))["maxPricePerHour"] == "1.00"

    await waiting.until(reverted, "after it, the price is the one of Git again", pause=0.5)


async def test_a_commit_that_the_api_server_refuses_is_reported_with_our_sentence(
    running: Inside, novita: Novita, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("a commit that is refused is told by Flux"):
        before = await novita.live()
        gpus_repository.write(
            "instances/plain.yaml", _instance("plain", productName="H100 SXM 80GB", maxPricePerHour="9")
        )
        gpus_repository.push("a product that cannot be changed")

        message = await _until_ready(running, flux.KUSTOMIZATIONS, "gpus", "False", says="productName")

        assert "create a new GPUInstance" in message or "new object" in message, message
        assert await novita.live() == before
        gpus_repository.write("instances/plain.yaml", _instance("plain", maxPricePerHour="1.00"))
        gpus_repository.push("back")
        await _until_ready(running, flux.KUSTOMIZATIONS, "gpus", "True")


async def test_an_instance_above_its_price_limit_is_not_healthy_and_says_why(
    running: Inside, gpus_repository: Repository
) -> None:
    gpus_repository.write("instances/dear.yaml", _instance("dear", maxPricePerHour="0.01"))
    gpus_repository.push("too dear")
    short = {"spec": {"timeout": "10s"}}
    await running.kube.patch(flux.KUSTOMIZATIONS, "gpus", short, flux.OPERATOR_NAMESPACE)

    await _until_ready(running, flux.KUSTOMIZATIONS, "gpus", "False", says="GPUInstance/gpu-workloads/dear")

    body = await running.kube.get(kube.GPU_INSTANCES, "dear", flux.WORKLOADS)
    scheduled = next(each for each in body["status"]["conditions"] if each["type"] == "Scheduled")
    assert scheduled["reason"] == "PriceAboveLimit"


async def test_what_is_removed_from_git_is_pruned_where_asked_for_and_what_is_protected_stays(
    running: Inside, novita: Novita, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("Flux prunes, and leaves what is protected"):
        prune = {"spec": {"prune": True, "timeout": "2m"}}
        await running.kube.patch(flux.KUSTOMIZATIONS, "gpus", prune, flux.OPERATOR_NAMESPACE)
        for name in ("dear", "notebook", "plain"):
            gpus_repository.remove(f"instances/{name}.yaml")
        gpus_repository.write("instances/second.yaml", _instance("second", maxPricePerHour="1.00"))
        gpus_repository.push("one stays")

        async def pruned() -> bool:
            names = {body["metadata"]["name"] for body in await running.kube.list(kube.GPU_INSTANCES, flux.WORKLOADS)}
            return names == {"notebook", "second"}

        async def two_run() -> bool:
            return len(await novita.live()) == 2

        await waiting.until(pruned, "only the protected and the new one are left", pause=0.5)
        await _until_ready(running, flux.KUSTOMIZATIONS, "gpus", "True")
        await waiting.until(two_run, "the new one is rented, and the pruned ones are ended", pause=0.5)


# --- Deletion, in both orders ---------------------------------------------------------------------------------------


async def test_deleting_the_operator_first_ends_no_instance_and_says_what_goes_on_costing(
    running: Inside, novita: Novita, seen: Seen
) -> None:
    with seen("a HelmRelease with live instances is deleted"):
        live = await novita.live()

        await running.kube.delete(flux.HELM_RELEASES, "novita-operator", flux.OPERATOR_NAMESPACE)
        await _until_gone(running, flux.HELM_RELEASES, "novita-operator", flux.OPERATOR_NAMESPACE)

        assert await running.kube.find(_DEPLOYMENTS, "novita-operator", flux.OPERATOR_NAMESPACE) is None
        assert await novita.live() == live
        report = await running.kube.get(kube.CONFIG_MAPS, "novita-operator-uninstall-report", flux.OPERATOR_NAMESPACE)
        assert "gpu-workloads/notebook" in report["data"]["report"]
        assert "USD/h" in report["data"]["report"]
        told = [
            each for each in await running.kube.list(kube.EVENTS) if each["involvedObject"]["kind"] == "NovitaAccount"
        ]
        assert any("USD" in each["message"] for each in told), told


async def test_the_operator_that_comes_back_takes_over_what_runs_and_rents_nothing(
    running: Inside, novita: Novita, seen: Seen
) -> None:
    with seen("the HelmRelease comes back and rents nothing"):
        live, rented = await novita.live(), await novita.ever_rented()

        await running.apply(flux.helm_release())
        await _until_ready(running, flux.HELM_RELEASES, "novita-operator", "True")

        async def looked_at() -> bool:
            account = await running.kube.find(kube.NOVITA_ACCOUNTS, "default")
            return flux.ready(account)[0] == "True"

        await waiting.until(looked_at, "the account is Ready again", seconds=_INSTALL_SECONDS, pause=0.5)
        assert await novita.live() == live
        assert await novita.ever_rented() == rented


async def test_deleting_the_instances_first_and_then_the_operator_leaves_nothing(
    running: Inside, novita: Novita, seen: Seen
) -> None:
    with seen("Flux deletes instances, then the operator"):
        await running.kube.delete(flux.KUSTOMIZATIONS, "gpus", flux.OPERATOR_NAMESPACE)
        await _until_gone(running, flux.KUSTOMIZATIONS, "gpus", flux.OPERATOR_NAMESPACE)
        await running.kubectl("-n", flux.WORKLOADS, "delete", "gpui", "--all", "--timeout=60s")
        assert await novita.live() == []

        await running.kube.delete(flux.HELM_RELEASES, "novita-operator", flux.OPERATOR_NAMESPACE)
        await _until_gone(running, flux.HELM_RELEASES, "novita-operator", flux.OPERATOR_NAMESPACE)

        assert await running.kube.find(_DEPLOYMENTS, "novita-operator", flux.OPERATOR_NAMESPACE) is None


async def _until_gone(inside: Inside, kind: Kind, name: str, namespace: str) -> None:
    async def probe() -> bool:
        return await _find(inside, kind, name, namespace) is None

    async def explain() -> str:
        return str(await _find(inside, kind, name, namespace))

    await waiting.until(probe, f"{kind.plural} {name} is gone", seconds=_INSTALL_SECONDS, explain=explain, pause=0.5)
