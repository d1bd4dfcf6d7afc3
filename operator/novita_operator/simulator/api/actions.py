"""What can be done to an instance that exists: start, stop, restart, delete, edit, upgrade, migrate."""

from __future__ import annotations

from collections.abc import Collection

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api.replies import changed
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.state import order as orders
from novita_operator.simulator.state.instance import Instance
from novita_operator.simulator.state.jobs import Job
from novita_operator.simulator.state.order import Port

_DAY = 86_400
_SETTLED = ("running", "exited")
_GOING = ("toRemove", "removing")


def start(account: Account, call: Call) -> Reply:
    """From `exited`; the GPU was given back and must be won again."""
    instance = _known(account, call)
    _require(account, instance, ("exited",), "toStart")
    account.require_balance(instance.price_per_hour)
    _win_gpus(account, instance, "INSUFFICIENT_RESOURCE")
    now = account.clock.now()
    if now - instance.stopped_at > account.settings.keep_data_days * _DAY:
        instance.image_cached = False
        account.hosting.wiped(instance)
        account.ledger.note("dataDropped", instance.id, account.clock.moment(now))
    return _accept(account, instance, "toStart", "startRequested")


def stop(account: Account, call: Call) -> Reply:
    """From `running` or near; billing ends when it is `exited`."""
    instance = _known(account, call)
    _require(account, instance, account.settings.stop_from, "toStop")
    return _accept(account, instance, "toStop", "stopRequested")


def restart(account: Account, call: Call) -> Reply:
    """From `running`."""
    instance = _known(account, call)
    _require(account, instance, ("running",), "toRestart")
    return _accept(account, instance, "toRestart", "restartRequested")


def delete(account: Account, call: Call) -> Reply:
    """In any status; a prepaid one is refused, a removed one is not found, a repetition is accepted."""
    instance = _known(account, call)
    if instance.order.mode == "monthly":
        raise refusal.Refusal("PREPAID_INSTANCE_NOT_SUPPORT_RELEASE", "a prepaid instance cannot be released")
    if instance.word == "removed":
        raise refusal.Gone("instance not found")
    account.ledger.delete_requested(instance.id, account.clock.moment())
    if instance.word not in _GOING:
        account.lifecycle.enter(instance, "toRemove", account.clock.now())
    return _reply(account, instance)


def edit(account: Account, call: Call) -> Reply:
    """Replaces all ports and grows the root disk, in any live status, without a restart."""
    instance = _known(account, call)
    _require(account, instance, None, "edit")
    ports = orders.parse_ports(call.body["ports"]) if call.body.get("ports") is not None else None
    grow = call.body.get("expandRootDisk", 0)
    if not isinstance(grow, int) or grow < 0:
        raise refusal.invalid("expandRootDisk", "must be a number of 0 or more")
    if ports is not None:
        orders.check_ports(ports, len(instance.order.tools))
    product = account.catalog.products.get(instance.order.product_id)
    if product is not None and instance.rootfs_gb + grow > product.max_root_fs:
        raise refusal.invalid("expandRootDisk", f"the root disk may have at most {product.max_root_fs} GB")
    instance.rootfs_gb += grow
    if ports is not None:
        _map_later(account, instance, ports)
    account.ledger.note("editRequested", instance.id, account.clock.moment())
    return _reply(account, instance)


def upgrade(account: Account, call: Call) -> Reply:
    """Another image, command, entrypoint and envs; all are replaced, the container is reset, the GPU is kept."""
    instance = _known(account, call)
    _require(account, instance, _SETTLED, "toReset")
    image = call.text("imageUrl", most=500)
    envs = orders.parse_envs(call.body.get("envs") or [])
    if instance.word == "exited":
        account.require_balance(instance.price_per_hour)
        _win_gpus(account, instance, "INSUFFICIENT_RESOURCE")
    instance.image_cached = instance.image_cached and image == instance.order.image_url
    instance.order = instance.order.model_copy(
        update={
            "image_url": image,
            "image_auth_id": str(call.body.get("imageAuthId") or ""),
            "command": str(call.body.get("command") or ""),
            "entrypoint": str(call.body.get("entrypoint") or ""),
            "envs": envs,
        }
    )
    if call.body.get("save") is not True:
        account.hosting.wiped(instance)
    return _accept(account, instance, "toReset", "upgradeRequested")


def migrate(account: Account, call: Call) -> Reply:
    """To another node: same id, another connection, the image is pulled again; leaves a job."""
    instance = _known(account, call)
    _require(account, instance, _SETTLED, "migrating")
    if instance.word == "exited":
        account.require_balance(instance.price_per_hour)
        _win_gpus(account, instance, "MIGRATE_INSUFFICIENT_RESOURCE")
    elif account.catalog.capacity(instance.shelf) == 0:
        raise refusal.Refusal("MIGRATE_INSUFFICIENT_RESOURCE", "no other node has free GPUs")
    job = Job(account.new_id(), "instanceMigrate", instance.id, account.clock.now())
    account.jobs.add(job)
    instance.job_id, instance.image_cached = job.id, False
    account.hosting.wiped(instance)
    return _accept(account, instance, "migrating", "migrateRequested")


def set_auto_migrate(account: Account, call: Call) -> Reply:
    """Only remembers the two flags."""
    instance = _known(account, call)
    instance.auto_migrate = call.body.get("autoMigrateOpen") is True
    instance.auto_migrate_disk = call.body.get("autoMigrateSystemDisk") is True
    return _reply(account, instance)


def _known(account: Account, call: Call) -> Instance:
    return account.find(call.text("instanceId"))


def _require(account: Account, instance: Instance, allowed: Collection[str] | None, wanted: str) -> None:
    """`allowed` None: every status but those of an instance that is going."""
    fits = instance.word in allowed if allowed is not None else instance.word not in (*_GOING, "removed")
    if not fits:
        raise refusal.wrong_state(instance.word, wanted, account.settings.invalid_state_reason)


def _win_gpus(account: Account, instance: Instance, reason: str) -> None:
    if instance.holding:
        return
    if account.catalog.free(instance.shelf) < instance.order.gpu_num:
        raise refusal.Refusal(reason, "insufficient resource, no free GPU in the cluster of the instance")
    account.catalog.take(instance.shelf, instance.order.gpu_num)
    instance.holding = True


def _map_later(account: Account, instance: Instance, ports: tuple[Port, ...]) -> None:
    def change() -> None:
        instance.ports = ports
        account.hosting.mapped(instance)

    account.lifecycle.edit(instance, change, account.clock.now())


def _accept(account: Account, instance: Instance, word: str, event: str) -> Reply:
    account.ledger.note(event, instance.id, account.clock.moment())
    account.lifecycle.enter(instance, word, account.clock.now())
    return _reply(account, instance, with_state=word in ("toStart", "toStop"))


def _reply(account: Account, instance: Instance, *, with_state: bool = False) -> Reply:
    return changed(account, {"instanceId": instance.id, "state": instance.word} if with_state else None)
