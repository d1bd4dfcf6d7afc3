"""Objects, instances and observations, each with one sensible value for everything that a test does not speak of."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.controllers.gpu_instance.action import Intent, Settled
from novita_operator.controllers.gpu_instance.launching import fence
from novita_operator.controllers.gpu_instance.observing.observation import Absence, AccountView, Observation
from novita_operator.controllers.gpu_instance.policies import restarts
from novita_operator.controllers.gpu_instance.policies.belief import Belief
from novita_operator.novita.models import Cluster, Instance, PortMapping, Product, Ssh, WebTerminal, state_of
from novita_operator.reconciling import naming
from novita_operator.tenancy import allowance as allowances
from novita_operator.tenancy.allowance import Allowance

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LAG = timedelta(seconds=60)
STARTUP = timedelta(seconds=600)
UID = "6b1e3b4c-0f6b-4f0e-9f0e-2f8a0a4d5c11"
CLUSTER = "abcdefgh"
NAMES = naming.Names(CLUSTER)
NAME = naming.instance_name(CLUSTER, UID)
"""The name at Novita of the object that `an_object` builds."""
USABLE = AccountView("Usable")
_OF_THE_STATUS = "of the status"


def ago(seconds: float) -> datetime:
    """So many seconds before noon."""
    return NOON - timedelta(seconds=seconds)


def wire(moment: datetime) -> str:
    """A time as the cluster writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def an_intent(*, age: float = 600, outcome: Settled = "Pending", attempt: int = 1) -> Intent:
    """The note of a create call that was made so many seconds before noon."""
    return Intent(attempt, ago(age), "operator-0_7", "4090.16c62g", "CN-HK-01", outcome)


def a_note(intent: Intent) -> str:
    """The annotation that says so, as this operator and its earlier versions write it."""
    return json.dumps(asdict(intent) | {"at": intent.at.isoformat()}, separators=(",", ":"))


def a_failure(reason: str, *, generation: int = 1, asked: str | None = None) -> dict[str, Any]:
    """A recorded failure, as the status holds it."""
    failure = {"reason": reason, "message": f"It is a {reason}.", "at": wire(ago(60)), "generation": generation}
    return failure if asked is None else failure | {"reconcileRequestedAt": asked}


def a_connection(instance: Instance) -> dict[str, Any]:
    """What `status.connection` says when it describes this instance as it runs now."""
    connection: dict[str, Any] = {
        "ssh": "ssh -p 32787 root@proxy.example",
        "secretRef": {"name": "demo-connection"},
        "ports": [{"port": p.port, "protocol": p.protocol, "endpoint": p.endpoint} for p in instance.ports],
    }
    return connection | ({"instanceStartedAt": wire(instance.started_at)} if instance.started_at else {})


def a_body(
    *,
    spec: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    intent: Intent | str | None = None,
    annotations: Mapping[str, str] | None = None,
    finalizers: Sequence[str] = (),
    deleting: bool = False,
    generation: int = 1,
    name: str = "demo",
    age: float = 3600,
) -> dict[str, Any]:
    """A GPUInstance as the API server sends it, made so many seconds before noon."""
    notes = dict(annotations or {})
    if intent is not None:
        notes[meta.CREATE_INTENT] = intent if isinstance(intent, str) else a_note(intent)
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "team",
        "uid": UID,
        "resourceVersion": "7",
        "generation": generation,
        "creationTimestamp": wire(ago(age)),
        "annotations": notes,
        "finalizers": list(finalizers),
    }
    if deleting:
        metadata["deletionTimestamp"] = wire(ago(30))
    return {"metadata": metadata, "spec": dict(spec or {}), "status": dict(status or {})}


def an_object(*, held: bool | None = None, **parts: Any) -> GPUInstance:
    """A GPUInstance. Our finalizer is there once a call is noted or an id recorded, unless `held` says otherwise."""
    had = parts.get("intent") is not None or "instanceId" in (parts.get("status") or {})
    holds = had if held is None else held
    return GPUInstance.parse(a_body(finalizers=[meta.FINALIZER] if holds else [], **parts))


