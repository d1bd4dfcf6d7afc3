"""Whether something is allowed: what an object asks for, what would be rented for it, what that adds up to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from novita_operator.api.novita_account.tenancy import TenancyRule
from novita_operator.cutting import cut
from novita_operator.tenancy.allowance import Allowance
from novita_operator.tenancy.load import Load


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and who can change it. A `LimitReached` passes by itself when something else ends."""

    reason: Literal["NotAllowed", "AdoptionNotAllowed", "LimitReached"]
    message: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an object asks for. `adopts`: an instance that exists, which is looked at before the rest is judged."""

    billing: str
    gpu_count: int
    rootfs_gb: int
    volumes: tuple[str, ...] = ()
    registry_credential: str | None = None
    deletion_policy: str = "Delete"
    adopts: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be rented or started. `price_per_hour`: USD for the whole instance; None where nobody knows it."""

    product_id: str
    product_name: str
    region: str
    price_per_hour: Decimal | None


def of_wish(allowance: Allowance, wish: Wish) -> Refusal | None:
    """The first thing that a spec asks for and that is not allowed."""
    if allowance.ruled_out:
        return _refusal(allowance, "none of spec.tenancy.rules is for it")
    if wish.adopts and not allowance.adoption:
        return adoption(allowance)
    if wish.adopts:
        return retention(allowance, wish.deletion_policy)
    return _first(allowance, _complaints(allowance.rule, wish)) if allowance.rule is not None else None


def of_offer(allowance: Allowance, offer: Offer) -> Refusal | None:
    """Whether this product may be rented there, and at this price."""
    return _first(allowance, _complaints_about(allowance.rule, offer)) if allowance.rule is not None else None


def of_disk(allowance: Allowance, rootfs_gb: int) -> Refusal | None:
    """Whether a root disk may be so large."""
    return _first(allowance, _complaints_about_disk(allowance.rule, rootfs_gb)) if allowance.rule is not None else None


def of_template(allowance: Allowance, names: Sequence[str]) -> Refusal | None:
    """Whether a template that holds secrets may be used; `names`: its name and its id."""
    allowed = allowance.rule.templates_with_secrets if allowance.rule is not None else None
    if allowed is None or set(names) & set(allowed):
        return None
    text = _only("templatesWithSecrets", allowed, f'template "{names[0]}", which has variables or a credential')
    return _first(allowance, [text])


def of_load(allowance: Allowance, more: Load, *, of_account: Load, of_namespace: Load) -> Refusal | None:
    """Whether so much more fits beside what account and namespace have already."""
    caps, whole, where = allowance.caps, allowance.account_caps, f"{allowance.where}.limits"
    bounds = (
        (f"{where}.instances", caps.instances, of_namespace.instances, more.instances),
        (f"{where}.gpus", caps.gpus, of_namespace.gpus, more.gpus),
        (f"{where}.pricePerHour", caps.price_per_hour, of_namespace.price_per_hour, more.price_per_hour),
        ("spec.tenancy.limits.instances", whole.instances, of_account.instances, more.instances),
        ("spec.tenancy.limits.pricePerHour", whole.price_per_hour, of_account.price_per_hour, more.price_per_hour),
    )
    for field, most, have, add in bounds:
        if most is not None and have + add > most:
            text = f"{field} is {most}; {have} are in use, and this would add {add}"
            return Refusal("LimitReached", f"{_who(allowance)}: {text}. {_way_out(allowance)}")
    return None


def adoption(allowance: Allowance) -> Refusal:
    """No instance may be taken over here, or not this one."""
    where = f"{allowance.where}.adoption is Deny" if allowance.rule is not None else "spec.tenancy has no rule for it"
    if allowance.adoption:
        where = "status.adoptions records it for another GPUInstance"
    text = f"{_who(allowance)} to take over instances that exist at Novita: {where}"
    return Refusal("AdoptionNotAllowed", f"{text}. {_way_out(allowance)}")


def retention(allowance: Allowance, deletion_policy: str) -> Refusal | None:
    """Whether a deletion may leave an instance at Novita."""
    if deletion_policy == "Delete" or allowance.retention:
        return None
    if allowance.rule is None:
        return _refusal(allowance, "none of spec.tenancy.rules is for it")
    return _first(allowance, [_retained(deletion_policy)])


def _complaints(rule: TenancyRule, wish: Wish) -> Iterator[str]:
    if wish.deletion_policy != "Delete" and rule.retention == "Deny":
        yield _retained(wish.deletion_policy)
    if rule.billing is not None and wish.billing not in rule.billing:
        yield _only("billing", rule.billing, f"spec.billing {wish.billing}")
    if rule.max_gpu_count is not None and wish.gpu_count > rule.max_gpu_count:
        yield f"maxGpuCount is {rule.max_gpu_count}, and it would have {wish.gpu_count} GPUs"
    yield from _complaints_about_disk(rule, wish.rootfs_gb)
    for volume in wish.volumes:
        if rule.network_volumes is not None and volume not in rule.network_volumes:
            yield _only("networkVolumes", rule.network_volumes, f"network volume {volume}")
    credential, allowed = wish.registry_credential, rule.registry_credentials
    if credential is not None and allowed is not None and credential not in allowed:
        yield _only("registryCredentials", allowed, f"credential {credential}")


def _complaints_about_disk(rule: TenancyRule, rootfs_gb: int) -> Iterator[str]:
    most = rule.max_rootfs_size_gb
    if most is not None and rootfs_gb > most:
        yield f"maxRootfsSizeGB is {most}, and its root disk would have {rootfs_gb} GB"


def _complaints_about(rule: TenancyRule, offer: Offer) -> Iterator[str]:
    if rule.products is not None and not {offer.product_id, offer.product_name} & set(rule.products):
        yield _only("products", rule.products, f'product "{offer.product_name}"')
    if rule.regions is not None and offer.region.upper() not in {each.upper() for each in rule.regions}:
        yield _only("regions", rule.regions, f"region {offer.region}")
    most, price = rule.max_price_per_hour, offer.price_per_hour
    if most is not None and (price is None or price > most):
        costs = "has no known price" if price is None else f"costs {price} USD/h"
        yield f"maxPricePerHour is {most}, and {offer.product_name} in {offer.region} {costs}"


def _retained(deletion_policy: str) -> str:
    return f"retention is Deny, and spec.deletionPolicy {deletion_policy} would leave an instance at Novita"


def _only(field: str, allowed: Collection[str], what: str) -> str:
    listed = ", ".join(sorted(allowed)[:_SHOWN]) + (" and others" if len(allowed) > _SHOWN else "")
    return f"{field} allows {cut(listed, _MOST_CHARS) or 'none'}, and not {cut(what, _MOST_CHARS)}"


_SHOWN = 5  # names of a list in a sentence; the rest is in the account
# Of such a list, and of what is asked for: names may have 255 characters, and a condition must still hold the way out.
_MOST_CHARS = 200


def _first(allowance: Allowance, complaints: Collection[str] | Iterator[str]) -> Refusal | None:
    found = next(iter(complaints), None)
    return _refusal(allowance, f"{allowance.where}.{found}") if found is not None else None


def _refusal(allowance: Allowance, why: str) -> Refusal:
    return Refusal("NotAllowed", f"{_who(allowance)} this: {why}. {_way_out(allowance)}")


def _who(allowance: Allowance) -> str:
    return f'NovitaAccount "{allowance.account}" does not allow namespace "{allowance.namespace}"'


def _way_out(allowance: Allowance) -> str:
    return f"Whoever may edit NovitaAccounts can change that (kubectl edit novitaaccount {allowance.account})."
