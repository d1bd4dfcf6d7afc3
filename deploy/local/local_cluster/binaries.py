"""Where the binaries come from: `$KUBEBUILDER_ASSETS`, the cache, or a build from Go modules into the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cluster import building, locking, module, toolchain

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager")


@dataclass(frozen=True)
class Tools:
    """Paths of what was found or built."""

    directory: Path

    def path(self, name: str) -> Path:
        return self.directory / name


def cache_directory(environment: Mapping[str, str], version: str) -> Path:
    """Where built binaries stay between runs and checkouts."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "novita-operator" / "controlplane" / version


def provide(environment: Mapping[str, str], names: tuple[str, ...] = CONTROL_PLANE) -> Tools:
    """Find the binaries, or build those that the cache lacks. Raises CannotProvide.

    `$KUBEBUILDER_ASSETS` counts only if it has all of them: a mixture of versions is no control plane.
    """
    assets = environment.get("KUBEBUILDER_ASSETS")
    if assets:
        missing = _missing(Path(assets), names)
        if not missing:
            return Tools(Path(assets))
        print(f"not using KUBEBUILDER_ASSETS: {assets} has no {', no '.join(missing)}", flush=True)
    version = module.kubernetes_version()
    cache = cache_directory(environment, version)
    if _missing(cache, names):
        with locking.held(cache, "another run is building the control plane; waiting for it"):
            building.build(environment, cache, version, _missing(cache, names))
    return Tools(cache)


def _missing(directory: Path, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not toolchain.runs(directory / name)]
