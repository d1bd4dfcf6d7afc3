"""No input makes a pass raise or hang: junk in notes, annotations, spec, status, and in every answer of Novita."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.support import builders as a
from tests.unit.support import junk, parts
from tests.unit.support.builders import NAME, NAMES, NOON, UID, ago, wire
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import KEY

from novita_operator.api import meta
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.api.operator_class import OperatorClass
from novita_operator.controllers.gpu_instance import wiring
from novita_operator.controllers.gpu_instance.reachability.ports import UNASKED
from novita_operator.controllers.gpu_instance.reconciler import Reconciler
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.cache import Cache
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.novita import decoding, errors
from novita_operator.novita.models import Cluster, Instance, Product, Template
from novita_operator.novita.snapshot import Snapshot
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.runtime.accounts.retained import Retained
from novita_operator.runtime.core import Core
from novita_operator.runtime.shutdown import Shutdown
from novita_operator.runtime.workqueue import WorkQueue
from novita_operator.settings import Settings
from novita_operator.webhooks.receivers import Default

LONGEST_STATUS = 64 * 1024  # bytes; etcd takes 1.5 MiB for the whole object
PASSES = 4
SETTINGS = Settings()
SECONDS = 5.0  # for passes that take milliseconds, on a busy machine

SPEC = {
    "accountRef": {"name": "default"},
    "image": "ubuntu",
    "maxPricePerHour": "0.50",
    "rootfsSizeGB": 60,
    "powerState": "Running",
    "deletionPolicy": "Delete",
    "ports": [{"port": 80, "protocol": "HTTP"}],
    "startup": {"timeoutSeconds": 600, "onTimeout": "Delete"},
    "restartPolicy": {"maxAttempts": 3},
    "lifetime": {
        "maxSeconds": 6000,
        "action": "Delete",
        "idle": {"afterSeconds": 3600, "action": "Stop"},
        "schedule": {"stop": "0 20 * * 1-5", "start": "0 8 * * 1-5", "timeZone": "Europe/Paris", "action": "Stop"},
    },
}
STATUS = {
    "observedGeneration": 1,
    "conditions": [
        {"type": "Ready", "status": "True", "reason": "Ready", "message": "It runs.", "lastTransitionTime": wire(NOON)}
    ],
    "phase": "Running",
    "instanceId": "i-1",
    "instanceName": NAME,
    "product": {"id": "4090.16c62g", "name": "RTX 4090 24GB"},
    "region": "CN-HK-01",
    "billing": "OnDemand",
    "pricePerHour": "0.35",
    "priceLimit": "0.50",
    "connection": {"ssh": "ssh -p 1 root@p.example", "secretRef": {"name": "demo-connection"}, "ports": []},
    "cost": {"amount": "0.1000", "since": wire(ago(600)), "asOf": wire(ago(60))},
    "createdAt": wire(ago(600)),
    "startedAt": wire(ago(600)),
    "readyAt": wire(ago(500)),
    "attempts": 1,
    "novitaStatus": "running",
    "failure": {"reason": "Failed", "message": "It failed.", "at": wire(ago(60)), "generation": 1, "instanceId": "i-1"},
    "restarts": {"count": 1, "lastAt": wire(ago(60))},
    "ended": {"cause": "Idle", "action": "Stop", "at": wire(ago(9)), "generation": 1},
    "lastBusyAt": wire(ago(60)),
    "dataKeptUntil": wire(ago(-600)),
    "reclaimed": {"instanceId": "i-0", "at": wire(ago(600))},
    "notifications": [{"id": "n", "event": "instance.ready", "at": wire(ago(60)), "to": ["default"]}],
    "service": {"name": "demo", "addresses": ["203.0.113.7"]},
}
NOTES = (
    *(meta.CREATE_INTENT, meta.LAST_USED, meta.RECONCILE_REQUESTED_AT, meta.FORCE_FINALIZE, meta.PAUSED),
    meta.JOB_RESULT,
)
SHOWN = {
    "id": "i-1",
    "name": NAME,
    "status": "running",
    "statusError": {"state": "", "message": ""},
    "clusterId": "c-hk",
    "clusterName": "CN-HK-01 (Hong Kong)",
    "imageUrl": "ubuntu",
    "gpuNum": "1",
    "productId": "4090.16c62g",
    "billingMode": "onDemand",
    "rootfsSize": 60,
    "instancePrice": "35000",
    "spotStatus": "",
    "spotReclaimTime": "0",
    "portMappings": [{"port": 80, "endpoint": "https://x-80.example", "type": "http"}],
    "connectComponentSSH": {"sshCommand": "ssh -p 1 root@p.example", "password": "canary-1"},
    "jobs": [],
    "createdAt": "1764000000",
    "lastStartedAt": "1764000100",
}
OFFERED = {
    "data": [
        {
            "id": "4090.16c62g",
            "name": "RTX 4090 24GB",
            "regions": ["CN-HK-01 (Hong Kong)"],
            "price": "35000",
            "minRootFS": 10,
            "maxRootFS": 6144,
            "availableDeploy": True,
            "inventoryState": "normal",
        }
    ]
}
REGIONS = {"data": [{"id": "c-hk", "name": "CN-HK-01 (Hong Kong)"}]}


@dataclass
class Novita:
    """Every answer is the same junk, read as the operator reads it."""

    shown: Any
    offered: Any
    regions: Any

    def __getattr__(self, _name: str) -> Any:
        async def refused(*_: Any, **__: Any) -> Any:
            raise errors.Unavailable("junk")

        return refused

    async def get_instance(self, _instance_id: str, **_: Any) -> Instance:
        return decoding.instance(self.shown)

    async def find_by_name(self, name: str, **_: Any) -> tuple[Instance, ...]:
        return tuple(found for found in self.listed if found.name == name)

    async def products(self, **_: Any) -> tuple[Product, ...]:
        return decoding.products(self.offered)

    async def clusters(self, **_: Any) -> tuple[Cluster, ...]:
        return decoding.clusters(self.regions)

    async def find_template(self, *_: Any, **__: Any) -> Template | None:
        return None

    async def create_instance(self, *_: Any, **__: Any) -> str:
        return decoding.created_id(self.shown) or "i-2"

    @property
    def listed(self) -> list[Instance]:
        try:
            return list(decoding.instances({"instances": [self.shown], "total": 1}).items)
        except errors.InvalidResponse:
            return []


def a_body(**changes: Any) -> dict[str, Any]:
    return a.a_body(finalizers=[meta.FINALIZER], **({"spec": SPEC, "status": STATUS} | changes))


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return Metrics()


def _core(server: ApiServer, accounts: Accounts, clock: parts.HandClock, metrics: Metrics) -> Core:
    nothing: Any = None
    cache = Cache()
    return Core(
        settings=SETTINGS,
        kube=server.client,
        names=NAMES,
        operator_class=OperatorClass("", lambda _: None),
        cache=cache,
        queue=WorkQueue(monotonic=clock.monotonic, backoff_base=1, backoff_max=60),
        accounts=accounts,
        retained=Retained(server.client, cache, NAMES, "novita-system", cast("Any", clock)),
        recorder=Recorder(server.client, "operator-0"),
        clock=cast("Any", clock),
        metrics=metrics,
        serving=nothing,
        shutdown=Shutdown(),
        lease=nothing,
    )


def _reconciler(core: Core) -> Reconciler:
    courier: Any = SimpleNamespace(default=Default(), gone=lambda _: None)
    watching: Any = SimpleNamespace(follow=lambda *_, **__: UNASKED, known=lambda *_: UNASKED, forget=lambda _: None)
    return wiring._reconciler(core, watching, courier)


async def live(body: dict[str, Any], novita: Novita, metrics: Metrics) -> None:
    """Some polls and passes of a process that meets this object and this Novita."""
    server, clock, accounts = ApiServer(body), parts.HandClock(), Accounts()
    account = parts.an_account()
    account.client = cast("Any", novita)
    accounts.put(account)
    core = _core(server, accounts, clock, metrics)
    reconciler = _reconciler(core)
    core.cache.put(KEY, body)
    reconciler.claim(KEY, body)
    for _ in range(PASSES):
        _polled(accounts, account, novita)
        with contextlib.suppress(kube_errors.KubeError):  # what the played API server refuses
            await asyncio.wait_for(reconciler.reconcile(KEY), SECONDS)
        _judge(server)
        clock.turned += timedelta(minutes=2).total_seconds()
    reconciler.departed(KEY, body)
    reconciler.forget(UID)
    reconciler.vacate(KEY)


def _polled(accounts: Accounts, account: Account, novita: Novita) -> None:
    account.snapshot_poll = accounts.begin_poll(account)
    account.snapshot = Snapshot.of(account.name, novita.listed, NOON)


def _judge(server: ApiServer) -> None:
    """What was written can be written and read back, and stays small."""
    for write in server.writes:
        text = json.dumps(write)
        assert len(text) <= LONGEST_STATUS
        assert "canary-1" not in text
    if any("status" in write for write in server.writes):
        GPUInstanceStatus.model_validate(server.objects["team/demo"]["status"])


def run(
    body: dict[str, Any], metrics: Metrics, *, shown: Any = SHOWN, offered: Any = OFFERED, regions: Any = REGIONS
) -> None:
    asyncio.run(live(body, Novita(shown, offered, regions), metrics))


deleting = st.booleans()


@given(
    st.sampled_from(NOTES),
    st.sampled_from(junk.HURTFUL) | st.text(max_size=60) | junk.anything.map(json.dumps),
    deleting,
)
def test_junk_in_an_annotation(metrics: Metrics, note: str, text: str, deleting: bool) -> None:
    run(a_body(annotations={note: text}, deleting=deleting), metrics)


NOTE = {
    "attempt": 1,
    "at": "2026-11-24T11:50:00+00:00",
    "holder": "h",
    "product": "p",
    "region": "r",
    "outcome": "Pending",
    "limit": "0.5",
}


@given(junk.spoiled(NOTE), st.booleans(), deleting)
@example(NOTE | {"attempt": None}, False, False)
def test_junk_in_the_note_of_intent(metrics: Metrics, note: Any, recorded: bool, deleting: bool) -> None:
    status = STATUS if recorded else {}
    run(a_body(annotations={meta.CREATE_INTENT: json.dumps(note)}, status=status, deleting=deleting), metrics)


@given(junk.spoiled(SPEC), st.booleans(), deleting)
def test_junk_in_the_spec(metrics: Metrics, spec: Any, recorded: bool, deleting: bool) -> None:
    status = STATUS if recorded else {}
    run(a_body(intent=a.an_intent(), status=status, deleting=deleting) | {"spec": spec}, metrics)


@given(junk.spoiled(STATUS), deleting)
@example(STATUS | {"pricePerHour": "cheap"}, False)
@example(STATUS | {"cost": {"amount": "NaN", "since": wire(NOON), "asOf": wire(NOON)}}, True)
def test_junk_in_the_status(metrics: Metrics, status: Any, deleting: bool) -> None:
    run(a_body(intent=a.an_intent(), deleting=deleting) | {"status": status}, metrics)


@given(junk.spoiled(SHOWN) | junk.anything, st.booleans(), deleting)
def test_junk_in_what_novita_says_of_an_instance(metrics: Metrics, shown: Any, recorded: bool, deleting: bool) -> None:
    status = {"instanceId": "i-1"} if recorded else {}
    run(a_body(intent=a.an_intent(), status=status, deleting=deleting), metrics, shown=shown)


@given(junk.spoiled({"offered": OFFERED, "regions": REGIONS}))
def test_junk_in_the_catalogue(metrics: Metrics, catalogue: Any) -> None:
    offered, regions = catalogue.get("offered"), catalogue.get("regions")
    run(a_body(status={}), metrics, shown={}, offered=offered, regions=regions)
