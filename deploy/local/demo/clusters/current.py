"""The cluster of the current context, if it has nothing of ours yet."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

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
        found = _crds(Kubectl())
        if found:
            raise DemoFailed(
                f"The current cluster has {', '.join(found)} already. The demo's operator would answer for the "
                "instances in it from a simulator. Choose another cluster; or, if nobody needs them: "
                "kubectl delete -k crds"
            )

    def up(self) -> None:
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(Kubectl().run("config", "view", "--minify", "--flatten", "--raw"))

    def release(self, *, operator_runs: bool) -> None:
        if not self.kubeconfig.exists():
            return
        cluster = Kubectl(self.kubeconfig)
        wait = f"--timeout={_RELEASE_SECONDS}s" if operator_runs else "--wait=false"
        for plural in sorted((crd.partition(".")[0] for crd in _crds(cluster)), key=_turn):
            with contextlib.suppress(DemoFailed):  # not gone in time
                cluster.run("delete", plural, "--all", "-A", wait)
            self._give_up_finalizers(cluster, plural)

    def down(self) -> None:
        cluster = Kubectl(self.kubeconfig)
        crds = _crds(cluster) if self.kubeconfig.exists() else []
        if crds:
            cluster.run("delete", "crd", *crds, f"--timeout={_RELEASE_SECONDS}s")

    def _give_up_finalizers(self, cluster: Kubectl, plural: str) -> None:
        """What is left now is left by an operator that died, and its simulator goes: nothing needs protection."""
        change = json.dumps({"metadata": {"finalizers": None}})
        for item in cluster.read("get", plural, "-A")["items"]:
            at = item["metadata"]
            where = ("-n", at["namespace"]) if "namespace" in at else ()
            cluster.run("patch", plural, at["name"], *where, "--type=merge", "-p", change)


def _turn(plural: str) -> int:
    return _LAST_TO_GO.index(plural) + 1 if plural in _LAST_TO_GO else 0


def _crds(cluster: Kubectl) -> list[str]:
    listed = cluster.run("get", "crd", "--output=name").split()
    return [name.partition("/")[2] for name in listed if name.endswith(f".{_GROUP}")]
