"""Which account an object belongs to, and which operator works on it: the one answer for every kind. Pure.

As with an IngressClass: an account names the class of the operator that works on it (`spec.className`), an operator has
one class (the setting CLASS_NAME), and both are empty where there is a single operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from novita_operator.api import kinds
from novita_operator.api.gpu_instance import resource as gpu_instance

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Foreign:
    """Why an object is left alone: the account, and the class of the operator that works on it."""

    account: str
    class_name: str

    @property
    def who(self) -> str:
        """The operator, in words."""
        return f'the operator of class "{self.class_name}"' if self.class_name else "the operator without a class"

    @property
    def how(self) -> str:
        """How such an operator is set up, in words."""
        return f"CLASS_NAME={self.class_name}" if self.class_name else "an empty CLASS_NAME"


@dataclass(frozen=True, slots=True)
class OperatorClass:
    """The class of one operator; `name` is empty for the one without. `find_account`: an account's body by name."""

    name: str
    find_account: Callable[[str], Body | None]

    def works_on(self, account: Body) -> bool:
        """Whether this account is ours."""
        return class_of(account) == self.name

    def foreign(self, plural: str, body: Body) -> Foreign | None:
        """Who works on an object instead of us; None where we do.

        An object of an account that does not exist is everybody's: whoever sees it says the same about it.
        """
        account = account_of(plural, body)
        found = body if plural == kinds.NOVITA_ACCOUNT.plural else self.find_account(account)
        if found is None or self.works_on(found):
            return None
        return Foreign(account, class_of(found))


def class_of(account: Body) -> str:
    """The class that an account names; empty for the operator without one."""
    spec = account.get("spec")
    return str(spec.get("className") or "") if isinstance(spec, Mapping) else ""


def account_of(plural: str, body: Body) -> str:
    """The account that pays for an object. For a set or a job it is the one of its template."""
    match plural:
        case kinds.NOVITA_ACCOUNT.plural:
            return str(body["metadata"]["name"])
        case kinds.GPU_INSTANCE_SET.plural:
            return gpu_instance.account_of({"spec": _part(_part(_part(body, "spec"), "template"), "spec")})
        case kinds.GPU_JOB.plural:
            return gpu_instance.account_of({"spec": _part(_part(body, "spec"), "template")})
        case _:
            return gpu_instance.account_of(body)


def _part(body: Body, name: str) -> Body:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}
