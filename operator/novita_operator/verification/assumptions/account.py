"""Money, volumes, credentials and jobs of the account. Nothing of what is in them is ever said."""

from __future__ import annotations

from novita_operator.novita import curves
from novita_operator.verification import shapes
from novita_operator.verification.assumption import Assumption, Finding, judged
from novita_operator.verification.evidence import Ask, Evidence


def _balance(evidence: Evidence) -> Finding:
    form = shapes.field(evidence.answer(Ask.BALANCE), "availableBalance")
    return judged(form == "a text of digits", f"`availableBalance` is {form}")


def _volumes(evidence: Evidence) -> Finding:
    rows = evidence.items(Ask.VOLUMES, "data")
    forms = {key: shapes.fields(rows, key) for key in ("storageId", "clusterId", "storageSize")}
    expected = {"storageId": {"a text", "a text of digits"}, "clusterId": {"a text"}, "storageSize": {"an integer"}}
    holds = all(forms[key] in expected[key] for key in forms)
    return judged(holds, shapes.joined(f"`{key}` is {form}" for key, form in forms.items()))


def _masked(evidence: Evidence) -> Finding:
    rows = evidence.items(Ask.REGISTRIES, "data")
    masked = all(set(str(each.get("password") or "")) <= {"*"} for each in rows)
    return judged(masked, "passwords come masked" if masked else "passwords come in the clear, or half of them")


def _jobs(evidence: Evidence) -> Finding:
    rows = evidence.items(Ask.JOBS, "jobs")
    states = [each.get("state") for each in rows]
    nested = all(isinstance(state, dict) and isinstance(state.get("state"), str) for state in states)
    return judged(nested and all("Id" in each for each in rows), f"`state` is {shapes.fields(rows, 'state')}")


def _metrics(evidence: Evidence) -> Finding:
    answer = evidence.answer(Ask.METRICS)
    curve = answer.get("gpuUtilization")
    nested = isinstance(curve, dict) and isinstance(curve.get("avg"), list)
    points = len(curves.gpu_utilization(answer))
    return judged(nested, f"`gpuUtilization` is {shapes.field(answer, 'gpuUtilization')}, {points} points understood")


ALL = (
    Assumption(
        "balance",
        "2A.9",
        "The balance is a text of digits.",
        "The balance of the account is not told, and nobody is warned before it is used up.",
        _balance,
    ),
    Assumption(
        "volumes",
        "2A.5",
        "A network volume has `storageId`, `clusterId` and a size that is a number.",
        "Objects with `volumes` cannot be rented.",
        _volumes,
    ),
    Assumption(
        "registry-passwords",
        "2A.6",
        "Passwords of registries come back masked.",
        "Whoever has the key can read the registry's password, also from a proxy's log.",
        _masked,
    ),
    Assumption(
        "jobs",
        "2A.2",
        "A job has `Id`, and its state is an object with a word in it.",
        "Other programs that wait for jobs do not see them end.",
        _jobs,
    ),
    Assumption(
        "metrics",
        "2A.8",
        "How busy the GPUs are comes as `gpuUtilization.avg`.",
        "`idleSeconds` stops nothing, since nobody knows that the instance is idle.",
        _metrics,
    ),
)
