"""What the pages tell people to type and no test here can run, each with the reason."""

from __future__ import annotations

import re

PROGRAMS = {
    "argocd": "Argo CD's own program; its server is not on this machine",
    "flux": "Flux's own program; its controllers are not on this machine",
    "velero": "Velero's own program; it needs a store for backups",
    "cosign": "needs the signature of a release, and the network",
    "docker": "no container runtime is on this machine",
    "gh": "needs a release, and the network",
    "python": "the reader's own training program (jobs.md)",
    "curl": "a program on a rented machine reports to the reader's API server (jobs.md)",
    "result=succeeded": "the shell variable of the same report",
}

SHELL = {"export", "read", "printf", "base64", "sed", "tar", "grep"}
"""Parts of every shell: nothing to ask for help."""

_STEPS = {
    r"^make demo": "tests/local/test_demo.py runs these in a directory of its own; here they would stop the reader's",
    r"\bNAME\b(?!:)|\bINSTANCE_ID\b|\bBACKUP\b": "a placeholder",
    r"argocd|flux": "the CRDs of Argo CD and Flux are not in the local control plane",
    r"^velero": PROGRAMS["velero"],
}


def reason(step: str) -> str | None:
    """Why this step is not run; None where it is."""
    return next((why for pattern, why in _STEPS.items() if re.search(pattern, step)), None)
