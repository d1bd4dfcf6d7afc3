"""Reading the details that lists lack, and writing them into the Secret."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from novita_operator import crashpoints
from novita_operator.api import meta
from novita_operator.api.gpu_instance.status import HostKeyStatus
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.acting import proof
from novita_operator.controllers.gpu_instance.launching import refusals
from novita_operator.controllers.gpu_instance.observing import situation
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.reachability import connection, host_keys
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.kube import bodies
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.belongings import Belongings
from novita_operator.kube.bodies import Body
from novita_operator.machines.host_keys import HostKey, NoHostKey
from novita_operator.novita import errors
from novita_operator.novita.models import InstanceState


@dataclass(frozen=True, slots=True)
class Describer:
    """The one writer of connection Secrets."""

    belongings: Belongings
    clock: Clock

    async def describe(self, instance_id: str, this: Pass) -> Result:
        """The Secret first; the status follows, so that Ready never comes before the Secret. Raises kube errors."""
        seen, memory = this.seen, this.memory
        try:
            instance = await this.account.client.get_instance(instance_id)
            proof.check(instance, this)
        except errors.NotFound:
            memory.detail = memory.checked = seen.instance
            memory.checked_at = self.clock.monotonic()
            return Result()
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, f"read instance {instance_id}"))
        except proof.NotProven as error:
            return Result(problem=error.as_problem())
        memory.checked, memory.checked_at = instance, self.clock.monotonic()
        if instance.state is InstanceState.EXITED:
            return Result()  # checked for why it has ended
        memory.detail = instance
        if not connection.is_complete(instance):
            return Result(detail=instance)
        wanted = connection.secret(seen.resource, instance, await self._host_key_to_keep(seen))
        return await self._write(wanted, this) or Result(detail=instance)

    async def _host_key_to_keep(self, seen: Observation) -> str:
        """The line in the Secret, where it is that of the recorded key."""
        known, at = host_keys.recorded(seen.resource.status), seen.resource.meta
        if known is None:
            return ""
        if seen.reach.host_key.key is not None and seen.reach.host_key.key.fingerprint == known:
            return seen.reach.host_key.key.line
        found = await self.belongings.find("Secret", at.namespace, connection.secret_name(seen.resource))
        line = connection.host_key_in(found or {})
        try:
            return line if HostKey.parse(line).fingerprint == known else ""
        except NoHostKey:
            return ""

    async def _write(self, secret: dict[str, Any], this: Pass) -> Result | None:
        """None where it is written. What the cluster does not take is no fault of the instance."""
        crashpoints.reached("secret.before-write")
        try:
            await self.belongings.write(secret)
        except (kube_errors.Taken, *kube_errors.REFUSALS) as error:
            this.memory.hindered_at = self.clock.now()
            return Result(problem=refusals.of_running(error, secret, this.seen))
        crashpoints.reached("secret.after-write")
        this.memory.detail = None
        return None

    async def restore(self, result: Result, this: Pass) -> Result:
        """The result of the pass, once the Secret of an instance that is described is as it was written."""
        seen, instance = this.seen, this.seen.instance
        settled = (
            result.problem is None
            and result.detail is None
            and situation.is_described(seen)
            and situation.is_current(seen)
        )
        if instance is None or not settled or seen.not_ours is not None or seen.power != "Running":
            return result
        at = seen.resource.meta
        # One that an older version wrote carries no hash: nobody has changed it, and it gets one.
        found = await self.belongings.find("Secret", at.namespace, connection.secret_name(seen.resource))
        if found is not None and connection.is_as_written(found, seen.resource):
            return await self._introduce(found, result, this)
        described = await self.describe(instance.id, this)
        owned = found is not None and at.uid in bodies.owner_uids(found)
        told = found is None or not owned or meta.CONTENT_HASH in bodies.notes_of(found)
        restored = told and described.problem is None and this.memory.detail is None
        return replace(result, detail=described.detail, problem=described.problem, secret_restored=restored)

    async def _introduce(self, found: Body, result: Result, this: Pass) -> Result:
        """The result of the pass, once the Secret has the host key that is trusted; the status gets it after that."""
        shown, resource = this.seen.reach.host_key, this.seen.resource
        if shown.key is None or shown.state not in {"First", "Same"}:
            return result
        if connection.host_key_in(found) != shown.key.line:
            failed = await self._write(connection.with_host_key(found, resource, shown.key.line), this)
            if failed is not None:
                return replace(result, problem=failed.problem)
        if shown.state == "Same":
            return result
        return replace(result, host_key=HostKeyStatus(fingerprint=shown.key.fingerprint))
