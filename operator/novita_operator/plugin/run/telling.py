"""What `run` says of price, time and cost. Pure."""

from __future__ import annotations

from datetime import datetime

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.plugin import money
from novita_operator.plugin.run import durations
from novita_operator.plugin.run.manifest import LOST_SECONDS


def price(found: GPUInstance) -> str | None:
    """What is rented, where and for how much; None before it is known."""
    status = found.status
    if status.instance_id is None or status.product is None:
        return None
    where = f" in {status.region}" if status.region else ""
    gpus = f"{found.spec.gpu_count}x {status.product.name}{where} ({found.spec.billing})"
    return f"{gpus}: {money.cents(money.amount(status.price_per_hour))} USD/h."


def bounds(timeout: int) -> str:
    """What ends it where nobody else does."""
    return (
        f"It ends after {durations.text(timeout)} at the latest, and {durations.text(LOST_SECONDS)} after this program "
        "is lost."
    )


def bill(found: GPUInstance, ended_at: datetime) -> str:
    """How long it was rented, and what that cost."""
    status = found.status
    if status.created_at is None:
        return "Nothing was rented, and nothing costs anything."
    span = durations.text((ended_at - status.created_at).total_seconds())
    cost = f"{money.so_far(status, ended_at):.4f} USD"
    hourly = money.cents(money.amount(status.price_per_hour))
    return f"Rented for {span}: {cost} at {hourly} USD/h (GPU time; Novita's bill decides)."


def left(name: str, namespace: str, why: str) -> str:
    """That it could not be let go, and what ends it now."""
    return (
        f"{name} could not be let go ({why}). It ends by itself {durations.text(LOST_SECONDS)} after its last "
        f"heartbeat; or: kubectl delete gpui/{name} -n {namespace}"
    )


def kept(found: GPUInstance, timeout: int) -> str:
    """What to do with a machine that was kept."""
    name, at = found.meta.name, f"-n {found.meta.namespace}"
    hourly = money.cents(money.amount(found.status.price_per_hour))
    return (
        f"{name} is kept (--keep-on-failure) and costs {hourly} USD/h, until {durations.text(timeout)} after it was "
        f"rented. Look: kubectl novita ssh {name} {at}. Let it go: kubectl delete gpui/{name} {at}"
    )
