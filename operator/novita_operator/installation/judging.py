"""What is wrong with an installation, in sentences with a way out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from novita_operator.api import meta, resources

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was looked at. `fix`: what a person can do; empty where it is fine."""

    about: str
    text: str
    fix: str = ""

    @property
    def wrong(self) -> bool:
        return bool(self.fix)

    def __str__(self) -> str:
        return f"{'WRONG' if self.wrong else 'ok':<5}  {self.about}: {self.text}" + (
            f"\n       {self.fix}" * self.wrong
        )


def operator(deployment: Body | None, at: str) -> Verdict:
    """Whether a pod of the newest template is ready. `at`: namespace/name of the Deployment."""
    about, (namespace, _, name) = f"operator {at}", at.partition("/")
    if deployment is None:
        return Verdict(about, "there is no such Deployment", "Install the chart, or give --release its full name.")
    wanted, status = deployment["spec"]["replicas"], deployment.get("status") or {}
    if not wanted:
        return Verdict(
            about,
            "it has 0 pods: nothing is rented, and nothing is stopped or deleted",
            f"kubectl -n {namespace} scale deployment/{name} --replicas=1",
        )
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0)) if seen else 0
    if ready:
        return Verdict(about, f"{ready} of {wanted} pods are ready")
    return Verdict(about, f"no pod is ready{_why(status)}", f"See why: kubectl -n {namespace} describe pods")


def _why(status: Body) -> str:
    failing = [each for each in status.get("conditions", ()) if each["status"] == "False" and each.get("message")]
    return "".join(f"; {each['message']}" for each in failing)


def kinds(served: Iterable[str]) -> Verdict:
    """Whether the API server knows every kind of this version. `served`: their plural names."""
    about = f"kinds of {meta.GROUP}/{meta.VERSION}"
    missing = sorted({each.plural for each in resources.RESOURCES} - set(served))
    if not missing:
        return Verdict(about, "the API server serves them all")
    fix = "Set crds.install=true, or `kubectl apply --server-side -k crds` from this version of the repository."
    return Verdict(about, f"the API server does not serve {', '.join(missing)}", fix)


def accounts(bodies: Sequence[Body]) -> list[Verdict]:
    """Whether Novita takes the key of each of these accounts."""
    if not bodies:
        fix = "Create a NovitaAccount of the operator's class, or set account.create=true: the operator then makes one."
        return [Verdict("accounts", "there is no NovitaAccount for this operator, so that nothing can be rented", fix)]
    return [_account(body) for body in bodies]


def _account(body: Body) -> Verdict:
    about = f"NovitaAccount {body['metadata']['name']}"
    conditions = (body.get("status") or {}).get("conditions", ())
    ready = next((each for each in conditions if each["type"] == "Ready"), None)
    fix = f"kubectl describe novitaaccount {body['metadata']['name']}"
    if ready is None:
        return Verdict(about, "the operator has said nothing about it yet", fix)
    if ready["status"] == "True":
        return Verdict(about, "Ready")
    return Verdict(about, f"not Ready, {ready['reason']}: {ready['message']}", fix)
