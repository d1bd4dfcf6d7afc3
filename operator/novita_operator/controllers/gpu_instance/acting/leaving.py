"""What an object leaves at Novita when it goes, as it is written down for the orphan check. Pure."""

from __future__ import annotations

from datetime import datetime

from novita_operator.api.gpu_instance.reasons import ConditionType
from novita_operator.api.gpu_instance.reasons import Reason as ConditionReason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.kube.errors import KubeError
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.retained import Full
from novita_operator.runtime.accounts.retention import Left, Reason


def left(seen: Observation, account: Account | None, reason: Reason, now: datetime) -> Left:
    """The entry of this object.

    Its UID is the proof, which nobody can write. The id of an adopted instance is one where the account agrees, or
    where there is no account to ask: anybody could name another's.
    """
    at = seen.resource.meta
    agreed = seen.consent or account is None
    return Left(
        uid=at.uid,
        namespace=at.namespace,
        name=at.name,
        instance_name=seen.name,
        instance_id=seen.instance_id or (seen.instance.id if seen.instance is not None else None),
        adopted=seen.adopts is not None and agreed,
        reason=reason,
        at=_time(now),
        key=account.fingerprint if account is not None else None,
    )


def unheld(resource: GPUInstance, names: naming.Names, adopted: str | None, reason: Reason, now: datetime) -> Left:
    """The entry of an object that is gone already. `adopted`: the instance that it surely had taken over."""
    at = resource.meta
    return Left(
        uid=at.uid,
        namespace=at.namespace,
        name=at.name,
        instance_name=names.of(at.uid, resource.status.instance_name),
        instance_id=adopted or resource.status.instance_id,
        adopted=adopted is not None,
        reason=reason,
        at=_time(now),
    )


def _time(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def unkept(error: Full | KubeError) -> Problem:
    """Why the object cannot go yet."""
    text = (
        f"The instance is to stay at Novita, and that could not be written down: {str(error).rstrip('.')}. "
        "Without it, an orphan check could delete the instance."
    )
    pause = error.retry_after if isinstance(error, KubeError) else None
    return Problem(ConditionType.SYNCED, ConditionReason.CLUSTER_REFUSED, text, retry_after=pause)
