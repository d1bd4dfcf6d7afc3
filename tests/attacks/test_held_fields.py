"""What says which instance is whose is written by operators alone; people can only take away what holds an object."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.attacks.conftest import Employ, Settle
from tests.attacks.people import Person
from tests.support import builders, kube, waiting
from tests.support.kube import Body, Kind, Refused
from tests.support.workspace import Workspace

SETS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets")
JOBS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpujobs")
FINALIZER = "gpu.novita.ai/instance"
INTENT = "gpu.novita.ai/create-intent"
_OF_ANOTHER = {"instanceId": "fbf012b8b27b649d", "phase": "Running"}


def _intent(outcome: str) -> dict[str, str]:
    return {INTENT: json.dumps({"attempt": 1, "at": "2026-01-01T00:00:00Z", "holder": "x", "outcome": outcome})}


def _body(kind: str, namespace: str) -> Body:
    rented: dict[str, Any] = {"accountRef": {"name": "nobody"}}
    template = rented | {"command": "true"} if kind == "GPUJob" else {"spec": rented}
    metadata = {"name": "several", "namespace": namespace}
    return {"apiVersion": builders.API_VERSION, "kind": kind, "metadata": metadata, "spec": {"template": template}}


# The last two have the right to write the status there: `cluster-admin` is bound in the namespace alone.
@pytest.mark.parametrize("role", ["edit", "admin", "status-writer", "cluster-admin"])
async def test_nobody_in_a_namespace_writes_the_status_of_an_object(role: str, settle: Settle, employ: Employ) -> None:
    here = await settle("neighbour", account=False)
    attacker = await employ(role, here)
    await here.create()

    said = await attacker.refusal({"status": _OF_ANOTHER}, at="status")

    assert ("only an operator writes the status" in said) is (role not in {"edit", "admin"})
    body = await here.get()
    assert (body.get("status") or {}).get("instanceId") is None


async def test_the_status_of_sets_and_jobs_is_held_likewise(settle: Settle, employ: Employ) -> None:
    here = await settle("neighbour", account=False)
    attacker = await employ("status-writer", here)
    await here.plane.kube.create(SETS, _body("GPUInstanceSet", here.namespace))
    await here.plane.kube.create(JOBS, _body("GPUJob", here.namespace))

    of_set = await attacker.refusal({"status": {"replicas": 3}}, "several", kind=SETS, at="status")
    of_job = await attacker.refusal({"status": {"attempts": 3}}, "several", kind=JOBS, at="status")

    assert "status: only an operator writes the status of GPUInstanceSet several" in of_set
    assert 'verb "restore" on gpujobs.gpu.novita.ai' in of_job


PRESET: dict[str, tuple[Body, str]] = {
    "finalizer": ({"finalizers": [FINALIZER]}, f"metadata.finalizers: only an operator adds {FINALIZER}"),
    "finalizer-among-others": ({"finalizers": ["example.com/mine", FINALIZER]}, f"only an operator adds {FINALIZER}"),
    "finalizer-of-accounts": ({"finalizers": ["gpu.novita.ai/account-in-use"]}, "only an operator adds"),
    "intent": ({"annotations": _intent("Released")}, f"metadata.annotations: only an operator writes {INTENT}"),
    "intent-without-words": ({"annotations": {INTENT: ""}}, f"only an operator writes {INTENT}"),
}


@pytest.mark.parametrize("preset", PRESET)
async def test_an_object_is_not_made_with_what_only_the_operator_writes(
    preset: str, settle: Settle, employ: Employ
) -> None:
    here = await settle("neighbour", account=False)
    attacker = await employ("admin", here)
    metadata, sentence = PRESET[preset]

    with pytest.raises(Refused, match="Leave it out of the manifest") as caught:
        await attacker.create(metadata=metadata)

    assert sentence in caught.value.message
    assert await here.plane.kube.find(kube.GPU_INSTANCES, "gpu", here.namespace) is None


async def test_a_set_does_not_write_for_people_what_they_may_not_write(settle: Settle, employ: Employ) -> None:
    here = await settle("victim")
    attacker = await employ("edit", here)
    body = _body("GPUInstanceSet", here.namespace)
    body["spec"]["template"] = {
        "metadata": {"annotations": _intent("Released") | {"example.com/note": "kept"}},
        "spec": {"accountRef": {"name": here.account_name}},
    }

    await attacker.kube.create(SETS, body)
    made = await waiting.until(lambda: _only_one(here), "the set has made one", explain=here.explain)

    history = [made, await here.until_ready(made["metadata"]["name"])]
    assert all("Released" not in each["metadata"]["annotations"].get(INTENT, "") for each in history)
    assert made["metadata"]["annotations"]["example.com/note"] == "kept"
    await attacker.kube.delete(SETS, "several", here.namespace)
    await here.until_gone(made["metadata"]["name"])


async def test_neither_finalizer_nor_intent_is_added_or_changed_later(settle: Settle, employ: Employ) -> None:
    here = await settle("victim")
    person = await employ("edit", here)
    await here.create("other", powerState="Stopped")
    await here.create()
    held = await here.until_ready()

    said = {
        await person.refusal({"metadata": {"finalizers": [FINALIZER]}}, "other"),
        await person.refusal({"metadata": {"annotations": _intent("Released")}}, "other"),
        await person.refusal({"metadata": {"annotations": _intent("Released")}}),
        await _refused_by_kubectl(person, "annotate", "--overwrite", "gpuinstance", "gpu", f"{INTENT}=x"),
        await _refused_by_kubectl(person, "apply", "--server-side", "-f", "-", stdin=_manifest(here, FINALIZER)),
    }

    assert all("only an operator" in each for each in said), said
    assert (await here.get())["metadata"]["annotations"][INTENT] == held["metadata"]["annotations"][INTENT]


async def test_what_people_and_git_do_every_day_is_taken(settle: Settle, employ: Employ) -> None:
    here = await settle("victim")
    person = await employ("edit", here)
    manifest = json.dumps(here.instance_body())
    await _done(person, "apply", "-f", "-", stdin=manifest)
    await here.until_ready()

    await _done(person, "label", "gpuinstance", "gpu", "team=a")
    await _done(person, "annotate", "gpuinstance", "gpu", "gpu.novita.ai/paused=true")
    await _done(person, "annotate", "gpuinstance", "gpu", "gpu.novita.ai/paused-")
    await _done(
        person, "apply", "--server-side", "--force-conflicts", "--field-manager=flux", "-f", "-", stdin=manifest
    )
    # Taking away what holds it, by whatever means, is allowed and healed.
    await _replaced(person, manifest)
    await here.until(lambda body: FINALIZER in body["metadata"].get("finalizers", ()), "the finalizer is back")
    exported = json.loads((await person.kubectl("get", "gpuinstance", "gpu", "-o", "json")).out)
    del exported["metadata"]["resourceVersion"]  # the operator writes the status meanwhile
    await _replaced(person, json.dumps(exported))
    await _done(person, "patch", "gpuinstance", "gpu", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    await here.until(lambda body: FINALIZER in body["metadata"].get("finalizers", ()), "the finalizer is back again")
    await _done(person, "delete", "gpuinstance", "gpu", "--wait=false")
    await here.until_gone()

    ledger = await here.novita.ledger()
    assert (ledger.created, ledger.live) == (1, ())


async def test_a_namespace_goes_with_everything_in_it(settle: Settle, employ: Employ) -> None:
    here = await settle("victim")
    person = await employ("admin", here)
    await person.create(accountRef={"name": here.account_name})
    await here.until_ready()

    await here.plane.kube.delete(kube.NAMESPACES, here.namespace)

    await here.until_gone()
    assert (await here.novita.ledger()).live == ()


async def test_who_may_restore_puts_a_backup_back_as_it_was(settle: Settle, employ: Employ) -> None:
    here = await settle("victim", account=False)
    restorer = await employ("novita-operator-restorer", here, everywhere=True)

    await restorer.create(metadata={"finalizers": [FINALIZER], "annotations": _intent("Released")})
    restored = await restorer.patch({"status": {"phase": "Running"}}, at="status")

    assert restored["metadata"]["finalizers"] == [FINALIZER]
    await restorer.patch({"metadata": {"finalizers": None}})


def _manifest(here: Workspace, finalizer: str) -> str:
    body = here.instance_body("other", powerState="Stopped")
    return json.dumps(body | {"metadata": body["metadata"] | {"finalizers": [finalizer]}})


async def _done(person: Person, *arguments: str, stdin: str | None = None) -> None:
    output = await person.kubectl(*arguments, stdin=stdin)
    assert output.code == 0, output.err


async def _only_one(here: Workspace) -> Body | None:
    found = await here.plane.kube.list(kube.GPU_INSTANCES, here.namespace)
    return found[0] if len(found) == 1 else None


async def _replaced(person: Person, manifest: str) -> None:
    """`kubectl replace`, which reads and then writes: again, where the operator has written in between."""

    async def taken() -> bool:
        output = await person.kubectl("replace", "-f", "-", stdin=manifest)
        assert output.code == 0 or "the object has been modified" in output.err, output.err
        return output.code == 0

    await waiting.until(taken, "the manifest has replaced what was stored")


async def _refused_by_kubectl(person: Person, *arguments: str, stdin: str | None = None) -> str:
    output = await person.kubectl(*arguments, stdin=stdin)
    assert output.code != 0, output.out
    return output.err
