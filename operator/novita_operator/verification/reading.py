"""The free part: reads only."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from novita_operator.novita.paging import PAGE_SIZE
from novita_operator.verification.calling import GPU, Caller, Params
from novita_operator.verification.evidence import Ask, Evidence, NotSeen, Reply

# Nobody has these: an id that is all ones, a key that no generator makes, a name that is a sentence.
_NO_ID = "ffffffffffffffff"
_WRONG_KEY = SecretStr("sk_novita-operator-verify-this-key-does-not-exist")
_NO_NAME = "novita-operator verify searches for what is not there"
_ALL: Params = {"pageSize": PAGE_SIZE, "pageNum": 1}
_OFFICIAL: Params = {"channel": "official", "isMyCommunity": "false"}

_FIRST: tuple[tuple[Ask, str, Params], ...] = (
    (Ask.INSTANCES, f"{GPU}/gpu/instances", _ALL),
    (Ask.SECOND_PAGE, f"{GPU}/gpu/instances", {**_ALL, "pageNum": 2}),
    (Ask.NO_INSTANCES, f"{GPU}/gpu/instances", {**_ALL, "name": _NO_NAME}),
    (Ask.NO_INSTANCE, f"{GPU}/gpu/instance", {"instanceId": _NO_ID}),
    (Ask.PRODUCTS, f"{GPU}/products", {}),
    (Ask.PRODUCTS_ON_DEMAND, f"{GPU}/products", {"billingMethod": "onDemand"}),
    (Ask.PRODUCTS_SPOT, f"{GPU}/products", {"billingMethod": "spot"}),
    (Ask.PRODUCTS_OF_ONE, f"{GPU}/products", {"gpuNum": 1}),
    (Ask.PRODUCTS_OF_EIGHT, f"{GPU}/products", {"gpuNum": 8}),
    (Ask.CLUSTERS, f"{GPU}/clusters", {}),
    (Ask.TEMPLATES, f"{GPU}/templates", {**_OFFICIAL, **_ALL}),
    (Ask.TEMPLATES_0, f"{GPU}/templates", {**_OFFICIAL, "pageSize": 1, "pageNum": 0}),
    (Ask.TEMPLATES_1, f"{GPU}/templates", {**_OFFICIAL, "pageSize": 1, "pageNum": 1}),
    (Ask.TEMPLATES_2, f"{GPU}/templates", {**_OFFICIAL, "pageSize": 1, "pageNum": 2}),
    (Ask.NO_TEMPLATE, f"{GPU}/template", {"templateId": _NO_ID}),
    (Ask.VOLUMES, f"{GPU}/networkstorages/list", {"pageSize": PAGE_SIZE, "pageNo": 1}),
    (Ask.REGISTRIES, f"{GPU}/repository/auths", {}),
    (Ask.JOBS, f"{GPU}/jobs", _ALL),
    (Ask.BALANCE, "/openapi/v1/billing/balance/detail", {}),
    (Ask.UNKNOWN_ROUTE, f"{GPU}/novita-operator-verify", {}),
)


async def read(caller: Caller) -> dict[Ask, Reply]:
    """Everything that can be read, and what follows from it. The key is tried first: refused, the rest is left."""
    replies: dict[Ask, Reply] = {}
    for ask, path, params in _FIRST:
        replies[ask] = await caller.get(path, params)
        if ask is Ask.INSTANCES and not is_let_in(replies[ask]):
            return replies
    for ask, path, params in _following(Evidence(replies)):
        replies[ask] = await caller.get(path, params)
    replies[Ask.WRONG_KEY] = await caller.get(f"{GPU}/clusters", key=_WRONG_KEY)
    return replies


def is_let_in(reply: Reply) -> bool:
    """Whether Novita answered at all, and did not refuse the key."""
    return reply.status is not None and reply.status not in {401, 403}


def _following(evidence: Evidence) -> Iterator[tuple[Ask, str, Params]]:
    """What can only be asked about something that was found."""
    for ask, path, parameter, source in (
        (Ask.DETAIL, f"{GPU}/gpu/instance", "instanceId", (Ask.INSTANCES, "instances", "id")),
        (Ask.METRICS, "/openapi/v1/metrics/gpu/instance", "instanceId", (Ask.INSTANCES, "instances", "id")),
        (Ask.TEMPLATE, f"{GPU}/template", "templateId", (Ask.TEMPLATES_1, "template", "Id")),
        (Ask.PRODUCTS_IN, f"{GPU}/products", "clusterId", (Ask.CLUSTERS, "data", "id")),
    ):
        listed_by, envelope, key = source
        try:
            found = next((each[key] for each in evidence.items(listed_by, envelope) if each.get(key)), None)
        except NotSeen:
            continue
        if isinstance(found, str):
            yield ask, path, {parameter: found}