def an_instance(word: str = "running", instance_id: str = "i-1", *, age: float = 300, **changes: Any) -> Instance:
    """An instance at Novita, in the state that this word means, rented so many seconds before noon."""
    values: dict[str, Any] = {
        "id": instance_id,
        "name": NAME,
        "word": word,
        "state": state_of(word),
        "created_at": ago(age),
    }
    return Instance(**(values | changes))


def a_running_instance(**changes: Any) -> Instance:
    """One that runs and can be reached, with everything that only a look by id tells."""
    values: dict[str, Any] = {
        "started_at": ago(200),
        "ports": (PortMapping(8080, "HTTP", "https://i-1-8080.example"), PortMapping(9000, "TCP", "proxy.example:31")),
        "ssh": Ssh("ssh -p 32787 root@proxy.example", SecretStr("ssh-canary-1")),
        "jupyter": "https://i-1-8888.example",
        "web_terminal": WebTerminal("https://i-1-2223.example", "admin", SecretStr("terminal-canary-2")),
    }
    return an_instance(**(values | changes))


def an_allowance(*rules: Mapping[str, Any], limits: Mapping[str, Any] | None = None) -> Allowance:
    """What namespace `team` may have of an account whose spec.tenancy has these rules."""
    tenancy = {"rules": list(rules), "limits": dict(limits or {})}
    spec = NovitaAccountSpec.model_validate({"tenancy": tenancy})
    return allowances.of("default", spec, "team", allowances.Selected())


def an_observation(
    resource: GPUInstance | None = None,
    *found: Instance,
    account: AccountView = USABLE,
    instance_id: str | None = _OF_THE_STATUS,
    fresh: bool = True,
    known_for: float | None = None,
    searches: int = 0,
    gone_polls: int = 0,
    only_by_id: bool = False,
    delete_accepted: bool = False,
    delete_settles: bool = False,
    doubt: str | None = None,
    detail: Instance | None = None,
    remembered: Intent | None = None,
    allowance: Allowance | None = None,
    consent: bool = False,
) -> Observation:
    """What a pass sees: a usable account, a fresh view, and the id that the status holds.

    `known_for`: seconds since the process saw the intent first; all of its age, unless told.
    """
    resource = resource or an_object()
    intent = fence.read(resource.meta)
    age = NOON - intent.at if intent is not None else timedelta(0)
    known = resource.status.instance_id if instance_id is _OF_THE_STATUS else instance_id
    return Observation(
        resource=resource,
        name=NAME,
        account=account,
        instance_id=known,
        found=found,
        fresh=fresh,
        list_lag=LAG,
        startup=STARTUP,
        intent=intent,
        absence=Absence(
            searches=searches,
            gone_polls=gone_polls,
            only_by_id=only_by_id,
            intent_known_for=age if known_for is None else timedelta(seconds=known_for),
            delete_accepted=delete_accepted or delete_settles,
            delete_settles=delete_settles,
        ),
        # Told by the looks alone: how long they take is a matter of policies/belief.py.
        belief=_belief(gone_polls >= (1 if resource.meta.deleted_at is not None else 2)),
        doubt=doubt,
        detail=detail,
        remembered=remembered,
        allowance=allowance,
        consent=consent,
        failure_stands=restarts.stands(resource, NOON),
    )


def _belief(believed: bool) -> Belief:
    return Belief(believed=believed, check_due=not believed)


def a_product(product_id: str = "4090.16c62g", *regions: str, price: str | None = "0.35", **changes: Any) -> Product:
    """A product that is in stock. The price is USD per GPU and hour."""
    values: dict[str, Any] = {
        "id": product_id,
        "name": "RTX 4090 24GB",
        "regions": regions or ("CN-HK-01 (Hong Kong)",),
        "inventory": "normal",
        "min_rootfs_gb": 10,
        "max_rootfs_gb": 6144,
        "price_per_gpu_hour": None if price is None else Decimal(price),
        "memory_per_gpu": 62,
        "cpu_per_gpu": 16,
    }
    return Product(**(values | changes))


CLUSTERS = (
    Cluster("c-hk", "CN-HK-01 (Hong Kong)"),
    Cluster("c-ca", "US-CA-06 (California)"),
    Cluster("c-eu", "EU-DE-01"),
)


def decoded(secret: Mapping[str, Any]) -> dict[str, str]:
    """The entries of a Secret's body."""
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
