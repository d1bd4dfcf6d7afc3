"""The first account: made at the start for the key that the operator was given, where it has no account to work on."""

from __future__ import annotations

import logging
from typing import Any

from novita_operator.api import meta
from novita_operator.api.operator_class import OperatorClass
from novita_operator.controllers.novita_account.reconciler import KIND
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient
from novita_operator.settings import Settings

logger = logging.getLogger(__name__)

_DEFAULT = "default"  # what spec.accountRef names where an object is silent
# A second look after a race with another process that starts; whoever loses twice has no name left to take.
_TRIES = 2


async def ensure(kube: KubeClient, settings: Settings, own: OperatorClass) -> None:
    """Make it. It is named `default`, or after our class where that belongs to another operator. Raises kube errors."""
    spec = _spec(settings)
    if spec is None:
        return
    for _ in range(_TRIES):
        accounts = [body async for body in kube.each(KIND)]
        if any(own.works_on(body) for body in accounts):
            return
        taken = any(body["metadata"]["name"] == _DEFAULT for body in accounts)
        name = own.name if taken and own.name else _DEFAULT
        try:
            await kube.create(KIND, _body(name, spec))
        except errors.Conflict:
            continue
        logger.info("made the NovitaAccount %r, since this operator had none", name)
        return
    logger.warning(
        "made no NovitaAccount: %r exists and belongs to another operator; create one of another name with "
        "spec.className %r, and name it in spec.accountRef",
        name,
        own.name,
    )


def _spec(settings: Settings) -> dict[str, Any] | None:
    """None where the operator was given no key."""
    named: dict[str, Any] = {"className": settings.class_name} if settings.class_name else {}
    if settings.default_account_secret:
        ref = {"name": settings.default_account_secret, "key": settings.default_account_secret_key}
        return named | {"apiKeySecretRef": ref}
    return None if settings.own_api_key() is None else named


def _body(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": "NovitaAccount",
        "metadata": {"name": name},
        "spec": spec,
    }
