"""The pages on upgrades, rights and restores: typed as they stand, and what they say of a restore comes true."""

from __future__ import annotations

from tests.docs.reader import INSTALLED, NAMESPACE, OPERATOR, RENTED, Reader, of
from tests.packaging.node import DEPLOYMENTS
from tests.support import kube

_LOST = (
    "kubectl -n novita-system scale deployment novita-operator --replicas=0",
    # An operator that still runs would put the finalizer back.
    "kubectl -n novita-system rollout status deployment novita-operator --timeout=1m",
    """kubectl patch gpui quickstart --type=merge -p '{"metadata":{"finalizers":null}}'""",
    "kubectl delete gpui quickstart --timeout=30s",
    # In a cluster to which objects are brought back there is none; here the garbage collector takes half a minute.
    "kubectl delete secret quickstart-connection --ignore-not-found",
    "kubectl -n novita-system scale deployment novita-operator --replicas=1",
)


async def test_the_page_of_upgrades_touches_no_instance(reader: Reader) -> None:
    typed = of("how-to/upgrade.md", "Before", "With Helm", "After", "Back to the version before")

    said = await reader.types(typed, more=(*INSTALLED, *RENTED))

    (record,) = (await reader.novita.ledger()).records
    assert said.code == 0, said.err
    assert "Rollback was a success" in said.out
    assert record.live
    assert not record.delete_requested


async def test_the_page_of_rights(reader: Reader) -> None:
    namespaces = ("kubectl create namespace team-a", "kubectl create namespace team-b")

    said = await reader.types(of("how-to/rbac-and-egress.md"), more=(*INSTALLED, *namespaces))

    deployment = await reader.plane.kube.get(DEPLOYMENTS, OPERATOR, NAMESPACE)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    jane = ("auth", "can-i", "--as=jane")
    sees = await reader.plane.kubectl(*jane, "list", "novitaaccounts")
    writes = await reader.plane.kubectl(*jane, "create", "novitaaccounts")
    assert said.code == 0, said.err
    assert (sees.out.strip(), writes.out.strip()) == ("yes", "no")
    assert {"name": "WATCH_NAMESPACES", "value": "team-a,team-b"} in container["env"]


async def test_before_a_restore_nobody_rents(reader: Reader) -> None:
    typed = of("how-to/backup-and-restore.md", "What to keep", "Before every restore: nobody rents")

    said = await reader.types(typed, more=(*INSTALLED, *RENTED))

    assert said.code == 0, said.err
    listed = (reader.directory / "novita-instances.txt").read_text()
    (record,) = (await reader.novita.ledger()).live
    assert record.id in listed
    assert record.name in listed


async def test_an_object_that_is_applied_again_rents_anew_and_the_old_instance_can_be_adopted(reader: Reader) -> None:
    first = await reader.types([], more=(*INSTALLED, *RENTED))
    (old,) = (await reader.novita.ledger()).live
    adopting = f"metadata: {{name: kept}}\nspec: {{adopt: {{instanceId: {old.id}}}}}\n"
    (reader.directory / "kept.yaml").write_text(f"apiVersion: gpu.novita.ai/v1alpha1\nkind: GPUInstance\n{adopting}")

    again = await reader.types([], more=(*_LOST, *RENTED))
    live = (await reader.novita.ledger()).live
    allow = """kubectl patch nva default --type=merge -p '{"spec":{"tenancy":{"rules":[{"adoption":"Allow"}]}}}'"""
    adopt = (allow, "kubectl apply -f kept.yaml", "kubectl wait --for=condition=Ready gpui/kept --timeout=60s")
    kept = await reader.types([], more=adopt)

    assert (first.code, again.code, kept.code) == (0, 0, 0), first.err + again.err + kept.err
    assert len(live) == 2
    assert len({record.name for record in live}) == 2
    body = await reader.plane.kube.get(kube.GPU_INSTANCES, "kept", "default")
    assert body["status"]["instanceId"] == old.id
    assert len((await reader.novita.ledger()).live) == 2
