"""Creating an instance: the checks in order, then the one moment from which it exists."""

from __future__ import annotations

from decimal import Decimal

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.offer.catalog import Mode, Product
from novita_operator.simulator.settings import ListLag
from novita_operator.simulator.state import order as orders
from novita_operator.simulator.state import words
from novita_operator.simulator.state.fleet import Hidden
from novita_operator.simulator.state.instance import Instance
from novita_operator.simulator.state.ledger import Record
from novita_operator.simulator.state.order import Order

_PRICE_UNIT = Decimal(100_000)  # prices come in 1/100000 USD (novita-api 1.10)
_MOST_GPUS = 8  # of one instance
_MONTH = 30 * 86_400


def create(account: Account, call: Call) -> Reply:
    """POST /gpu/instance/create. Not idempotent: the same request twice rents twice."""
    order = orders.parse(call.body)
    product = _product(account, order)
    price = price_per_hour(product, order.mode, order.gpu_num)
    _check_quota(account, order.gpu_num)
    account.require_balance(price)
    shelf = account.catalog.place(product, order.cluster_id, order.mode, order.gpu_num)
    instance = Instance(
        id=account.new_id(),
        seq=account.fleet.next_seq(),
        order=order,
        shelf=shelf,
        price_per_hour=price,
        created_at=account.clock.now(),
    )
    if order.mode == "monthly":
        instance.paid_until = instance.created_at + max(1, order.month) * _MONTH
    admit(account, instance, lag=call.list_lag or account.settings.list_lag)
    account.lifecycle.enter(instance, account.settings.first_status, instance.created_at)
    return Reply(payload={"id": instance.id})


def price_per_hour(product: Product, mode: Mode, gpus: int) -> Decimal:
    """USD per hour for all GPUs of an instance."""
    return Decimal(product.price_in(mode)) * gpus / _PRICE_UNIT


def admit(account: Account, instance: Instance, *, planted: bool = False, lag: ListLag | None = None) -> None:
    """Puts an instance, which has no status yet, into the books and into the lists (after the lag)."""
    order, created = instance.order, account.clock.moment(instance.created_at)
    account.ledger.created(
        Record(instance.id, order.name, order.gpu_num, instance.price_per_hour, created, planted=planted)
    )
    hidden = None
    if lag is not None and lag.seconds > 0:
        hidden = Hidden(account.clock.real() + lag.seconds, lag.also_get)
    account.fleet.add(instance, hidden)


def _product(account: Account, order: Order) -> Product:
    product = account.catalog.products.get(order.product_id)
    if product is None:
        raise refusal.invalid("productId", "there is no such product")
    if order.mode not in product.methods:
        raise refusal.Refusal("UNSUPPORTED_BILLING_MODE", f"the product is not offered as {order.mode}")
    if order.cluster_id and order.cluster_id not in account.catalog.clusters:
        raise refusal.invalid("clusterId", "there is no such cluster")
    if not product.min_root_fs <= order.rootfs_gb <= product.max_root_fs:
        raise refusal.invalid("rootfsSize", f"must be {product.min_root_fs} to {product.max_root_fs}")
    _check_volumes(account, order)
    if order.network_id:
        account.networks.get(order.network_id)
    if order.image_auth_id and order.image_auth_id not in account.auths:
        raise refusal.Refusal("IMAGE_URL_OR_AUTH_ERROR", "the registry auth does not exist")
    return product


def _check_volumes(account: Account, order: Order) -> None:
    known = {each.storage_id: each.cluster_id for each in account.settings.network_volumes}
    for mount in order.network_storages:
        if mount.id not in known:
            raise refusal.invalid("networkStorages", f"there is no network volume {mount.id}")
        if known[mount.id] != order.cluster_id:
            raise refusal.Refusal("CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT", "the volume is in another cluster")


def _check_quota(account: Account, gpus: int) -> None:
    quota, most = account.settings.quota, len(account.fleet)
    if most < quota.instances and (most + 1) * _MOST_GPUS <= quota.gpus:
        return  # far from both limits: no need to count
    staying = [each.order.gpu_num for each in account.fleet if each.word not in words.LEAVING]
    if len(staying) >= quota.instances:
        raise refusal.Refusal(
            "CREATE_INSTANCE_LIMIT",
            f"instance limit reached: the account may hold {quota.instances} instances",
            metadata={"limit": str(quota.instances)},
        )
    if sum(staying) + gpus > quota.gpus:
        raise refusal.Refusal(
            "CREATE_GPU_NUM_LIMIT",
            f"GPU limit reached: the account may hold {quota.gpus} GPUs",
            metadata={"limit": str(quota.gpus)},
        )
