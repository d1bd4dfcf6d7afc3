"""The cluster of the current context, if it has nothing of ours yet."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from demo import kubectl
from demo.errors import DemoFailed
from demo.kubectl import Kubectl

_GROUP = "gpu.novita.ai"
# Whatever makes instances goes before them, and the account that pays for them goes last.
_LAST_TO_GO = ("gpuinstances", "novitaaccounts")
_RELEASE_SECONDS = 60  # the demo's simulator deletes an instance within two


@dataclass(frozen=True)
class Current:
    """A copy of the context is used, so that switching it meanwhile does not move the demo to another cluster.

    A cluster with our CRDs is refused: the demo's operator would answer for the instances in it from a simulator.
    So everything of our kinds that is found later is the demo's own, and goes with it.
    """

    kubeconfig: Path

    def prepare(self) -> None:
        kubectl.executable()

    def up(self) -> None:
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(_current_context())
        found = self._crds()
        if found:
            self.kubeconfig.unlink()  # this cluster is none of ours: `down` has nothing to do in it
            raise DemoFailed(
                f"The current cluster has {' and '.join(found)} already. The demo's operator would answer for the "
                "instances in it from a simulator. Choose another cluster; or, if nobody needs them: "
                "kubectl delete -k crds"
            )

    def release(self) -> None:
        if not self.kubeconfig.exists():
            return
        cluster = Kubectl(self.kubeconfig)
        for plural in sorted((crd.partition(".")[0] for crd in self._crds()), key=_turn):
            try:
                cluster.run("delete", plural, "--all", "-A", f"--timeout={_RELEASE_SECONDS}s")
            except DemoFailed:
                self._give_up_finalizers(cluster, plural)

    def down(self) -> None:
        crds = self._crds() if self.kubeconfig.exists() else []
        if crds:
            Kubectl(self.kubeconfig).run("delete", "crd", *crds, f"--timeout={_RELEASE_SECONDS}s")

    def _crds(self) -> list[str]:
        listed = Kubectl(self.kubeconfig).run("get", "crd", "--output=name").split()
        return [name.partition("/")[2] for name in listed if name.endswith(f".{_GROUP}")]

    def _give_up_finalizers(self, cluster: Kubectl, plural: str) -> None:
        """The operator has died and its simulator with it: there is no instance that a finalizer could protect."""
        change = json.dumps({"metadata": {"finalizers": None}})
        for item in cluster.read("get", plural, "-A")["items"]:
            at = item["metadata"]
            where = ("-n", at["namespace"]) if "namespace" in at else ()
            cluster.run("patch", plural, at["name"], *where, "--type=merge", "-p", change)


def _turn(plural: str) -> int:
    return _LAST_TO_GO.index(plural) + 1 if plural in _LAST_TO_GO else 0


def _current_context() -> str:
    # Without --context and --kubeconfig kubectl looks where it always looks: $KUBECONFIG, then ~/.kube/config.
    command = [kubectl.executable(), "config", "view", "--minify", "--flatten", "--raw"]
    shown = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    if shown.returncode:
        raise DemoFailed(f"CLUSTER=current needs a kubeconfig with a current context: {shown.stderr.strip()}")
    return shown.stdout
