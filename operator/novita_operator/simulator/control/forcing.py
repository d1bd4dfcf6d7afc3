"""What control does to instances: forcing a state, planting one that nobody ordered, looking behind the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import renting, wire
from novita_operator.simulator.offer.catalog import Mode, Shelf
from novita_operator.simulator.settings import Dials
from novita_operator.simulator.state import words
from novita_operator.simulator.state.fleet import Hidden
from novita_operator.simulator.state.instance import Failure, Instance
from novita_operator.simulator.state.order import Order


class StatusError(Dials):
    """`statusError` as the API shows it."""

    state: str = ""
    message: str = ""


class Forced(Dials):
    """Each field that is sent is set; a forced status goes its usual way from there unless frozen."""

    status: str | None = None
    status_error: StatusError | None = None
    spot_status: str | None = None
    spot_reclaim_time: int | None = None
    reclaim: bool = False
    notice_seconds: float | None = Field(None, ge=0)
    frozen: bool | None = None
    gone: bool = False
    utilisation: float | None = Field(None, ge=0, le=100)
    extra: dict[str, Any] | None = None
    hidden_seconds: float | None = Field(None, ge=0, description="neither list nor get shows it for so long (real)")


class Planted(Dials):
    """An instance that came from elsewhere. `age_seconds` of virtual time, or `created_at` in virtual Unix seconds."""

    id: str = ""
    name: str = ""
    status: str = "running"
    product_id: str = "4090.16c62g"
    cluster_id: str = ""
    gpu_num: int = Field(1, ge=1, le=8)
    billing_mode: Mode = "onDemand"
    image_url: str = "docker.io/library/ubuntu:22.04"
    rootfs_size: int = 60
    created_at: float | None = None
    age_seconds: float = Field(0, ge=0)
    frozen: bool = False


def force(account: Account, instance_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /_simulator/instances/{id}. Raises Gone, ValidationError."""
    forced = Forced.model_validate(body)
    instance = _existing(account, instance_id)
    now = account.clock.now()
    if forced.gone:
        account.lifecycle.vanish(instance, now)
        return {"id": instance_id, "gone": True}
    _force_status(account, instance, forced, now)
    _force_fields(instance, forced)
    if forced.hidden_seconds is not None:
        account.fleet.hide(instance, Hidden(account.clock.real() + forced.hidden_seconds, also_get=True))
    if forced.reclaim:
        notice = account.settings.spot.notice_seconds if forced.notice_seconds is None else forced.notice_seconds
        account.lifecycle.announce_reclaim(instance, now, notice)
    return show(account, instance_id)


def plant(account: Account, body: dict[str, Any]) -> dict[str, Any]:
    """POST /_simulator/instances: it is billed from its (past) creation if its status is a billed one."""
    planted = Planted.model_validate(body)
    product = account.catalog.products.get(planted.product_id)
    if product is None:
        raise ValueError(f"there is no product {planted.product_id}")
    cluster = planted.cluster_id or next(iter(product.stock))
    shelf = Shelf(product.id, cluster, planted.billing_mode)
    price: Decimal = renting.price_per_hour(product, planted.billing_mode, planted.gpu_num)
    now = account.clock.now()
    created = now - planted.age_seconds if planted.created_at is None else planted.created_at
    if planted.id and account.fleet.find(planted.id) is not None:
        raise ValueError(f"there is an instance {planted.id} already")
    instance = Instance(
        id=planted.id or account.new_id(),
        seq=account.fleet.next_seq(),
        order=_order(planted),
        shelf=shelf,
        price_per_hour=price,
        created_at=created,
        frozen=planted.frozen,
    )
    renting.admit(account, instance, planted=True)
    account.catalog.take(shelf, planted.gpu_num)
    account.lifecycle.enter(instance, planted.status, created)
    account.advance()
    return show(account, instance.id)


def show(account: Account, instance_id: str) -> dict[str, Any]:
    """The detail, whatever faults and lags hide it from the API."""
    instance = _existing(account, instance_id)
    return {
        **wire.detail(account, instance),
        "frozen": instance.frozen,
        "holding": instance.holding,
        "imageAuth": instance.order.image_auth,  # the API never shows it: tests must see what was sent
    }


def list_all(account: Account, name: str | None = None) -> list[dict[str, Any]]:
    """The details of all instances, or of those of exactly this name, oldest first."""
    return [show(account, instance.id) for instance in account.fleet if name in (None, instance.name)]


def _existing(account: Account, instance_id: str) -> Instance:
    instance = account.fleet.find(instance_id)
    if instance is None:
        raise refusal.Gone(f"there is no instance {instance_id}")
    return instance


def _order(planted: Planted) -> Order:
    return Order.model_validate(
        {
            "name": planted.name,
            "productId": planted.product_id,
            "gpuNum": planted.gpu_num,
            "rootfsSize": planted.rootfs_size,
            "imageUrl": planted.image_url,
            "billingMode": planted.billing_mode,
            "month": 1 if planted.billing_mode == "monthly" else 0,
        }
    )


def _force_status(account: Account, instance: Instance, forced: Forced, now: float) -> None:
    if forced.frozen is not None:
        thawed = instance.frozen and not forced.frozen
        instance.frozen = forced.frozen
        if thawed and forced.status is None:
            account.lifecycle.plan_next(instance, now)
    if forced.status is not None:
        _hold(account, instance, forced.status)
        account.lifecycle.enter(instance, forced.status, now)
        account.ledger.note("forced", instance.id, account.clock.moment(now))


def _hold(account: Account, instance: Instance, word: str) -> None:
    if not instance.holding and words.of(word).billing == "starts":
        account.catalog.take(instance.shelf, instance.order.gpu_num)
        instance.holding = True


def _force_fields(instance: Instance, forced: Forced) -> None:
    if forced.status_error is not None:
        instance.failure = Failure(forced.status_error.state, forced.status_error.message)
    if forced.spot_status is not None:
        instance.spot_status = forced.spot_status
    if forced.spot_reclaim_time is not None:
        instance.spot_reclaim_at = forced.spot_reclaim_time
    if forced.utilisation is not None:
        instance.utilisation = forced.utilisation
    if forced.extra is not None:
        instance.extra = forced.extra
