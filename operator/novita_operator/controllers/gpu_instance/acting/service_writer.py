"""Keeping the Service and its EndpointSlices as spec.service and the instance's endpoints want them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import ServiceStatus
from novita_operator.controllers.gpu_instance.launching import refusals
from novita_operator.controllers.gpu_instance.observing import situation
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reachability import ports, service
from novita_operator.controllers.gpu_instance.result import Problem, Result
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.belongings import Belongings
from novita_operator.novita.models import InstanceState

_SLICE = "EndpointSlice"


@dataclass(frozen=True, slots=True)
class Serving:
    """Looks in each pass, and writes what is not as it should be: nobody watches Services for us."""

    belongings: Belongings

    async def follow(self, seen: Observation, result: Result) -> Result:
        """The result of the pass, with the Service's part. Raises kube errors."""
        resource = seen.resource
        if not situation.is_current(seen):
            return result
        name = service.name_of(resource)
        try:
            await self._part_with_old(resource, name)
            wrong = None if name is None else service.complaint(name)
            if wrong is not None:
                return _with_problem(result, Reason.SERVICE_REFUSED, wrong)
            return result if name is None else replace(result, service=await self._written(seen, name))
        except kube_errors.Taken as error:
            text = f"spec.service: {error}. Delete it, or set spec.service.name to another name; nothing was changed."
            return _with_problem(result, Reason.SERVICE_CONFLICT, text)
        except kube_errors.Forbidden as error:
            return _with_problem(result, Reason.SERVICE_REFUSED, _forbidden(error))
        except (kube_errors.Rejected, kube_errors.Broken) as error:
            text = f"spec.service: the cluster does not take Service {name}: {error}. It is tried again by itself."
            return _with_problem(result, Reason.SERVICE_REFUSED, text)

    async def _part_with_old(self, resource: GPUInstance, name: str | None) -> None:
        """The Service of another name than is wanted now goes."""
        old = resource.status.service
        if old is not None and old.name != name:
            await self._remove(resource.meta, old.name)

    async def _written(self, seen: Observation, name: str) -> ServiceStatus | None:
        """What the status says of the Service now; None where that has not changed."""
        known = seen.resource.status.connection
        if ports.wanted(seen.resource, seen.instance) is None or known is None:
            return await self._emptied(seen, name) if _does_not_run(seen) else None
        found, probed = service.leads(known), seen.reach.probed
        hosts = {lead.place.host for lead in found.found}
        if not hosts or probed is None or hosts - probed.addresses.keys() - probed.nowhere.keys():
            # What the Service leads to stays until it is known where it leads to now.
            return None
        bodies = service.bodies(seen.resource, found, probed.addresses, probed.nowhere)
        for body in (bodies.service, *bodies.slices):
            await self.belongings.write(body)
        await self._remove_slices(seen.resource.meta, name, {body["metadata"]["name"] for body in bodies.slices})
        return bodies.status

    async def _emptied(self, seen: Observation, name: str) -> ServiceStatus | None:
        """The proxy's ports may be somebody else's by now."""
        if seen.resource.status.service is None:
            return None
        for body in await self.belongings.list(_SLICE, seen.resource.meta, {service.SERVICE_LABEL: name}):
            if body.get("endpoints"):
                await self.belongings.write(service.emptied(body))
        return ServiceStatus(name=name, message="It leads nowhere while the instance does not run.")

    async def _remove(self, at: meta.Meta, name: str) -> None:
        await self._remove_slices(at, name, set())
        await self.belongings.delete("Service", at, name)

    async def _remove_slices(self, at: meta.Meta, name: str, keep: set[str]) -> None:
        for body in await self.belongings.list(_SLICE, at, {service.SERVICE_LABEL: name}):
            if body["metadata"]["name"] not in keep:
                await self.belongings.delete(_SLICE, at, body["metadata"]["name"])


def _does_not_run(seen: Observation) -> bool:
    """Seen for sure: one that the list lacks, or that is to be described anew, may well run."""
    instance = seen.instance
    return seen.instance_id is None or (instance is not None and instance.state is not InstanceState.RUNNING)


def _forbidden(error: kube_errors.Forbidden) -> str:
    return (
        f"spec.service: the cluster does not let the operator write Services or EndpointSlices here: {error}. "
        f"{refusals.SERVICES_RIGHT} It is tried again by itself."
    )


def _with_problem(result: Result, reason: Reason, text: str) -> Result:
    """A problem of the instance itself comes first: one at a time is told."""
    if result.problem is not None:
        return result
    return replace(result, problem=Problem(ConditionType.READY, reason, text, stalled=True))
