"""Before anything is paid for: whether the cluster would take what has to be written then, by dry runs."""

from __future__ import annotations

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.launching import refusals
from novita_operator.controllers.gpu_instance.reachability import connection, service
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.kube import errors
from novita_operator.kube.belongings import Belongings


async def obstacle(resource: GPUInstance, belongings: Belongings) -> Problem | None:
    """What is in the way: a quota, a policy, a right, a name that is taken. Raises kube errors of an outage."""
    for body in (connection.rehearsed_secret(resource), *service.rehearsed(resource)):
        try:
            await belongings.rehearse(body)
        except (errors.Taken, *errors.REFUSALS) as error:
            return refusals.before_renting(error, body)
    return None
