"""What to type next, once everything runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from demo import kubectl
from demo.environment import Environment


def text(environment: Environment) -> str:
    """The commands for a shell in the repository."""
    return "\n".join(
        [
            "",
            "[bold]In a shell of yours:[/]",
            f"  export KUBECONFIG={environment.cluster.kubeconfig}",
            *_path(),
            "  kubectl apply -f deploy/samples/quickstart.yaml",
            "  kubectl wait --for=condition=Ready gpui/quickstart --timeout=60s",
            "  kubectl get gpui -o wide",
            "  kubectl describe gpui quickstart",
            "  kubectl explain gpuinstance.spec.startup",
            "  kubectl get secret quickstart-connection -o yaml",
            """  kubectl patch gpui quickstart --type=merge -p '{"spec":{"powerState":"Stopped"}}'""",
            "  kubectl delete gpui quickstart",
            f"  curl -s '{environment.servers.simulator_url}/_simulator/ledger?summary=true'",
            "",
            f"Logs: {environment.servers.log('operator')}",
            "`make demo-down` stops everything and removes it.",
        ]
    )


def _path() -> list[str]:
    """Where the person has no kubectl, ours is offered."""
    if shutil.which("kubectl", path=_without_ours()) is not None:
        return []
    return [f"  export PATH={Path(kubectl.executable()).parent}:$PATH"]


def _without_ours() -> str:
    ours = str(Path(kubectl.executable()).parent)
    return os.pathsep.join(part for part in os.environ.get("PATH", "").split(os.pathsep) if part != ours)
