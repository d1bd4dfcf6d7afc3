"""What is rented for a run, as the object that the cluster is given. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from novita_operator.api import meta
from novita_operator.controllers.gpu_job.deciding import attempts
from novita_operator.machines.programs.program import MARK
from novita_operator.plugin.cluster import INSTANCES, JOBS, Wrong
from novita_operator.plugin.run.wishes import Wishes

LOST_SECONDS = 300
"""So long after the last heartbeat, a machine that is Ready ends: the shortest time that spec.lifetime.idle takes."""
_LIVE = {"name": "PYTHONUNBUFFERED", "value": "1"}
"""Python else holds back what it prints where nobody sits at a terminal."""
_ENV = "env"


@dataclass(frozen=True, slots=True)
class Asked:
    """A GPUInstance as it is asked for. `left_out`: what else the file holds, which is applied by nobody here."""

    name: str | None = None
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def of_file(documents: Sequence[Any], file: str) -> Asked:
    """The one GPUInstance of a file. Raises Wrong where there is none or several, or it would outlive its run."""
    objects = [each for each in documents if isinstance(each, dict) and each.get("kind")]
    found = [each for each in objects if each["kind"] == INSTANCES.name and _is_ours(each)]
    others = [_named(each) for each in objects if each not in found]
    if len(found) != 1:
        holds = ", ".join([*map(_named, found), *others]) or "nothing"
        raise Wrong(
            f"{file} holds {holds}: `run` rents for exactly one GPUInstance. Nothing was created. Put it into a file "
            "of its own; jobs and sets are for `kubectl apply`."
        )
    (body,) = found
    metadata, spec = body.get("metadata") or {}, body.get("spec") or {}
    _refuse_what_stays(spec, file)
    return Asked(
        name=metadata.get("name"),
        namespace=metadata.get("namespace"),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        spec=spec,
        left_out=tuple(others),
    )


def merged(spec: Mapping[str, Any], wished: Wishes) -> dict[str, Any]:
    """A spec with what is wished for; of a variable that both name, the wish counts."""
    names = {each["name"] for each in wished.env}
    kept = [each for each in spec.get(_ENV) or () if each.get("name") not in names]
    return {**spec, **wished.to_spec(), _ENV: [*kept, *wished.env]}


def _is_ours(body: Mapping[str, Any]) -> bool:
    return str(body.get("apiVersion", "")).startswith(f"{meta.GROUP}/")


def _named(body: Mapping[str, Any]) -> str:
    return f"{body['kind']} {(body.get('metadata') or {}).get('name', '?')}"


def _refuse_what_stays(spec: Mapping[str, Any], file: str) -> None:
    for name, wanted in (("deletionPolicy", "Delete"), ("powerState", "Running"), ("adopt", None)):
        said = spec.get(name, wanted)
        if said != wanted:
            raise Wrong(
                f"{file}: spec.{name} is {said if isinstance(said, str) else 'given'}, but `run` rents a machine of "
                f"its own and lets it go. Leave spec.{name} out, or use `kubectl apply`."
            )


def machine(asked: Asked, run: str, timeout: int) -> dict[str, Any]:
    """The GPUInstance of a run. Whatever is asked for, it ends with its run, and soon after whoever runs it is lost.

    `run`: which one it is. Its container only waits, unless it is said what it runs: the program is started over ssh.
    """
    spec = dict(asked.spec)
    said_what_runs = spec.get("command") or spec.get("entrypoint")
    idle = {"afterSeconds": LOST_SECONDS, "action": "Delete", "gpuUtilizationBelow": None}
    lifetime = {**(spec.get("lifetime") or {}), "maxSeconds": timeout, "action": "Delete", "idle": idle}
    own = {
        "startup": {**(spec.get("startup") or {}), "onTimeout": "Delete"},
        "lifetime": lifetime,
        _ENV: [*_without_marks(spec), {"name": MARK, "value": run}],
    }
    kept_alive = {} if said_what_runs else attempts.KEPT_ALIVE
    return _body(INSTANCES.name, asked, spec | attempts.FORCED | kept_alive | own, run)


def secret(body: Mapping[str, Any]) -> str:
    """The name of its connection Secret."""
    return str(body["spec"].get("connectionSecretName") or f"{body['metadata']['name']}-connection")


def job(asked: Asked, words: Sequence[str], run: str, timeout: int) -> dict[str, Any]:
    """The GPUJob that does the same without whoever started it."""
    template = {key: value for key, value in asked.spec.items() if key != "entrypoint"}
    template |= {"command": shlex.join(words), _ENV: _without_marks(asked.spec)}
    spec = {
        "template": template,
        "completion": {"signal": "ExitCode"},
        "backoffLimit": 0,
        "activeDeadlineSeconds": timeout,
    }
    return _body(JOBS.name, asked, spec, run)


def _without_marks(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = [each for each in spec.get(_ENV) or () if each.get("name") != MARK]
    return given if any(each.get("name") == _LIVE["name"] for each in given) else [*given, _LIVE]


def _body(kind: str, asked: Asked, spec: Mapping[str, Any], run: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": kind,
        "metadata": {
            "name": asked.name,
            "namespace": asked.namespace,
            "labels": dict(asked.labels),
            "annotations": {**asked.annotations, meta.RUN: run},
        },
        "spec": dict(spec),
    }
