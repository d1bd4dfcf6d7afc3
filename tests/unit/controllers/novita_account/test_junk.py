"""No junk in an account's spec, status and annotations makes its pass raise, or allows more than was allowed."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.unit.support import junk, parts
from tests.unit.support.builders import NAMES, NOON, ago, wire
from tests.unit.support.cluster import ApiServer

from novita_operator.api import meta
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.novita_account.status import MOST_DEPARTED, NovitaAccountStatus
from novita_operator.controllers.novita_account import wiring
from novita_operator.controllers.novita_account.reconciler import Reconciler
from novita_operator.kube.bodies import Content
from novita_operator.kube.cache import Key
from novita_operator.metrics import Metrics
from novita_operator.novita.snapshot import Snapshot
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.departures import Departed
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.runtime.accounts.retained import Retained
from novita_operator.settings import Settings

KEY = Key("novitaaccounts", "", "default")
SPEC = {
    "apiKeySecretRef": {"name": "novita", "key": "apiKey"},
    "className": "",
    "baseUrl": "http://novita.invalid",
    "namespaces": {"names": ["team"], "selector": {"matchLabels": {"gpu": "yes"}}},
    "tenancy": {
        "rules": [{"namespaces": {"names": ["team"]}, "maxPricePerHour": "0.50", "adoption": "Deny"}],
        "limits": {"instances": 3},
    },
    "limits": {"requestsPerMinute": 100, "maxConcurrentCreates": 3},
    "orphans": "Delete",
}
STATUS = {
    "observedGeneration": 1,
    "conditions": [
        {"type": "Ready", "status": "True", "reason": "Ready", "message": "It works.", "lastTransitionTime": wire(NOON)}
    ],
    "balance": "21.00",
    "pricePerHour": "0.35",
    "instances": {"managed": 1, "foreign": 0, "orphaned": 1},
    "orphans": [{"id": "i-9", "name": "nvo-abcdefgh-zzzz", "firstSeen": wire(ago(600))}],
    "creates": {"frozenAt": wire(ago(60)), "thawedBy": "x"},
    "departed": ["uid-1"],
    "collector": {"objects": 2, "checkedAt": wire(ago(60)), "confirmed": "1"},
    "adoptions": [{"instanceId": "i-1", "namespace": "team", "name": "demo", "uid": "uid-1"}],
    "lossesConfirmed": "4",
    "keyFingerprint": "abcdef",
    "lastPolledAt": wire(ago(60)),
}
NOTES = (meta.CONFIRM_LOSSES, meta.CONFIRM_ORPHANS, meta.THAW_CREATES)


def a_body(*, spec: Any = SPEC, status: Any = STATUS, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    metadata = {
        "name": "default",
        "uid": "u-1",
        "generation": 1,
        "resourceVersion": "7",
        "creationTimestamp": wire(ago(3600)),
        "finalizers": [meta.ACCOUNT_FINALIZER],
        "annotations": annotations or {},
    }
    return {"metadata": metadata, "spec": spec, "status": status}


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return Metrics()


class World:
    """One account, whose last poll has shown nothing, and the reconciler that looks after it."""

    def __init__(self, body: dict[str, Any], metrics: Metrics) -> None:
        found = copy.deepcopy(body) | {"metadata": copy.deepcopy(body["metadata"]) | {"namespace": ""}}
        self.server = ApiServer(found)
        self.clock, self.accounts = parts.HandClock(), Accounts()
        self.cache = parts.Cache()
        self.asked: list[str] = []
        self.reconciler = self._reconciler(metrics)
        self.cache.put(KEY, self.server.objects["/default"])

    def _reconciler(self, metrics: Metrics) -> Reconciler:
        nothing: Any = None
        kube: Any = SimpleNamespace(
            patch_status=self.server.client.patch_status,
            read_secret=_secret,
            each=_none,
            namespaces_with=self._namespaces,
        )
        core: Any = SimpleNamespace(
            settings=Settings(),
            kube=kube,
            cache=self.cache,
            accounts=self.accounts,
            retained=Retained(self.server.client, self.cache, NAMES, "novita-system", cast("Any", self.clock)),
            names=NAMES,
            clock=self.clock,
            metrics=metrics,
            recorder=SimpleNamespace(record=lambda *_: None),
            queue=SimpleNamespace(add=lambda _: None),
            lease=nothing,
        )
        return replace(wiring._reconciler(core), open_account=self._open)

    async def _namespaces(self, selector: str) -> frozenset[str]:
        self.asked.append(selector)
        return frozenset()

    def _open(self, resource: NovitaAccount, key: SecretStr) -> Account:
        account = parts.an_account("default", spec={})
        account.spec = resource.spec
        account.client = cast("Any", _Client())
        account.everything, account.snapshot = (), Snapshot.of("default", (), NOON)
        assert key.get_secret_value() in {"", "sk_canary"}
        return account

    def write(self, **parts_of_it: Any) -> None:
        self.cache.put(KEY, self.server.touch("/default", **parts_of_it))

    def reconcile(self) -> Account:
        asyncio.run(self.reconciler.reconcile(KEY))
        account = self.accounts.find("default")
        assert account is not None
        return account

    @property
    def ready(self) -> tuple[str, str]:
        found = next(
            each for each in self.server.objects["/default"]["status"]["conditions"] if each["type"] == "Ready"
        )
        return found["reason"], found["message"]


class _Client:
    """Accepts every key, and has nothing to tell."""

    def replace_key(self, _: SecretStr) -> bool:
        return False

    async def products(self, **_: Any) -> tuple[Any, ...]:
        return ()

    def breaker_states(self) -> dict[str, Any]:
        return {}

    async def aclose(self) -> None:
        pass


async def _secret(_namespace: str, _name: str) -> Content:
    return Content({"apiKey": "sk_canary"})


async def _none(*_: Any) -> Any:
    for each in ():
        yield each


@given(junk.spoiled(SPEC))
def test_junk_in_the_spec(metrics: Metrics, spec: Any) -> None:
    World(a_body(spec=spec), metrics).reconcile()


@given(junk.spoiled(STATUS))
@example(STATUS | {"lastPolledAt": "0001-01-01T00:00:00+23:59"})
def test_junk_in_the_status(metrics: Metrics, status: Any) -> None:
    world = World(a_body(status=status), metrics)

    world.reconcile()

    NovitaAccountStatus.model_validate(world.server.objects["/default"]["status"])


@given(st.sampled_from(NOTES), st.sampled_from(junk.HURTFUL) | st.text(max_size=60))
def test_junk_in_an_annotation(metrics: Metrics, note: str, text: str) -> None:
    World(a_body(annotations={note: text}), metrics).reconcile()


@pytest.mark.parametrize("count", [1, MOST_DEPARTED, MOST_DEPARTED + 1, 100])
def test_the_status_rests_however_many_objects_were_deleted_and_keeps_the_newest(metrics: Metrics, count: int) -> None:
    world = World(a_body(), metrics)
    uids = [f"deleted-{number}" for number in range(count)]
    for uid in uids:
        world.accounts.departures.add(Departed(KEY, uid, "default", f"nvo-abcdefgh-{uid}"))

    written = []
    for _ in range(3):
        world.reconcile()
        world.cache.put(KEY, world.server.objects["/default"])
        written.append(world.server.objects["/default"]["status"]["departed"])

    assert written == [["uid-1", *uids][-MOST_DEPARTED:]] * 3


def _selecting(key: str, value: str = "evil") -> dict[str, Any]:
    return {"selector": {"matchLabels": {key: value}}}


# In the text of a selector, each of these would mean something else: `team!` with `evil` is `team!=evil`, which nearly
# every namespace fulfils.
NO_LABELS = {
    "other-than": "team!",
    "equal": "team=",
    "not": "!team",
    "list": "team in (a,b),x",
    "comma": "a,b",
    "space": "team ",
    "line": "team\n",
    "greater": "team>",
    "empty": "",
    "only-a-prefix": "example.com/",
    "two-prefixes": "a/b/c",
    "empty-part": "a..b/team",
    "part-with-a-dash": "a-.b/team",
    "upper-case-prefix": "Example.com/team",
    "letters-of-others": "t\N{LATIN SMALL LETTER E WITH ACUTE}am",
    "digits-of-others": "team\N{ARABIC-INDIC DIGIT ONE}",
    "too-long": "t" * 64,
    "prefix-too-long": "p" * 254 + "/team",
}


@pytest.mark.parametrize("case", NO_LABELS)
def test_a_key_that_no_label_can_have_admits_nobody_and_is_told(metrics: Metrics, case: str) -> None:
    world = World(a_body(spec=SPEC | {"namespaces": _selecting(NO_LABELS[case])}), metrics)

    account = world.reconcile()

    assert world.asked == []
    assert not account.allowance("team").admitted
    assert world.ready[0] == "InvalidSpec"
    assert "spec.namespaces.selector.matchLabels" in world.ready[1]


@pytest.mark.parametrize("case", NO_LABELS)
def test_a_rule_with_a_key_that_no_label_can_have_is_for_nobody(metrics: Metrics, case: str) -> None:
    rule = {"namespaces": _selecting(NO_LABELS[case]), "adoption": "Allow"}
    world = World(a_body(spec=SPEC | {"tenancy": {"rules": [rule]}}), metrics)

    account = world.reconcile()

    assert "evil" not in "".join(world.asked)
    assert (account.allowance("team").admitted, account.allowance("team").adoption) == (False, False)
    assert world.ready[0] == "InvalidSpec"


@pytest.mark.parametrize("case", NO_LABELS)
def test_an_expression_with_a_key_that_no_label_can_have_admits_nobody(metrics: Metrics, case: str) -> None:
    expression = {"key": NO_LABELS[case], "operator": "DoesNotExist"}
    world = World(a_body(spec=SPEC | {"namespaces": {"selector": {"matchExpressions": [expression]}}}), metrics)

    account = world.reconcile()

    assert world.asked == []
    assert not account.allowance("team").admitted
    assert world.ready[0] == "InvalidSpec"


@pytest.mark.parametrize(
    "key",
    ["team", "T.e_a-m", "example.com/team", "a.b-c.d/T", "p" * 253 + "/" + "t" * 63, "kubernetes.io/metadata.name"],
)
def test_every_key_that_a_label_can_have_is_asked_for(metrics: Metrics, key: str) -> None:
    world = World(a_body(spec=SPEC | {"namespaces": _selecting(key, "red")}), metrics)

    world.reconcile()

    assert world.asked == [f"{key}=red"]


SPOILED = [pytest.param({name: 7}, id=name) for name in ("namespaces", "limits", "orphans", "className")] + [
    pytest.param({"tenancy": {"rules": 7}}, id="tenancy")
]


@pytest.mark.parametrize("change", SPOILED)
def test_an_account_that_cannot_be_read_rents_nothing_and_says_which_field(
    metrics: Metrics, change: dict[str, Any]
) -> None:
    world = World(a_body(spec=SPEC | change), metrics)

    account = world.reconcile()

    allowance = account.allowance("team")
    assert (allowance.admitted, allowance.adoption) == (False, False)
    assert f"spec.{next(iter(change))}" in world.ready[1]
    assert world.ready[0] == "InvalidSpec"


def test_limits_that_cannot_be_read_allow_no_instance_to_be_left(metrics: Metrics) -> None:
    account = World(a_body(spec=SPEC | {"tenancy": []}), metrics).reconcile()

    assert not account.allowance("team").retention


@pytest.mark.parametrize("name", ["apiKeySecretRef", "baseUrl"])
def test_a_key_is_sent_to_no_address_that_the_spec_may_not_mean(metrics: Metrics, name: str) -> None:
    world = World(a_body(spec=SPEC | {name: 7}), metrics)

    world.reconcile()

    assert world.ready[0] == "KeyMissing"
    assert f"spec.{name}" in world.ready[1]


@pytest.mark.parametrize("name", ["apiKeySecretRef", "baseUrl"])
def test_an_account_at_work_goes_on_with_the_key_and_address_that_it_has(metrics: Metrics, name: str) -> None:
    world = World(a_body(), metrics)
    before = world.reconcile()
    assert before.allowance("team").admitted

    world.write(spec=SPEC | {name: 7})
    after = world.reconcile()

    assert after is before
    assert (after.spec.base_url, after.allowance("team").admitted) == (SPEC["baseUrl"], False)
    assert world.ready[0] == "InvalidSpec"
    world.write(spec=SPEC)
    assert world.reconcile().allowance("team").admitted
