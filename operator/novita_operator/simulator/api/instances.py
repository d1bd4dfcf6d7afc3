"""The instance endpoints (novita-api 2A.1), and the jobs that they leave (2A.2)."""

from __future__ import annotations

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import actions, paging, renting, wire
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.state.fleet import Page, Wanted
from novita_operator.simulator.state.jobs import Job

_BASE = "/gpu-instance/openapi/v1"
_LONGEST_IMAGE = 4095  # characters of the name that a saved image gets


def list_instances(account: Account, call: Call) -> Reply:
    """Fuzzy by name and product name, exact by one status; no connection blocks."""
    part = paging.wanted(call, account.settings)
    page = account.fleet.page(
        Wanted(call.param("name"), call.param("productName"), call.param("status")),
        part.start,
        part.size,
        real=account.clock.real(),
        newest_first=account.settings.list_order == "newest",
    )
    if account.settings.blind:
        page = Page((), 0)
    items = [wire.listed(account, instance) for instance in page.items]
    shown = None if not items and account.settings.empty_list == "null" else items
    total = account.fleet.taken if account.settings.total_counts == "ever" else page.total
    return Reply(payload={"instances": shown, **paging.total(total, account.settings)})


def get_instance(account: Account, call: Call) -> Reply:
    """The object itself, or wrapped if the settings say so."""
    detail = wire.detail(account, account.find(call.required("instanceId")))
    return Reply(payload={"instance": detail} if account.settings.wrap_instance else detail)


def list_jobs(account: Account, call: Call) -> Reply:
    """Newest first, filtered by id, state and type."""
    wanted = {"id": call.param("jobId"), "state": call.param("state"), "type": call.param("type")}
    jobs = [job for job in account.jobs if all(value in ("", getattr(job, key)) for key, value in wanted.items())]
    page = paging.wanted(call, account.settings).of(jobs)
    return Reply(
        payload={
            "jobs": [
                {
                    "Id": job.id,
                    "user": "",
                    "type": job.type,
                    "envs": [],
                    "state": {"state": job.state, "error": "", "message": job.message},
                    "logAddress": "",
                    "createdAt": wire.seconds(job.created_at),
                    "instanceId": job.instance_id,
                }
                for job in page
            ],
            **paging.total(len(jobs), account.settings),
        }
    )


def save_image(account: Account, call: Call) -> Reply:
    """Of a stopped instance, whose disk does not change meanwhile; leaves a job."""
    instance = account.find(call.text("instanceId"))
    call.text("image", most=_LONGEST_IMAGE)
    auth = call.body.get("registryAuthId")
    if auth and auth not in account.auths:
        raise refusal.Refusal("IMAGE_URL_OR_AUTH_ERROR", "the registry auth does not exist")
    if instance.word != "exited":
        raise refusal.wrong_state(instance.word, "saveImage", account.settings.invalid_state_reason)
    job = Job(account.new_id(), "saveImage", instance.id, account.clock.now())
    account.jobs.add(job)
    account.lifecycle.save_image(instance, job.id, job.created_at)
    return Reply(payload={"jobId": job.id})


def break_job(account: Account, call: Call) -> Reply:
    """The instance of a broken migration is left `exited`."""
    job = account.jobs.stop(call.text("jobId"))
    instance = account.fleet.find(job.instance_id)
    if instance is not None and instance.word == "migrating":
        account.lifecycle.enter(instance, "exited", account.clock.now())
    return Reply(payload={"jobId": job.id})


TABLE: Table = {
    ("POST", f"{_BASE}/gpu/instance/create"): ("create", renting.create),
    ("GET", f"{_BASE}/gpu/instances"): ("list", list_instances),
    ("GET", f"{_BASE}/gpu/instance"): ("get", get_instance),
    ("POST", f"{_BASE}/gpu/instance/start"): ("start", actions.start),
    ("POST", f"{_BASE}/gpu/instance/stop"): ("stop", actions.stop),
    ("POST", f"{_BASE}/gpu/instance/restart"): ("restart", actions.restart),
    ("POST", f"{_BASE}/gpu/instance/delete"): ("delete", actions.delete),
    ("POST", f"{_BASE}/gpu/instance/edit"): ("edit", actions.edit),
    ("POST", f"{_BASE}/gpu/instance/upgrade"): ("upgrade", actions.upgrade),
    ("POST", f"{_BASE}/gpu/instance/migrate"): ("migrate", actions.migrate),
    ("POST", f"{_BASE}/gpu/instance/setAutoMigrate"): ("setAutoMigrate", actions.set_auto_migrate),
    ("GET", f"{_BASE}/jobs"): ("jobs", list_jobs),
    ("POST", f"{_BASE}/job/break"): ("jobs", break_job),
    ("POST", f"{_BASE}/job/save/image"): ("saveImage", save_image),
}
