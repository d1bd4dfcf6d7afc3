"""What an object may expect of its account, and why not more, in a sentence."""

from __future__ import annotations

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.observing.observation import AccountView
from novita_operator.reconciling.account_health import Healthy, KeyMissing, KeyRejected, NotPolled, Unreachable
from novita_operator.runtime.accounts.account import Account


def of(account: Account | None, resource: GPUInstance) -> AccountView:
    """None: there is no such account."""
    name = resource.spec.account_ref.name
    if account is None:
        text = f'spec.accountRef: there is no NovitaAccount "{name}". Create it; this object goes on by itself then.'
        return AccountView("Absent", text)
    if (refused := _not_admitted(account, resource)) is not None:
        return refused
    match account.health:
        case Healthy():
            return AccountView("Usable")
        case NotPolled():
            return AccountView("Starting")
        case KeyMissing(message):
            return AccountView("KeyMissing", message)
        case KeyRejected(message):
            return AccountView("KeyRejected", message)
        case Unreachable(message, since):
            return AccountView("Unreachable", f"{message} Since {since:%H:%M:%S} UTC; tried again by itself.")


def _not_admitted(account: Account, resource: GPUInstance) -> AccountView | None:
    name = account.name
    if account.unreadable is not None and account.unreadable.says_where:
        text = (
            f'NovitaAccount "{name}": {account.unreadable.message}. Nothing is rented, started or taken over until its '
            "administrator corrects it; stops, deadlines and deletions go on."
        )
        return AccountView("NotAdmitted", text)
    if not account.allowance(resource.meta.namespace).admitted:
        text = (
            f'spec.accountRef: NovitaAccount "{name}" does not admit namespace "{resource.meta.namespace}". '
            "Ask its administrator to add it to spec.namespaces."
        )
        return AccountView("NotAdmitted", text)
    return None
