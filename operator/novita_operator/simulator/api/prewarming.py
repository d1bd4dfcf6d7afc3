"""Prewarming of images (novita-api 2A.2)."""

from __future__ import annotations

from typing import Any

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import paging, wire
from novita_operator.simulator.api.replies import changed
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.settings import ImageOutcome
from novita_operator.simulator.state.prewarms import Prewarm

_BASE = "/gpu-instance/openapi/v1/image/prewarm"
_MOST_TASKS = 5  # that are not over
_LARGEST_GB = 100
_IMAGE_BYTES = 4 * 1024**3
_FAILURES = {
    ImageOutcome.NOT_FOUND: "IMAGE_URL_OR_AUTH_ERROR: the image was not found or needs credentials",
    ImageOutcome.TOO_LARGE: "IMAGE_TOO_LARGE: the image is larger than may be prewarmed",
}


def list_tasks(account: Account, call: Call) -> Reply:
    """Fuzzy by name of the image, exact by cluster and state."""
    now, cluster, state = account.clock.now(), call.param("clusterId"), call.param("state")
    found = [
        task
        for task in account.prewarms
        if call.param("name").lower() in task.image_url.lower()
        and cluster in ("", task.cluster_id)
        and state in ("", task.state(now))
    ]
    page = paging.wanted(call, account.settings, "page").of(found)
    return Reply(payload={"data": [_row(account, task) for task in page], **paging.total(len(found), account.settings)})


def create_task(account: Account, call: Call) -> Reply:
    """Waits, pulls, and has then succeeded or failed, as the image is known for."""
    image, cluster, now = call.text("imageUrl", most=500), call.text("clusterId"), account.clock.now()
    if cluster not in account.catalog.clusters:
        raise refusal.invalid("clusterId", "there is no such cluster")
    auth = str(call.body.get("repositoryAuth") or "")
    if auth and auth not in account.auths:
        raise refusal.Refusal("IMAGE_URL_OR_AUTH_ERROR", "the registry auth does not exist")
    if account.prewarms.unfinished(now) >= _MOST_TASKS:
        raise refusal.Refusal("IMAGE_PREWARM_NUM_LIMIT", f"at most {_MOST_TASKS} tasks at a time")
    products = call.body.get("productIds") or []
    starts = now + account.settings.delays.accept
    outcome = account.settings.image_outcome(image)
    task = Prewarm(
        id=account.new_id(),
        image_url=image,
        repository_auth=auth,
        cluster_id=cluster,
        product_ids=tuple(map(str, products if isinstance(products, list) else [])),
        note=str(call.body.get("note") or ""),
        created_at=now,
        starts_at=starts,
        ends_at=starts + account.settings.delays.pull,
        fails=_FAILURES.get(outcome, "") if outcome is not None else "",
    )
    account.prewarms.add(task)
    return Reply(payload={"id": task.id})


def edit_task(account: Account, call: Call) -> Reply:
    """Only the note; answers with the task."""
    task = account.prewarms.get(call.text("id"))
    task.note = str(call.body.get("note") or "")
    return Reply(payload=_row(account, task))


def delete_tasks(account: Account, call: Call) -> Reply:
    """Several at once."""
    ids = call.body.get("ids")
    if not isinstance(ids, list) or not ids:
        raise refusal.invalid("ids", "must be a list of at least one id")
    for task_id in ids:
        account.prewarms.remove(str(task_id))
    return changed(account)


def quota(account: Account, _call: Call) -> Reply:
    """Tasks that are not over, how many there may be, and GB of one image."""
    unfinished = account.prewarms.unfinished(account.clock.now())
    return Reply(payload={"total": unfinished, "limit": _MOST_TASKS, "perImageSize": _LARGEST_GB})


def _row(account: Account, task: Prewarm) -> dict[str, Any]:
    now, cluster = account.clock.now(), account.catalog.clusters.get(task.cluster_id)
    over = now >= task.ends_at
    products = [{"productId": each, "productName": account.product_name(each)} for each in task.product_ids]
    return {
        "id": task.id,
        "imageName": task.image_url.rpartition("/")[2].partition(":")[0],
        "imageUrl": task.image_url,
        "repositoryAuth": task.repository_auth,
        "clusterId": task.cluster_id,
        "clusterName": "" if cluster is None else cluster.name,
        "products": products,
        "imageSize": str(_IMAGE_BYTES) if over and not task.fails else "0",
        "createTime": wire.seconds(task.created_at),
        "completeTime": wire.seconds(task.ends_at if over else 0),
        "state": task.state(now),
        "note": task.note,
        "reason": [task.fails] if over and task.fails else [],
    }


TABLE: Table = {
    ("GET", _BASE): ("prewarm", list_tasks),
    ("POST", _BASE): ("prewarm", create_task),
    ("POST", f"{_BASE}/edit"): ("prewarm", edit_task),
    ("POST", f"{_BASE}/delete"): ("prewarm", delete_tasks),
    ("GET", f"{_BASE}/quota"): ("prewarm", quota),
}
