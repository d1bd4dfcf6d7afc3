"""What each test has to itself: a namespace, a NovitaAccount with its Secret, and an account at the simulator."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support import builders, kube, waiting
from tests.support.history import History, condition
from tests.support.kube import Body, Kind
from tests.support.operator_process import OperatorProcess
from tests.support.plane import OPERATOR_NAMESPACE, Output, Plane
from tests.support.simulator import SimulatedAccount, Simulator
from tests.support.waiting import DEADLINE_SECONDS

# Far above what a test calls, so that no pause of the rate limit is in the way; the limit has tests of its own.
_NO_LIMITS = {"requestsPerMinute": 6000, "maxConcurrentCreates": 16}
Check = Callable[[Body], bool]
ADOPTION: dict[str, Any] = {"rules": [{"adoption": "Allow", "retention": "Allow"}]}
"""spec.tenancy of an account whose objects may take instances over, and leave them behind."""


@dataclass
class Workspace:
    """One test's part of the cluster. `operator` is only for what is printed when something is not as it should be."""

    plane: Plane
    novita: SimulatedAccount
    namespace: str
    operator: OperatorProcess | None = None
    _made: list[tuple[Kind, str, str]] = field(default_factory=list)

    @classmethod
    async def make(
        cls, plane: Plane, simulator: Simulator, name: str, *, account: bool = True, **spec: Any
    ) -> Workspace:
        """Namespace, Secret and account, all named `<name>-<random>`. Keywords are fields of the NovitaAccount."""
        unique = f"{name[:40].strip('-')}-{secrets.token_hex(3)}"
        workspace = cls(plane, simulator.account(f"sk_{unique}-{secrets.token_hex(8)}"), unique)
        await workspace.apply(kube.NAMESPACES, builders.namespace(unique))
        if account:
            await workspace.make_account(**spec)
        return workspace

    async def make_account(self, **spec: Any) -> None:
        """The NovitaAccount of the workspace, with its key in a Secret of the operator's namespace."""
        await self.apply(kube.SECRETS, builders.secret(self.namespace, OPERATOR_NAMESPACE, apiKey=self.novita.key))
        wanted = {
            "apiKeySecretRef": {"name": self.namespace},
            "baseUrl": self.novita.url,
            "limits": _NO_LIMITS,
            **spec,
        }
        await self.apply(kube.NOVITA_ACCOUNTS, builders.novita_account(self.namespace, **wanted))

    @property
    def account_name(self) -> str:
        return self.namespace

    async def apply(self, kind: Kind, body: Body) -> Body:
        """Create any object; it goes when the workspace goes."""
        created = await self.plane.kube.create(kind, body)
        at = created["metadata"]
        self._made.append((kind, at["name"], at.get("namespace", "")))
        return created

    def leaves(self, kind: Kind, name: str, namespace: str = "") -> None:
        """An object that the operator makes goes when the workspace goes, too."""
        self._made.append((kind, name, namespace))

    async def edit_account(self, **spec: Any) -> Body:
        """Merge changes into the spec of the NovitaAccount."""
        return await self.plane.kube.patch(kube.NOVITA_ACCOUNTS, self.account_name, {"spec": spec})

    async def edit_account_and_wait(self, **spec: Any) -> Body:
        """The same, once the operator goes by it."""
        edited = await self.edit_account(**spec)

        async def followed() -> Body | None:
            body = await self.plane.kube.get(kube.NOVITA_ACCOUNTS, self.account_name)
            ready = condition(body, "Ready")
            return body if ready.get("observedGeneration", 0) >= edited["metadata"]["generation"] else None

        return await waiting.until(followed, "the operator goes by the account's new spec", explain=self.explain)

    def instance_body(self, name: str = "gpu", *, annotations: dict[str, str] | None = None, **spec: Any) -> Body:
        """A GPUInstance that this workspace's account pays for."""
        wanted = {"accountRef": {"name": self.account_name}, **spec}
        return builders.gpu_instance(name, self.namespace, annotations=annotations, **wanted)

    async def create(self, name: str = "gpu", *, annotations: dict[str, str] | None = None, **spec: Any) -> Body:
        """Apply a GPUInstance; keywords are the spec's fields in camelCase."""
        body = self.instance_body(name, annotations=annotations, **spec)
        return await self.plane.kube.create(kube.GPU_INSTANCES, body)

    async def get(self, name: str = "gpu") -> Body:
        return await self.plane.kube.get(kube.GPU_INSTANCES, name, self.namespace)

    async def edit(self, name: str = "gpu", **spec: Any) -> Body:
        """Merge changes into the spec."""
        return await self.plane.kube.patch(kube.GPU_INSTANCES, name, {"spec": spec}, self.namespace)

    async def replace(self, manifest: Body) -> None:
        """`kubectl replace -f`: nothing of the metadata is left but what the manifest says.

        kubectl reads the object's version first; where the operator writes in between, a person says it again.
        """
        text = json.dumps(manifest)

        async def replaced() -> bool:
            output = await self.kubectl("replace", "-f", "-", stdin=text)
            assert output.code == 0 or "the object has been modified" in output.err, output.err
            return output.code == 0

        await waiting.until(replaced, "the object is replaced")

    async def annotate(self, name: str = "gpu", **annotations: str | None) -> Body:
        """Set annotations of our group (`paused`, `reconcile_requested_at`), or remove them with None."""
        named = {f"gpu.novita.ai/{key.replace('_', '-')}": value for key, value in annotations.items()}
        change = {"metadata": {"annotations": named}}
        return await self.plane.kube.patch(kube.GPU_INSTANCES, name, change, self.namespace)

    async def delete(self, name: str = "gpu") -> None:
        """Ask for the deletion and do not wait."""
        await self.plane.kube.delete(kube.GPU_INSTANCES, name, self.namespace)

    async def kubectl(self, *arguments: str, stdin: str | None = None) -> Output:
        """The real kubectl, in this namespace."""
        return await self.plane.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    @asynccontextmanager
    async def history(self) -> AsyncIterator[History]:
        """Every version of every GPUInstance here that is stored meanwhile; complete when the block ends."""
        kind = kube.GPU_INSTANCES
        before, version = await self.plane.kube.snapshot(kind, self.namespace)
        seen = History(frozenset(body["metadata"]["resourceVersion"] for body in before))
        changes = self.plane.kube.watch(kind, self.namespace, version)
        following = asyncio.create_task(seen.follow(changes))

        async def complete() -> bool:
            return all(seen.has(body) for body in await self.plane.kube.list(kind, self.namespace))

        try:
            yield seen
            await waiting.until(complete, "the watch has caught up", explain=self.explain)
        finally:
            following.cancel()
            await asyncio.wait([following])

    # --- Awaiting ---------------------------------------------------------------------------------------------

    async def until(self, check: Check, what: str, name: str = "gpu", *, seconds: float = DEADLINE_SECONDS) -> Body:
        """The object, once the check holds for it."""

        async def probe() -> Body | None:
            body = await self.get(name)
            return body if check(body) else None

        return await waiting.until(probe, f"{name}: {what}", seconds=seconds, explain=self.explain)

    async def until_condition(
        self,
        kind: str,
        status: str = "True",
        reason: str | None = None,
        name: str = "gpu",
        *,
        seconds: float = DEADLINE_SECONDS,
    ) -> Body:
        """The object, once its condition is so, and speaks of the newest spec."""

        def check(body: Body) -> bool:
            found = condition(body, kind)
            return (
                found.get("status") == status
                and reason in (None, found.get("reason"))
                and found.get("observedGeneration") == body["metadata"]["generation"]
            )

        what = f"condition {kind} is {status}" + (f"/{reason}" if reason else "")
        return await self.until(check, what, name, seconds=seconds)

    async def until_ready(self, name: str = "gpu", *, seconds: float = DEADLINE_SECONDS) -> Body:
        """The object, once it is Ready for its newest spec."""
        return await self.until_condition("Ready", reason="Ready", name=name, seconds=seconds)

    async def until_gone(self, name: str = "gpu", *, seconds: float = DEADLINE_SECONDS) -> None:
        """Until the object no longer exists."""

        async def gone() -> bool:
            return await self.plane.kube.find(kube.GPU_INSTANCES, name, self.namespace) is None

        await waiting.until(gone, f"{name} is gone", seconds=seconds, explain=self.explain)

    async def until_event(self, reason: str, name: str = "gpu") -> Body:
        """The first Event of this reason about the object; Events are posted after the status is written."""

        async def probe() -> Body | None:
            return next((event for event in await self.events(name) if event["reason"] == reason), None)

        return await waiting.until(probe, f"{name}: an Event {reason}", explain=self.explain)

    async def until_reasons(self, *wanted: str, name: str = "gpu") -> None:
        """Until the Events of these reasons are exactly these, in this order; other reasons may lie between."""

        async def probe() -> bool:
            return [reason for reason in await self.reasons(name) if reason in wanted] == list(wanted)

        await waiting.until(probe, f"{name}: Events {', '.join(wanted)}", explain=self.explain)

    async def until_novita(self, fact: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Until something is so at the simulator."""
        return await waiting.until(fact, what, explain=self.explain)

    async def live(self) -> list[str]:
        """The ids of what the account pays for, sorted."""
        return sorted(record.id for record in (await self.novita.ledger()).live)

    async def until_live(self, *ids: str) -> None:
        """Until the account pays for these and nothing else."""

        async def so() -> bool:
            return await self.live() == sorted(ids)

        await self.until_novita(so, f"only {ids} are left")

    async def until_account(self, kind: str, status: str, reason: str | None = None, says: str = "") -> Body:
        """The NovitaAccount, once its condition is so, and its message has those words."""

        async def probe() -> Body | None:
            body = await self.plane.kube.get(kube.NOVITA_ACCOUNTS, self.account_name)
            found = condition(body, kind)
            as_wanted = found.get("status") == status and reason in (None, found.get("reason"))
            return body if as_wanted and says in found.get("message", "") else None

        what = f"NovitaAccount: {kind} is {status}/{reason} {says}".rstrip()
        return await waiting.until(probe, what, explain=self.explain)

    # --- Looking ----------------------------------------------------------------------------------------------

    async def events(self, name: str | None = "gpu") -> list[Body]:
        """The Events about one object (None: about all), in the order in which they were posted."""
        found = await self.plane.kube.list(kube.EVENTS, self.namespace)
        return sorted(
            (event for event in found if name in (None, event["involvedObject"]["name"])),
            key=lambda event: str(event["eventTime"]),
        )

    async def reasons(self, name: str = "gpu") -> list[str]:
        """The reasons of its Events, in order."""
        return [event["reason"] for event in await self.events(name)]

    async def explain(self) -> str:
        """Everything that helps to understand why a test fails."""
        objects = await self.plane.kube.list(kube.GPU_INSTANCES, self.namespace)
        account = await self.plane.kube.find(kube.NOVITA_ACCOUNTS, self.account_name)
        events = [f"{event['reason']}: {event['message']}" for event in await self.events(None)]
        calls = await self.novita.calls()
        parts = [
            *(
                json.dumps({key: body[key] for key in ("metadata", "spec", "status") if key in body}, indent=1)
                for body in objects[:3]
            ),
            json.dumps(account.get("status") if account else None, indent=1),
            *events[-20:],
            f"calls: {dict(calls.by_route)}; ledger: {(await self.novita.ledger()).records[:5]}",
        ]
        if self.operator is not None:
            parts.append(await self.operator.child.tail())
        return "\n".join(parts)

    # --- The end ----------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Remove everything at once, also where an operator that could do it is stopped: the account is thrown away."""
        await self.plane.kube.delete_all(kube.GPU_INSTANCES, self.namespace)
        left = await self.plane.kube.list(kube.GPU_INSTANCES, self.namespace)
        await asyncio.gather(
            *(self._let_go(kube.GPU_INSTANCES, body["metadata"]["name"], self.namespace) for body in left)
        )
        for kind, name, where in reversed(self._made):
            await self.plane.kube.delete(kind, name, where)
            if kind is kube.NOVITA_ACCOUNTS:
                await self._let_go(kind, name, where)
        await self.novita.aclose()

    async def _let_go(self, kind: Kind, name: str, where: str) -> None:
        try:
            await self.plane.kube.patch(kind, name, {"metadata": {"finalizers": None}}, where)
        except kube.Refused as refused:
            if refused.status != 404:
                raise
