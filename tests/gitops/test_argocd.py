"""Argo CD's own controllers with the repository's samples, from an empty cluster to an empty cluster, in this order."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import yaml
from tests.gitops import argocd, flux, recorded, rest
from tests.gitops.inside import Inside
from tests.gitops.novita import Novita
from tests.gitops.repository import Repository
from tests.packaging import judging
from tests.packaging.rendering import ROOT
from tests.support import kube, waiting
from tests.support.kube import Body, Kind
from tests.support.seen import Seen

_DEPLOYMENTS = Kind("/apis/apps/v1", "deployments")
_PRUNE = {"argocd.argoproj.io/sync-options": "Prune=true"}


@pytest.fixture(scope="module")
async def running(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inside]:
    """Argo CD runs; nothing of ours is installed but the CRDs."""
    await inside.kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
    await argocd.start(inside, tmp_path_factory.mktemp("argocd"))
    yield inside
    for name in ("application-controller", "repo-server", "redis"):
        inside.stop(name)


def _instance(name: str, annotations: dict[str, str] | None = None, **spec: object) -> Body:
    metadata = {"name": name, "annotations": annotations or {}}
    return {"apiVersion": "gpu.novita.ai/v1alpha1", "kind": "GPUInstance", "metadata": metadata, "spec": spec}


async def _spec(inside: Inside, name: str) -> Body:
    spec: Body = (await inside.kube.get(kube.GPU_INSTANCES, name, flux.WORKLOADS))["spec"]
    return spec


async def _publish(inside: Inside, gpus: Repository, why: str) -> None:
    gpus.push(why)
    await argocd.refresh(inside, "gpus")


async def test_argo_cd_judges_every_recorded_state_as_its_scripts_promise(
    running: Inside, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("Argo CD judges every recorded state"):
        found = list(recorded.states())
        await running.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": recorded.NAMESPACE}})
        for state in found:
            await recorded.put(running, state)
            gpus_repository.write(f"recorded/{state.name}/object.yaml", state.manifest)
        gpus_repository.push("every recorded state")
        promised = {state.name: judging.argo(state.judged).status for state in found}

        await running.apply(argocd.recorded(gpus_repository, recorded.NAMESPACE))

        async def judged() -> dict[str, str] | None:
            body = await running.kube.get(argocd.APPLICATIONS, "recorded", argocd.NAMESPACE)
            resources = (body.get("status") or {}).get("resources", [])
            said = {each["name"]: (each.get("health") or {}).get("status", "") for each in resources}
            return said if said == promised else None

        async def explain() -> str:
            body = await running.kube.get(argocd.APPLICATIONS, "recorded", argocd.NAMESPACE)
            return f"promised {promised}, said {body.get('status')}"

        assert await waiting.until(judged, "all are judged as promised", seconds=120, explain=explain, pause=0.5)
        assert len(promised) > 20
        await running.kube.delete(argocd.APPLICATIONS, "recorded", argocd.NAMESPACE)
        await recorded.remove(running, found)


async def test_the_samples_lead_from_an_empty_cluster_to_healthy_applications(
    running: Inside, novita: Novita, operator_repository: Repository, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("Argo CD installs the chart and rents from Git"):
        (sample,) = yaml.safe_load_all((ROOT / "deploy/gitops/samples/gpuinstance-in-git.yaml").read_text())
        gpus_repository.write("instances/notebook.yaml", sample)
        gpus_repository.write("instances/plain.yaml", _instance("plain", _PRUNE, maxPricePerHour="1.00"))
        gpus_repository.push("two instances for Argo CD")

        await running.apply(flux.key(), *argocd.applications(operator_repository, gpus_repository))

        await argocd.until(running, "novita-operator", "Synced/Healthy")
        await argocd.until(running, "gpus", "Synced/Healthy")
        assert len(await novita.live()) == 2


async def test_at_rest_nothing_is_written_and_nothing_is_out_of_sync(running: Inside, seen: Seen) -> None:
    with seen("a minute of rest beside Argo CD: no write, in sync"):
        minute = await rest.rest(running)

        assert minute.writes == {}
        for name in ("novita-operator", "gpus"):
            body = await running.kube.get(argocd.APPLICATIONS, name, argocd.NAMESPACE)
            assert argocd.verdict(body) == "Synced/Healthy"


async def test_a_field_of_git_that_somebody_changes_is_put_back(running: Inside, seen: Seen) -> None:
    with seen("Argo CD puts back a field of Git"):
        change = {"spec": {"maxPricePerHour": "2.00"}}
        await running.kube.patch(kube.GPU_INSTANCES, "plain", change, flux.WORKLOADS)

        async def reverted() -> bool:
            return (await _spec(running, "plain"))["maxPricePerHour"] == "1.00"

        await waiting.until(reverted, "the price is the one of Git again", pause=0.5)


async def test_a_power_state_that_git_does_not_set_is_left_as_a_person_has_set_it(running: Inside) -> None:
    await running.kube.patch(kube.GPU_INSTANCES, "plain", {"spec": {"powerState": "Stopped"}}, flux.WORKLOADS)
    await argocd.refresh(running, "gpus")

    async def stopped() -> bool:
        body = await running.kube.get(kube.GPU_INSTANCES, "plain", flux.WORKLOADS)
        return body["spec"]["powerState"] == "Stopped" and body["status"]["phase"] == "Stopped"

    await waiting.until(stopped, "plain is stopped", pause=0.5)
    await waiting.stays(stopped, "Argo CD leaves it stopped, as the page on GitOps says", seconds=12)
    assert argocd.verdict(await running.kube.get(argocd.APPLICATIONS, "gpus", argocd.NAMESPACE)) == "Synced/Healthy"
    await running.kube.patch(kube.GPU_INSTANCES, "plain", {"spec": {"powerState": "Running"}}, flux.WORKLOADS)
    await argocd.until(running, "gpus", "Synced/Healthy")


async def test_a_commit_that_the_api_server_refuses_is_reported_with_our_sentence(
    running: Inside, novita: Novita, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("a commit that is refused is told by Argo CD"):
        before = await novita.live()
        changed = _instance("plain", _PRUNE, productName="H100 SXM 80GB", maxPricePerHour="9.00")
        gpus_repository.write("instances/plain.yaml", changed)
        await _publish(running, gpus_repository, "a product that cannot be changed")

        async def refused() -> str | None:
            body = await running.kube.get(argocd.APPLICATIONS, "gpus", argocd.NAMESPACE)
            said = str(body["status"].get("operationState", {})) + str(body["status"].get("conditions", ""))
            return said if "productName" in said else None

        said = await waiting.until(refused, "the refusal is told", seconds=120, pause=0.5)
        assert "create a new GPUInstance" in said or "new object" in said, said
        assert await novita.live() == before
        gpus_repository.write("instances/plain.yaml", _instance("plain", _PRUNE, maxPricePerHour="1.00"))
        await _publish(running, gpus_repository, "back")
        await argocd.until(running, "gpus", "Synced/Healthy")


async def test_a_paused_instance_is_suspended(running: Inside) -> None:
    paused = {"metadata": {"annotations": {"gpu.novita.ai/paused": "true"}}}
    await running.kube.patch(kube.GPU_INSTANCES, "plain", paused, flux.WORKLOADS)

    await argocd.until(running, "gpus", "Synced/Suspended")

    resumed = {"metadata": {"annotations": {"gpu.novita.ai/paused": None}}}
    await running.kube.patch(kube.GPU_INSTANCES, "plain", resumed, flux.WORKLOADS)
    await argocd.until(running, "gpus", "Synced/Healthy")


async def test_an_instance_above_its_price_limit_is_degraded(running: Inside, gpus_repository: Repository) -> None:
    gpus_repository.write("instances/dear.yaml", _instance("dear", _PRUNE, maxPricePerHour="0.01"))
    await _publish(running, gpus_repository, "too dear")

    await argocd.until(running, "gpus", "Synced/Degraded")


async def test_replace_true_neither_rents_again_nor_lets_go(
    running: Inside, novita: Novita, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("Argo CD replaces an object (Replace=true)"):
        live = await novita.live()
        replaced = _instance(
            "plain", {"argocd.argoproj.io/sync-options": "Prune=true,Replace=true"}, maxPricePerHour="1.10"
        )
        gpus_repository.remove("instances/dear.yaml")
        gpus_repository.write("instances/plain.yaml", replaced)
        pruning = {"spec": {"syncPolicy": {"automated": {"prune": True}}}}
        await running.kube.patch(argocd.APPLICATIONS, "gpus", pruning, argocd.NAMESPACE)
        await _publish(running, gpus_repository, "replace instead of apply")

        async def held() -> bool:
            body = await running.kube.get(kube.GPU_INSTANCES, "plain", flux.WORKLOADS)
            return body["spec"]["maxPricePerHour"] == "1.10" and bool(body["metadata"].get("finalizers"))

        await waiting.until(held, "the replaced object has its finalizer", pause=0.2)
        await argocd.until(running, "gpus", "Synced/Healthy")
        assert await novita.live() == live


async def test_what_is_removed_from_git_is_pruned_where_allowed_and_what_is_protected_stays(
    running: Inside, novita: Novita, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("Argo CD prunes, and leaves what is protected"):
        gpus_repository.write("instances/second.yaml", _instance("second", maxPricePerHour="1.00"))
        for name in ("plain", "notebook"):
            gpus_repository.remove(f"instances/{name}.yaml")
        await _publish(running, gpus_repository, "one stays")

        async def pruned() -> bool:
            names = {body["metadata"]["name"] for body in await running.kube.list(kube.GPU_INSTANCES, flux.WORKLOADS)}
            return names == {"notebook", "second"}

        async def two_run() -> bool:
            return len(await novita.live()) == 2

        await waiting.until(pruned, "only the protected and the new one are left", seconds=120, pause=0.5)
        await waiting.until(two_run, "the new one is rented, and the pruned ones are ended", pause=0.5)


async def test_deleting_the_operator_first_ends_no_instance(
    running: Inside, novita: Novita, operator_repository: Repository, gpus_repository: Repository, seen: Seen
) -> None:
    with seen("the Application of the operator is deleted and comes back"):
        live, rented = await novita.live(), await novita.ever_rented()

        await running.kube.delete(argocd.APPLICATIONS, "novita-operator", argocd.NAMESPACE)
        await _until_gone(running, "novita-operator")

        assert await running.kube.find(_DEPLOYMENTS, "novita-operator", flux.OPERATOR_NAMESPACE) is None
        assert await novita.live() == live
        await running.apply(argocd.applications(operator_repository, gpus_repository)[0])
        await argocd.until(running, "novita-operator", "Synced/Healthy")
        assert (await novita.live(), await novita.ever_rented()) == (live, rented)


async def test_deleting_the_instances_first_and_then_the_operator_leaves_nothing(
    running: Inside, novita: Novita, seen: Seen
) -> None:
    with seen("Argo CD deletes instances, then the operator"):
        await running.kubectl("-n", flux.WORKLOADS, "delete", "gpui", "notebook", "--timeout=60s")
        await running.kube.delete(argocd.APPLICATIONS, "gpus", argocd.NAMESPACE)
        await _until_gone(running, "gpus")
        assert await novita.live() == []

        await running.kube.delete(argocd.APPLICATIONS, "novita-operator", argocd.NAMESPACE)
        await _until_gone(running, "novita-operator")

        assert await running.kube.find(_DEPLOYMENTS, "novita-operator", flux.OPERATOR_NAMESPACE) is None


async def _until_gone(inside: Inside, name: str) -> None:
    async def probe() -> bool:
        return await inside.kube.find(argocd.APPLICATIONS, name, argocd.NAMESPACE) is None

    async def explain() -> str:
        return str((await inside.kube.find(argocd.APPLICATIONS, name, argocd.NAMESPACE) or {}).get("status"))[:3000]

    await waiting.until(probe, f"Application {name} is gone", seconds=180, explain=explain, pause=0.5)
