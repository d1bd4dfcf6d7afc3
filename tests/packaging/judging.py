"""How GitOps tools judge an object: Argo CD by our Lua, Flux by our CEL, both held to kstatus."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cel
import yaml
from lupa import lua51
from tests.packaging.rendering import ROOT
from tests.support.kube import Body

SCRIPTS = ROOT / "deploy" / "gitops" / "argocd" / "resource_customizations" / "gpu.novita.ai"
EXPRESSIONS = ROOT / "deploy" / "gitops" / "flux" / "health-check-exprs.yaml"


@dataclass(frozen=True)
class Health:
    """Argo CD's word, and the sentence that its user sees."""

    status: str
    message: str


def argo(body: Body) -> Health:
    """As Argo CD does it: Lua 5.1 without standard libraries; what is being deleted is judged before the script."""
    if body["metadata"].get("deletionTimestamp"):
        return Health("Progressing", "Pending deletion")
    script = (SCRIPTS / body["kind"] / "health.lua").read_text()
    lua = lua51.LuaRuntime(register_eval=False, unpack_returned_tuples=True)
    for library in ("os", "io", "package", "require", "debug", "dofile", "loadfile"):
        lua.globals()[library] = None
    lua.globals().obj = lua.table_from(body, recursive=True)
    found = lua.execute(script)
    return Health(str(found["status"]), str(found["message"]))


def flux(body: Body) -> str:
    """As Flux does it: in this order, and what cannot be evaluated is not there yet."""
    (entry,) = [each for each in _expressions() if each["kind"] == body["kind"]]
    if body["metadata"].get("deletionTimestamp"):
        return "InProgress"
    for name, verdict in (("inProgress", "InProgress"), ("failed", "Failed"), ("current", "Current")):
        if _true(entry[name], body):
            return verdict
    return "InProgress"


@functools.cache
def _expressions() -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load(EXPRESSIONS.read_text())
    return found


def _true(expression: str, body: Body) -> bool:
    if "status" not in body:
        return expression.startswith("!has(status.")
    return bool(cel.evaluate(expression, {key: body[key] for key in ("metadata", "spec", "status") if key in body}))


def kstatus(body: Body) -> str:
    """The algorithm of kubectl, Helm 4, Flux and others (cli-utils, pkg/kstatus), for kinds that it does not know."""
    status: dict[str, Any] = body.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    if body["metadata"].get("deletionTimestamp"):
        return "InProgress"
    if "observedGeneration" in status and status["observedGeneration"] != body["metadata"]["generation"]:
        return "InProgress"
    if conditions.get("Reconciling", {}).get("status") == "True":
        return "InProgress"
    if conditions.get("Stalled", {}).get("status") == "True":
        return "Failed"
    if "Ready" in conditions:
        return "Current" if conditions["Ready"]["status"] == "True" else "InProgress"
    return "Current"
