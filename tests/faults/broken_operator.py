"""The operator with one safety step left out, to prove that the harness sees what is then broken.

`python broken_operator.py lookup|intent|finalizer|lock|exit-code`. The product has no such switch: each step is
replaced from outside.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from novita_operator import cli
from novita_operator.api import meta
from novita_operator.controllers.gpu_instance import action as actions
from novita_operator.controllers.gpu_instance.acting import executor
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.kube.client import KubeClient
from novita_operator.machines.login import Login
from novita_operator.machines.programs import answers, script
from novita_operator.machines.programs.program import Program
from novita_operator.machines.programs.programs import Programs
from novita_operator.machines.programs.state import Ended, NotStarted, State
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Instance
from novita_operator.novita.snapshot import Snapshot
from novita_operator.reconciling import naming


def without_lookup() -> None:
    """Nobody finds an instance by its name, as we write it or as Novita may render it.

    Only those are known whose id came back from their own create call.
    """
    known: set[str] = set()
    create, index = NovitaAccountClient.create_instance, Snapshot.of

    async def remembered(self: NovitaAccountClient, *call: Any, **rest: Any) -> str:
        instance_id = await create(self, *call, **rest)
        known.add(instance_id)
        return instance_id

    async def none(_self: NovitaAccountClient, name: str, **_: Any) -> tuple[Instance, ...]:  # noqa: ARG001 - as called
        return ()

    def without_strangers(account: str, instances: Iterable[Instance], started_at: datetime) -> Snapshot:
        return index(account, (each for each in instances if each.id in known), started_at)

    NovitaAccountClient.create_instance = remembered  # type: ignore[method-assign]
    NovitaAccountClient.find_by_name = none  # type: ignore[method-assign, assignment]
    Snapshot.of = without_strangers  # type: ignore[method-assign]
    naming.resembles = lambda _wanted, _found: False


def without_intent() -> None:
    """The finalizer is written before the paid call, the note of intent is not, and nobody asks where it is."""
    whole = KubeClient.patch_metadata

    async def without(self: KubeClient, kind: Any, at: meta.Meta, *, annotations: Any = None, **rest: Any) -> Any:
        kept = {key: value for key, value in (annotations or {}).items() if key != meta.CREATE_INTENT}
        return await whole(self, kind, at, annotations=kept or None, **rest)

    KubeClient.patch_metadata = without  # type: ignore[method-assign]
    Observation.unnoted_may_be_rented = property(lambda _: False)  # type: ignore[assignment, method-assign]


def without_finalizer() -> None:
    """The finalizer goes first, the instance afterwards."""
    whole = executor.Executor.act

    async def early(
        self: executor.Executor, decided: actions.Action, seen: Any, account: Any, memory: Any, key: Any
    ) -> Any:
        if isinstance(decided, actions.Delete) and seen.deleting:
            await self.releaser.release(seen, memory, key)
        return await whole(self, decided, seen, account, memory, key)

    executor.Executor.act = early  # type: ignore[method-assign]


def without_lock() -> None:
    """Nobody asks whether a program was started: the operator not for one of an earlier process, its machine never."""
    begun: set[str] = set()
    read, look, start = script._read, Programs.look, Programs.start

    async def forgetful(self: Programs, login: Login, name: str) -> State:
        return await look(self, login, name) if name in begun else NotStarted()

    async def noting(self: Programs, login: Login, program: Program) -> State:
        begun.add(program.name)
        return await start(self, login, program)

    script._read = lambda name: read(name).replace('if mkdir "$dir"', 'if rm -rf "$dir" && mkdir "$dir"')  # type: ignore[assignment]
    Programs.look = forgetful  # type: ignore[method-assign]
    Programs.start = noting  # type: ignore[method-assign]


def without_exit_code() -> None:
    """Whatever ends has ended well."""
    told = answers.state

    def hopeful(answer: answers.Answer) -> State:
        found = told(answer)
        return replace(found, code=0) if isinstance(found, Ended) else found

    answers.state = hopeful


_STEPS = {
    "lookup": without_lookup,
    "intent": without_intent,
    "finalizer": without_finalizer,
    "lock": without_lock,
    "exit-code": without_exit_code,
}

if __name__ == "__main__":
    _STEPS[sys.argv[1]]()
    cli.app(["run"])
