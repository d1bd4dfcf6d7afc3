"""What one namespace may have of one account: admission, the rule that is for it, and what must not be exceeded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from novita_operator.api.novita_account.namespaces import Namespaces
from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.api.novita_account.tenancy import AccountCaps, NamespaceCaps, TenancyRule

_NO_CAPS = AccountCaps()


@dataclass(frozen=True, slots=True)
class Selected:
    """The namespaces that the account's selectors select now: that of spec.namespaces, and one for each rule."""

    admitted: frozenset[str] = frozenset()
    by_rule: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a namespace may have. Without a rule everything is allowed but adoption."""

    account: str
    namespace: str
    admitted: bool = True
    """Whether the namespace may use the account at all."""
    ruled_out: bool = False
    """There are rules, and none is for the namespace."""
    rule: TenancyRule | None = None
    where: str = "spec.tenancy"
    """The field that holds the rule."""
    account_caps: AccountCaps = _NO_CAPS

    @property
    def caps(self) -> NamespaceCaps:
        """What the instances of the namespace must not exceed."""
        return (self.rule.limits if self.rule is not None else None) or NamespaceCaps()

    @property
    def capped(self) -> bool:
        """Whether it matters what others have."""
        return self.caps != NamespaceCaps() or self.account_caps != _NO_CAPS

    @property
    def price_matters(self) -> bool:
        """Whether nothing may run whose price is unknown."""
        bounds = (self.max_price_per_hour, self.caps.price_per_hour, self.account_caps.price_per_hour)
        return any(bound is not None for bound in bounds)

    @property
    def max_price_per_hour(self) -> Decimal | None:
        """USD per hour that one instance may cost."""
        return self.rule.max_price_per_hour if self.rule is not None else None

    @property
    def most_rootfs_gb(self) -> int | None:
        """How large a root disk may be."""
        return self.rule.max_rootfs_size_gb if self.rule is not None else None

    @property
    def adoption(self) -> bool:
        """Whether existing instances may be taken over."""
        return self.admitted and self.rule is not None and self.rule.adoption == "Allow"

    @property
    def retention(self) -> bool:
        """Whether a deletion may leave an instance at Novita."""
        return not self.ruled_out and (self.rule is None or self.rule.retention == "Allow")


def of(account: str, spec: NovitaAccountSpec, namespace: str, selected: Selected) -> Allowance:
    """The allowance of a namespace; of the rules, the first that is for it counts."""
    admitted = _is_meant(spec.namespaces, namespace, selected.admitted)
    tenancy = spec.tenancy
    if tenancy is None:
        return Allowance(account, namespace, admitted)
    caps = tenancy.limits or _NO_CAPS
    for number, rule in enumerate(tenancy.rules):
        chosen = selected.by_rule[number] if number < len(selected.by_rule) else frozenset()
        if _is_meant(rule.namespaces, namespace, chosen):
            return Allowance(
                account, namespace, admitted, rule=rule, where=f"spec.tenancy.rules[{number}]", account_caps=caps
            )
    return Allowance(account, namespace, admitted, ruled_out=bool(tenancy.rules), account_caps=caps)


def _is_meant(namespaces: Namespaces | None, namespace: str, selected: frozenset[str]) -> bool:
    return namespaces is None or namespace in namespaces.names or namespace in selected
