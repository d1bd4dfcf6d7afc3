"""Reading the details that lists lack, and writing them into the Secret."""

from __future__ import annotations

from novita_operator import crashpoints
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.acting import proof
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.controllers.gpu_instance.result import Problem, Result
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.client import KubeClient
from novita_operator.novita import errors


async def describe(instance_id: str, this: Pass, kube: KubeClient) -> Result:
    """The Secret first; the status follows, so that Ready never comes before the Secret. Raises kube errors."""
    seen, memory = this.seen, this.memory
    try:
        instance = await this.account.client.get_instance(instance_id)
        proof.check(instance, this)
    except errors.NotFound:
        memory.detail = seen.instance
        return Result()
    except errors.NovitaError as error:
        return Result(problem=result.from_novita(error, f"read instance {instance_id}"))
    except proof.NotProven as error:
        return Result(problem=error.as_problem())
    memory.detail = instance
    if not connection.is_complete(instance):
        return Result(detail=instance)
    crashpoints.reached("secret.before-write")
    try:
        await kube.write_owned_secret(connection.secret(seen.resource, instance))
        crashpoints.reached("secret.after-write")
    except kube_errors.Taken as error:
        text = f"spec.connectionSecretName: {error}. Delete that Secret, or create a GPUInstance with another name."
        return Result(problem=Problem(ConditionType.READY, Reason.SECRET_CONFLICT, text, stalled=True))
    memory.detail = None
    return Result(detail=instance)
